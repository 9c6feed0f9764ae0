"""How long to wait after a failed attempt: full jitter, so that three hundred terminals never return at once."""

from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.5
LONGEST_S: Final = 30.0


def wait_s(failures: int, chance: Callable[[], float], asked_s: float = 0) -> float:
    """Return the seconds to wait before the next attempt.

    The wait that the server asked for (Retry-After) is always kept. The jitter is added to it, because the server asks
    every terminal for the same wait.

    Args:
        failures: failed attempts since the last good one, at least 1.
        chance: a number from 0 up to 1, drawn anew on every call.
        asked_s: seconds that the server asked for, 0 if it did not.
    """
    ceiling = min(LONGEST_S, FIRST_S * 2.0 ** min(failures - 1, 16))
    return asked_s + chance() * ceiling
