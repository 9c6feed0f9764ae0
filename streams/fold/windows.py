"""Turns state into numbers: the values of a KPI in a window. Pure; the window's end is an argument."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyroaring import BitMap

from streams.fold.groups import label_values
from streams.fold.state import PartitionState
from streams.kpis.aggregates import Aggregate, Group, Totals, Value, add
from streams.kpis.definition import History, Kpi, Window
from streams.kpis.labels import LabelValues

Values = dict[LabelValues, Value]
"""The values of a KPI in a window, by label values."""


def pane_values(state: PartitionState, kpi: Kpi[Any, Any], window: Window, end_minute: int) -> Values:
    """Return the values of a window made of panes: the minutes [end - length, end)."""
    panes = [
        cells[kpi.key]
        for minute in range(end_minute - window.minutes, end_minute)
        if (cells := state.panes.get(minute)) is not None and kpi.key in cells
    ]
    aggregate = kpi.aggregate
    assert isinstance(aggregate, Aggregate), "a KPI about history has no window of minutes"
    if len(panes) == 1:
        return _values(aggregate, panes[0])
    gathered: dict[Group, list[Any]] = {}
    for pane in panes:
        for group, total in pane.items():
            gathered.setdefault(group, []).append(total)
    return {
        label_values(group): aggregate.value(totals[0] if len(totals) == 1 else aggregate.merge(totals))
        for group, totals in gathered.items()
    }


def day_values(state: PartitionState, kpi: Kpi[Any, Any], day: str) -> Values:
    """Return the values of a venue-local date such as 2025-09-10; empty for a day without events."""
    if isinstance(kpi.aggregate, History):
        on_day, persons = kpi.aggregate.on_day, _days(state, kpi.aggregate.of)
        return {labels: len(on_day(days, day)) for labels, days in persons.items() if day in days}
    return _values(kpi.aggregate, state.days.get(day, {}).get(kpi.key, {}))


def fair_values(state: PartitionState, kpi: Kpi[Any, Any]) -> Values:
    """Return the values since the beginning: the total kept for the fair, or the sum of the days (visits)."""
    if isinstance(kpi.aggregate, History):
        over_fair = kpi.aggregate.over_fair
        return {labels: len(over_fair(days)) for labels, days in _days(state, kpi.aggregate.of).items()}
    if not kpi.aggregate.per_day:
        return _values(kpi.aggregate, state.fair.get(kpi.key, {}))
    return combine(day_values(state, kpi, day) for day in state.days)


def combine(parts: Iterable[Mapping[LabelValues, Value]]) -> Values:
    """Return the sum of disjoint parts: the partitions of a fair, or the days of visits."""
    gathered: dict[LabelValues, list[Value]] = {}
    for part in parts:
        for labels, value in part.items():
            gathered.setdefault(labels, []).append(value)
    return {labels: add(values) for labels, values in gathered.items()}


def quantile(bounds: tuple[int, ...], value: list[int], q: float) -> float | None:
    """Return a quantile in milliseconds from bucket counts, as Prometheus' histogram_quantile does.

    Linear within the bucket. The last finite bound if the quantile lies above it; None without observations.
    """
    counts = value[:-1]
    total = sum(counts)
    if total == 0:
        return None
    rank, below = q * total, 0
    for at, (bound, count) in enumerate(zip(bounds, counts, strict=False)):
        if below + count >= rank and count:
            lower = bounds[at - 1] if at else 0
            return lower + (bound - lower) * (rank - below) / count
        below += count
    return float(bounds[-1])


def _days(state: PartitionState, kpi: Kpi[Any, Any]) -> dict[LabelValues, dict[str, BitMap]]:
    """Return who came on each day, by label values."""
    persons: dict[LabelValues, dict[str, BitMap]] = {}
    for day, cells in state.days.items():
        for group, members in cells.get(kpi.key, {}).items():
            persons.setdefault(label_values(group), {})[day] = members
    return persons


def _values(aggregate: Aggregate[Any], totals: Totals) -> Values:
    value = aggregate.value
    return {label_values(group): value(total) for group, total in totals.items()}
