"""The figures of each day as they were when the day closed: from the events that had arrived by then.

The register is the one of now, so the difference to today's figures is what events made that came later.
"""

from collections.abc import Iterator
from typing import NamedTuple

from streams.audit.recount.counting import Counting
from streams.audit.recount.counts import Recounted, RecountedKpis
from streams.audit.recount.fair import OracleFair
from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.moments import When

FIGURES = (
    *("gate_passages", "visits", "professional_visits", "international_visitors", "attendance"),
    *("booth_scans", "booth_visitors", "interactions", "exhibit_visitors", "meetings"),
    *("booth_audience", "exhibit_audience", "lead_audience"),
    *("outcomes", "contract_value_reported", "intended_value_reported", "events"),
)
"""The figures of a day whose labels add up, and that no other day has a part in."""


class Restated(NamedTuple):
    """A figure of a day, added up over its labels: when the day closed, and now."""

    name: str
    day: str
    at_close: int
    now: int

    @property
    def moved(self) -> int:
        """By how much it moved since the day closed."""
        return self.now - self.at_close


class Closings:
    """Counts each event once more for its day, if it came before the day closed.

    Args:
        fair: the fair.
        lateness_ms: as for the oracle.
        register: of the oracle, which goes on being filled.
    """

    def __init__(self, fair: OracleFair, lateness_ms: int, register: dict[str, JsonEvent]) -> None:
        self._closes = {day: closes for day, (_, closes) in fair.opening.items()}
        self._days: dict[str, Counting] = {}
        for day in fair.opening:
            counting = self._days[day] = Counting(fair, lateness_ms)
            counting.people.register = register
        self._newest = 0

    def take(self, topic: str, event: JsonEvent, moment: When, received: int) -> None:
        """Count an event that is new. A deal counts for the day of its signing, which only its own book knows."""
        self._newest = max(self._newest, received)
        for day in self._closes if topic == "fair.deals" else (moment.day,):
            if received < self._closes.get(day, 0):
                self._days[day].count(topic, event, moment, received)

    def restated(self, now: RecountedKpis) -> Iterator[Restated]:
        """Yield the figures of all days that have closed.

        Args:
            now: every number of the oracle.
        """
        for day, closes in sorted(self._closes.items()):
            if closes <= self._newest:
                then = self._days[day].kpis()
                for name in FIGURES:
                    yield Restated(name, day, _sum(then[name].get(day, {})), _sum(now[name].get(day, {})))


def _sum(cells: dict[frozenset[tuple[str, str]], Recounted]) -> int:
    return sum(number for number in cells.values() if isinstance(number, int))
