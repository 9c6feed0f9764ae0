"""How wrong the terminal's clock is, by the Date of an answer."""

from email.utils import parsedate_to_datetime
from typing import Final

from producers.terminal.link import ServerAnswer
from schemas.times import epoch_ms

BARELY_MS: Final = 2_000
"""Smaller differences are not reported: the Date header has whole seconds."""


def clock_offset_ms(answer: ServerAnswer, now_ms: int) -> int | None:
    """Return server clock minus terminal clock by an answer's Date header, to about a second; None without one.

    Args:
        answer: just received.
        now_ms: the terminal's clock at that moment.
    """
    date = next((value for name, value in answer.headers.items() if name.lower() == "date"), "")
    try:
        # The header has the second that had begun, on average half a second ago.
        server_ms = epoch_ms(parsedate_to_datetime(date)) + 500
    except (ValueError, TypeError, OverflowError):
        return None
    return server_ms - (now_ms - int(answer.took_s * 500))


def clock_text(offset_ms: int | None) -> str:
    """Return the offset in words; empty while it is unknown."""
    if offset_ms is None:
        return ""
    if abs(offset_ms) <= BARELY_MS:
        return "clock correct"
    seconds = abs(offset_ms) // 1_000
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= 2 * size or size == 1:
            return f"clock {seconds // size} {word} {'slow' if offset_ms > 0 else 'fast'}"
    raise AssertionError(seconds)
