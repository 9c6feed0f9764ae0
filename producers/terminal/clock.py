"""The terminal's clock, right or wrong: it may show 1970 or run backwards. The server corrects the time."""

from collections.abc import Callable
from datetime import datetime
from secrets import token_bytes
from typing import Final

from schemas.times import AFTER_LAST, FIRST, epoch_ms, from_epoch_ms

ClockMs = Callable[[], int]
"""Milliseconds since 1970 by some clock."""

FIRST_MS: Final = epoch_ms(FIRST)
LAST_MS: Final = epoch_ms(AFTER_LAST) - 1
DAY_MS: Final = 86_400_000


def writable(ms: int) -> datetime:
    """Return a clock reading as an instant that an event can carry.

    No event can carry a time before the year 2000 (an empty battery: 1970) or after 2099. Then only the time of day is
    kept, on the first day of 2000: differences within a day stay right, and everybody sees that the date is wrong.
    """
    return from_epoch_ms(ms if FIRST_MS <= ms <= LAST_MS else FIRST_MS + ms % DAY_MS)


def new_event_id(ms: int) -> str:
    """Return a fresh UUID (version 7). It is unique even if the clock stands still or jumps back."""
    clock = f"{ms % 2**48:012x}"
    rest = token_bytes(10).hex()
    return f"{clock[:8]}-{clock[8:]}-7{rest[:3]}-{'89ab'[int(rest[3], 16) % 4]}{rest[4:7]}-{rest[7:19]}"
