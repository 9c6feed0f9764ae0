"""How wrong the terminal's clock is: measured as NTP does, by the two stamps of an answer to `GET /v1/terminal`.

RFC 5905, section 8: the request leaves at t1 and arrives at t2, the answer leaves at t3 and arrives at t4. The offset
is ((t2 - t1) + (t3 - t4)) / 2, wrong by at most half of the way there and back, (t4 - t1) - (t3 - t2). A gateway that
has no stamps has the header Date: it tells a person whether the clock is right, but is too coarse to correct events.
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from producers.terminal.answer_reading import object_in
from producers.terminal.link import ServerAnswer
from schemas.times import epoch_ms

BARELY_MS: Final = 2_000
"""Smaller differences are not reported: the Date header has whole seconds."""
RECENT_S: Final = 600.0
"""An older measurement is not used: clocks drift."""
SET_MS: Final = 500
"""If the clock goes that much more or less than the time that has passed, somebody has set it, or the machine slept."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Server clock minus terminal clock, and how long the measurement was on its way there and back, in ms."""

    offset_ms: int
    way_ms: int


def measured(answer: ServerAnswer, now_ms: int) -> Measured | None:
    """Return the offset that an answer shows; None if it has no stamps, or stamps that cannot be.

    Args:
        answer: to GET /v1/terminal, just received.
        now_ms: the terminal's clock at that moment.
    """
    said = object_in(answer.body) if answer.status == 200 else {}
    received_ms, answered_ms = _ms(said.get("received_at")), _ms(said.get("answered_at"))
    if received_ms is None or answered_ms is None:
        return None
    took_ms = int(answer.took_s * 1_000)
    way_ms = took_ms - (answered_ms - received_ms)
    if answered_ms < received_ms or way_ms < 0:
        return None  # the server's clock was set meanwhile
    return Measured(((received_ms - (now_ms - took_ms)) + (answered_ms - now_ms)) // 2, way_ms)


def clock_offset_ms(answer: ServerAnswer, now_ms: int) -> int | None:
    """Return server clock minus terminal clock, by an answer's stamps or, to about a second, its Date; None without.

    Args:
        answer: just received.
        now_ms: the terminal's clock at that moment.
    """
    exactly = measured(answer, now_ms)
    if exactly is not None:
        return exactly.offset_ms
    date = next((value for name, value in answer.headers.items() if name.lower() == "date"), "")
    try:
        # The header has the second that had begun, on average half a second ago.
        server_ms = epoch_ms(parsedate_to_datetime(date)) + 500
    except (ValueError, TypeError, OverflowError):
        return None
    return server_ms - (now_ms - int(answer.took_s * 500))


class ClockOffsets:
    """The measurements of the last ten minutes; the one with the shortest way counts.

    The clock of each call is compared with a second one that nobody can set, in seconds: once the two disagree, the
    measurements are of another clock, and are forgotten.
    """

    def __init__(self) -> None:
        self._recent: list[tuple[Measured, int, float]] = []
        self._last: int | None = None
        self._needs = True

    def hear(self, answer: ServerAnswer, now_ms: int, now_s: float) -> None:
        """Take the measurement of an answer to GET /v1/terminal that has just come."""
        self._forget(now_ms, now_s)
        self._last = clock_offset_ms(answer, now_ms)
        self._needs = answer.status != 200
        one = measured(answer, now_ms)
        if one is not None:
            self._recent.append((one, now_ms, now_s))

    def best_ms(self, now_ms: int, now_s: float) -> int | None:
        """Return server clock minus terminal clock as it was measured; None if it was not, or not lately."""
        self._forget(now_ms, now_s)
        return min(self._recent, key=lambda one: one[0].way_ms)[0].offset_ms if self._recent else None

    def shown_ms(self, now_ms: int, now_s: float) -> int | None:
        """Return the offset for a person to read, by Date if the gateway has no stamps; None if it is not known."""
        best = self.best_ms(now_ms, now_s)
        return self._last if best is None else best

    def needs_one(self, now_ms: int, now_s: float) -> bool:
        """Return whether to measure before events are sent; no if the gateway has answered without stamps."""
        self._forget(now_ms, now_s)
        return self._needs

    def _forget(self, now_ms: int, now_s: float) -> None:
        if self._recent:
            _, at_ms, at_s = self._recent[-1]
            was_set = abs((now_ms - at_ms) - (now_s - at_s) * 1_000) > SET_MS
            kept = [] if was_set else [one for one in self._recent if now_s - one[2] <= RECENT_S]
            self._needs = self._needs or not kept
            self._recent = kept


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


def _ms(text: object) -> int | None:
    try:
        return epoch_ms(datetime.fromisoformat(text)) if isinstance(text, str) else None
    except (ValueError, TypeError, OverflowError):
        return None
