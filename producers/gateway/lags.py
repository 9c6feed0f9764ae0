"""How long the events of each terminal took to arrive, over the last five minutes. Pure: the clock is an argument.

Those of test terminals are not noted.

The memory is this gateway's own. A terminal that posts to several gateways has a figure at each, of what that gateway
received.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Final, NamedTuple

from schemas.ids import TerminalId
from schemas.watched import LAG_RECENT_S, SLOWEST

LAGS_MAX: Final = 1_000
"""Most lags kept of a terminal, the newest: one that was offline for an hour may send more at once."""


class Slow(NamedTuple):
    """A terminal with the lags that half, and 99 in a hundred of its events do not exceed, in ms."""

    terminal_id: TerminalId
    half_ms: int
    most_ms: int


@dataclass(slots=True)
class _Lags:
    """When each event of a terminal was received, in seconds, and how long it took, in ms; oldest first."""

    recent: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=LAGS_MAX))


class Lags:
    """The lags of each terminal, bounded: about 100 bytes for an event of the last five minutes.

    Args:
        most: most terminals remembered; the one that was silent for longest is dropped first.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[TerminalId, _Lags] = OrderedDict()

    def heard(self, terminal_id: TerminalId, lags_ms: Iterable[int], now_s: float) -> None:
        """Note how long events took that were received just now. A negative lag is one of a clock, and counts as 0."""
        lags = self._known.setdefault(terminal_id, _Lags())
        self._known.move_to_end(terminal_id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        lags.recent.extend((now_s, max(0, lag_ms)) for lag_ms in lags_ms)

    def slowest(self, now_s: float, most: int = SLOWEST) -> list[Slow]:
        """Return the terminals whose slowest events took longest, slowest first."""
        found = []
        for terminal_id, lags in self._known.items():
            recent = lags.recent
            while recent and now_s - recent[0][0] > LAG_RECENT_S:
                recent.popleft()
            if recent:
                ordered = sorted(lag_ms for _, lag_ms in recent)
                found.append(Slow(terminal_id, nearest(ordered, 50), nearest(ordered, 99)))
        return nlargest(most, found, key=lambda slow: (slow.most_ms, slow.half_ms, slow.terminal_id))


def nearest(ordered: list[int], percent: int) -> int:
    """Return the least of some numbers that a part of them does not exceed: the nearest rank.

    Args:
        ordered: one number or more, ascending.
        percent: how large that part is, from 1 to 100.
    """
    return ordered[-(-len(ordered) * percent // 100) - 1]
