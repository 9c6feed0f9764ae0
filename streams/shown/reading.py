"""One reading of all KPIs for one scrape: of each partition at one moment, so that shares and their parts agree."""

from collections.abc import Iterator
from typing import Any

from streams.fold.windows import Values
from streams.kpis.definition import Kpi, Window
from streams.shown.view import View

Parts = list[tuple[int, Values]]
"""The values of a KPI in a window, by partition in ascending order."""


class KpiReading:
    """Takes the numbers of a scrape from the states, one partition after the other. Read it once, then throw it away.

    A partition is read in one go, in about 5 ms. Between two partitions the fold may go on: KPIs add up over
    partitions, and no event is in two of them. A partition that moves away meanwhile is left out as a whole.

    Attributes:
        end_minute: end of the newest closed window, in minutes since 1970; None before the first event. All
            partitions are read for the same one.
        watermarks: by partition, in ms since 1970; -1 before its first event.
        remembered: by partition, how many event ids are remembered.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._numbers = sorted(view.states())
        self.end_minute, self._today = view.end_minute(), view.today()
        self._parts: dict[tuple[str, Window], Parts] = {}
        self.watermarks: dict[int, int] = {}
        self.remembered: dict[int, int] = {}

    def steps(self) -> Iterator[int]:
        """Read a partition per step, and yield its number."""
        for number in self._numbers:
            state = self._view.states().get(number)
            if state is None:
                continue
            self.watermarks[number], self.remembered[number] = state.watermark, len(state.seen)
            for kpi in self._view.engine.kpis:
                for window in kpi.scraped:
                    values = self._view.of_partition(number, state, kpi, window, self.end_minute, self._today)
                    if values is not None:
                        self._parts.setdefault((kpi.name, window), []).append((number, values))
            yield number

    def whole(self) -> "KpiReading":
        """Read all partitions at once, and return the reading itself."""
        for _ in self.steps():
            pass
        return self

    def parts(self, kpi: Kpi[Any, Any], window: Window) -> Parts:
        """Return every partition's values of a KPI in a window; nothing before the first event."""
        return self._parts.get((kpi.name, window), [])
