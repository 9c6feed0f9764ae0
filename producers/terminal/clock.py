"""The terminal's clock, right or wrong: it may show 1970 or run backwards. The server corrects the time."""

from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Final

from schemas.times import AFTER_LAST, FIRST, epoch_ms, from_epoch_ms

ClockMs = Callable[[], int]
"""Milliseconds since 1970 by some clock."""

FIRST_MS: Final = epoch_ms(FIRST)
LAST_MS: Final = epoch_ms(AFTER_LAST) - 1
DAY_MS: Final = 86_400_000
WRITTEN_MS: Final = epoch_ms(datetime(2025, 10, 1, tzinfo=UTC))
"""When this program was written: no right clock shows an earlier time."""

LONG_MS: Final = 400 * DAY_MS
"""A terminal is paired for one fair: a clock that shows more than this after its pairing is wrong."""


def writable(ms: int) -> datetime:
    """Return a clock reading as an instant that an event can carry.

    No event can carry a time before the year 2000 (an empty battery: 1970) or after 2099. Then only the time of day is
    kept, on the first day of 2000: differences within a day stay right, and everybody sees that the date is wrong.
    """
    return from_epoch_ms(ms if FIRST_MS <= ms <= LAST_MS else FIRST_MS + ms % DAY_MS)


def obviously_wrong(now_ms: int, known_ms: int) -> bool:
    """Return whether a clock is wrong for certain.

    Args:
        now_ms: what it shows.
        known_ms: a time that is over for certain, by the server's clock; 0 if none is known.
    """
    known = max(known_ms, WRITTEN_MS)
    return now_ms < known - DAY_MS or (known_ms > 0 and now_ms > known + LONG_MS)


def shown(ms: int) -> str:
    """Return a clock reading as a person sees it, in UTC, also one that no event can carry: `1970-01-01 00:05`."""
    try:
        return f"{datetime.fromtimestamp(ms / 1_000, UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):
        return f"{ms} ms after 1970"


def new_event_id(ms: int) -> str:
    """Return a fresh UUID (version 7). It is unique even if the clock stands still or jumps back."""
    clock = f"{ms % 2**48:012x}"
    rest = token_bytes(10).hex()
    return f"{clock[:8]}-{clock[8:]}-7{rest[:3]}-{'89ab'[int(rest[3], 16) % 4]}{rest[4:7]}-{rest[7:19]}"
