"""Figures of days that moved after their day had closed, and those that differ from the recount, by KPI and day."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from schemas.watched import AT_CLOSE, RESTATEMENT, UNRECONCILED
from streams.audit.recount.closings import FIGURES, Restated
from streams.shown.answers import Number

MOST_LINES: Final = 20
HEADER: Final = ("kpi", "day", "at_close", "now", "moved", "percent")


def restated_rows(figures: Iterable[Restated]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each figure; of a figure that was 0 at the close, the percentage is empty."""
    for one in figures:
        yield (
            one.name,
            one.day,
            one.at_close,
            one.now,
            one.moved,
            f"{100 * one.moved / one.at_close:.2f}" if one.at_close else "",
        )


def restated_lines(figures: Sequence[Restated]) -> list[str]:
    """Return a line for each figure that moved, the first `MOST_LINES` of them."""
    lines = [
        f"MOVED  {one.name} [{one.day}]: {one.at_close:,} when the day closed, {one.now:,} now"
        for one in figures
        if one.moved
    ]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"... and {len(lines) - MOST_LINES:,} more; --out writes all of them to restated.csv"]
    return lines


def unreconciled(numbers: Iterable[Number]) -> dict[tuple[str, str], int]:
    """Return by KPI and day how far live and recounted numbers are apart, without their signs, over all labels."""
    found = Counter[tuple[str, str]]()
    for one in numbers:
        if one.window[:1].isdigit() and isinstance(one.live, int) and isinstance(one.recomputed, int):
            difference = abs(one.live - one.recomputed)
            if difference or one.name in FIGURES:
                found[one.name, one.window] += difference
    return dict(found)


class RestatedGauges(Collector):
    """The gauges of one round."""

    def __init__(self, figures: Sequence[Restated], numbers: Iterable[Number]) -> None:
        self._figures, self._apart = figures, unreconciled(numbers)

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        moved, closed, apart = (
            GaugeMetricFamily(one.metric, one.help, labels=one.labels) for one in (RESTATEMENT, AT_CLOSE, UNRECONCILED)
        )
        for one in self._figures:
            moved.add_metric((one.name, one.day), one.moved)
            closed.add_metric((one.name, one.day), one.at_close)
        for place, difference in self._apart.items():
            apart.add_metric(place, difference)
        yield from (moved, closed, apart)
