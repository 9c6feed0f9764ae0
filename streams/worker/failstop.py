"""Leaving at once: Faust starts an agent that raised again, with the next chunk, and what it failed at is left out."""

import logging
import os
import sys
from typing import Any, NoReturn

from schemas.errors import FairpulseError
from schemas.logs import logger

log = logger(__name__)

EXIT_MUST_STOP = 70
"""Exit code (EX_SOFTWARE of sysexits.h) after which the supervisor restarts the worker; it recovers exactly."""


def leave(what: str, error: BaseException, **where: Any) -> NoReturn:
    """Log why, then end the process without another line of Python. An error made for people is told in one line.

    Nothing is lost: whatever is not in the journal is folded again after the restart.

    Args:
        what: what went wrong, the same text each time.
        error: why.
        where: topic, partition, offsets: whatever helps to look it up.
    """
    trace = None if isinstance(error, FairpulseError) else error
    log.critical("leaving", what=what, kind=type(error).__name__, **where, error=error, exc_info=trace)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_MUST_STOP)
