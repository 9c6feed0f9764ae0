"""How our programs log: one line an event on standard error."""

import logging
import sys
from collections.abc import Iterable


def log_to_stderr(level: str = "info", *, quiet: Iterable[str] = (), quiet_level: int = logging.WARNING) -> None:
    """Set up logging of this process.

    Args:
        level: the least severe that is shown.
        quiet: libraries that log what they also raise.
        quiet_level: the least severe of theirs that is shown.
    """
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s %(message)s", stream=sys.stderr, force=True
    )
    for name in quiet:
        logging.getLogger(name).setLevel(quiet_level)
