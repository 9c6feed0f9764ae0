"""Ending the process at once. Otherwise Faust would restart a failed agent with the next chunk and skip this one."""

import logging
import os
import sys
from typing import Any, NoReturn

from schemas.errors import FairpulseError
from schemas.logs import logger

log = logger(__name__)

EXIT_MUST_STOP = 70
"""Exit code (EX_SOFTWARE of sysexits.h). The supervisor then restarts the worker, which recovers exactly."""


def leave(what: str, error: BaseException, **where: Any) -> NoReturn:
    """Log why, then end the process without running any more Python. Our own errors are logged without a traceback.

    Nothing is lost: everything that is not in the journal is folded again after the restart.

    Args:
        what: what went wrong, as a constant text.
        error: the cause.
        where: where it happened, such as topic, partition and offsets.
    """
    trace = None if isinstance(error, FairpulseError) else error
    log.critical("ending the process", what=what, kind=type(error).__name__, **where, error=error, exc_info=trace)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_MUST_STOP)
