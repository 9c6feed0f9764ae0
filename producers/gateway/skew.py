"""How wrong a terminal's clock is, by what its requests say of it. Pure: the clock is an argument.

`Clock-Offset` is what the terminal measured itself with the two stamps of `GET /v1/terminal`; it counts first. The
other header is `Sent-At`. The server's clock minus that time is the offset plus the way of the request, and buffers
of a proxy are part of the way. It is never negative, so the least difference of several requests is the nearest one.
"""

import re
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from producers.gateway.copies import UNDER_WAY_S
from producers.gateway.http.heading import Heading, instant_in
from schemas.api.http import CLOCK_OFFSET, CLOCK_OFFSET_PATTERN, SENT_AT
from schemas.events import CLOCK_OFFSET_MAX_MS
from schemas.ids import TerminalId
from schemas.times import epoch_ms
from schemas.watched import CLOCK_WRONG_S, SLOWEST

RECENT_S: Final = 600.0
"""Differences that are older are forgotten: a clock drifts, and may be set."""
TRANSIT_MS: Final = 20_000
"""A single positive difference below this may be nothing but the way of the request: a proxy waits that long."""
DIFFERENCES_MAX: Final = 16
"""Most differences kept for a terminal."""

_WHOLE: Final = re.compile(CLOCK_OFFSET_PATTERN)


class ClockTold(NamedTuple):
    """The terminal's clock as a request tells it, in ms. None: it tells nothing, or nothing that can be used.

    Attributes:
        difference_ms: server clock at the request's arrival minus `Sent-At`.
        offset_ms: server clock minus terminal clock, as the terminal measured it.
        is_readable: whether every header that was sent can be used.
    """

    difference_ms: int | None
    offset_ms: int | None
    is_readable: bool


def clock_told(heading: Heading, received_at: datetime) -> ClockTold:
    """Return what a request says of its terminal's clock.

    Args:
        heading: of the request.
        received_at: the server's clock when the headers had arrived.
    """
    difference = offset = None
    if (sent_at := instant_in(heading, SENT_AT)) is not None:
        difference = _bounded(epoch_ms(received_at) - epoch_ms(sent_at))
    given = heading.headers.get(CLOCK_OFFSET.lower(), [])
    if len(given) == 1 and _WHOLE.fullmatch(given[0]):
        offset = _bounded(int(given[0]))
    missing = difference is None and SENT_AT.lower() in heading.headers
    return ClockTold(difference, offset, not missing and not (offset is None and given))


@dataclass(slots=True)
class _Heard:
    """The differences of one terminal.

    Attributes:
        rising: times and differences, both rising; those that a later and smaller one makes useless are left out.
        last_s: when the newest difference was heard.
    """

    last_s: float
    rising: deque[tuple[float, int]] = field(default_factory=deque)


class Off(NamedTuple):
    """A terminal, and server clock minus terminal clock in ms."""

    terminal_id: TerminalId
    offset_ms: int


class Skew:
    """The offset of each terminal's clock, bounded: about 600 bytes for a terminal, 2,100 at most.

    Args:
        most: most terminals remembered; the one that was silent for longest is dropped first.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[TerminalId, _Heard] = OrderedDict()
        self._used: OrderedDict[TerminalId, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def offset_ms(self, terminal_id: TerminalId, told: ClockTold, now_s: float, *, is_shown: bool = True) -> int:
        """Return server clock minus terminal clock, to be added to the terminal's times; 0 if the request tells none.

        Args:
            terminal_id: the terminal that the request's token belongs to.
            told: by the request.
            now_s: the gateway's clock; it must not go back.
            is_shown: whether `worst` may return the terminal: not one for tests.
        """
        least = None if told.difference_ms is None else self._least_ms(terminal_id, told.difference_ms, now_s)
        offset_ms = told.offset_ms if told.offset_ms is not None else least
        if offset_ms is not None and is_shown:
            self._used[terminal_id] = now_s, offset_ms
            self._used.move_to_end(terminal_id)
            if len(self._used) > self._most:
                self._used.popitem(last=False)
        return offset_ms or 0

    def worst(self, now_s: float, most: int = SLOWEST) -> list[Off]:
        """Return the terminals heard lately whose clocks are furthest off, worst first.

        There are at most `most`, but none beyond `CLOCK_WRONG_S` is left out.
        """
        recent = [Off(one, ms) for one, (at_s, ms) in self._used.items() if now_s - at_s <= RECENT_S]
        recent.sort(key=lambda off: (-abs(off.offset_ms), off.terminal_id))
        wrong = sum(abs(off.offset_ms) > CLOCK_WRONG_S * 1_000 for off in recent)
        return recent[: max(most, wrong)]

    def _least_ms(self, terminal_id: TerminalId, difference_ms: int, now_s: float) -> int:
        heard = self._known.get(terminal_id)
        is_first = heard is None or now_s - heard.last_s > RECENT_S
        if heard is None:
            heard = self._known[terminal_id] = _Heard(now_s)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        self._known.move_to_end(terminal_id)
        heard.last_s, rising = now_s, heard.rising
        while rising and now_s - rising[0][0] > RECENT_S:
            rising.popleft()
        if rising and difference_ms - rising[0][1] > UNDER_WAY_S * 1_000:
            rising.clear()  # no request takes that long: the terminal's clock was put back
        while rising and rising[-1][1] >= difference_ms:
            rising.pop()
        if len(rising) == DIFFERENCES_MAX:
            rising.pop()  # the least ones matter, and the newest
        rising.append((now_s, difference_ms))
        if is_first and 0 < difference_ms < TRANSIT_MS:
            return 0
        return rising[0][1]


def _bounded(ms: int) -> int | None:
    return ms if abs(ms) <= CLOCK_OFFSET_MAX_MS else None
