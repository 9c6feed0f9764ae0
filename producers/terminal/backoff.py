"""How long to wait after an attempt that failed: full jitter, so that three hundred terminals never come as one."""

from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.5
LONGEST_S: Final = 30.0


def wait_s(failures: int, chance: Callable[[], float], asked_s: float = 0) -> float:
    """Return the seconds to wait after so many failures in a row (at least 1).

    What the server asked for (Retry-After) is always waited, and the jitter comes on top: everybody was asked for
    the same.

    Args:
        failures: failed attempts since the last good one.
        chance: a number from 0 up to 1, drawn anew on every call.
        asked_s: what the server asked for, 0 if it did not.
    """
    ceiling = min(LONGEST_S, FIRST_S * 2.0 ** min(failures - 1, 16))
    return asked_s + chance() * ceiling
