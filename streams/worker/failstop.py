"""Leaving at once. Faust acknowledges a chunk when the agent's body ends, also by an exception: so it must not end."""

import logging
import os
import sys
from typing import NoReturn

from schemas.errors import FairpulseError

log = logging.getLogger(__name__)

EXIT_MUST_STOP = 70
"""Exit code (EX_SOFTWARE of sysexits.h) after which the supervisor restarts the worker; it recovers exactly."""


def leave(what: str, error: BaseException) -> NoReturn:
    """Log why, then end the process without another line of Python. An error made for people is told in one line.

    Nothing is lost: whatever is not in the journal is folded again after the restart.
    """
    trace = None if isinstance(error, FairpulseError) else error
    log.critical("%s, leaving: %s: %s", what, type(error).__name__, error, exc_info=trace)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_MUST_STOP)
