"""Turns state into numbers: the values of a KPI in a window. Pure; the window's end is an argument."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.fair.model import Fair
from streams.fold.groups import label_values
from streams.fold.state import PartitionState
from streams.kpis.aggregates import Aggregate, Group, Totals, Value, add
from streams.kpis.definition import Derived, Kpi, Trace, Window
from streams.kpis.labels import LabelValues
from streams.kpis.people import People, Period

Values = dict[LabelValues, Value]
"""The values of a KPI in a window, by label values."""


def people_of(state: PartitionState, fair: Fair) -> People:
    """Return the persons of a partition as they are now; views are worked out from them."""

    def totals(trace: Trace[Any, Any], span: Period) -> Mapping[LabelValues, Any]:
        if span.minutes is None:
            cells = [state.days.get(day, {}).get(trace.key, {}) for day in span.days]
        else:
            cells = [state.panes.get(minute, {}).get(trace.key, {}) for minute in span.minutes]
        assert isinstance(trace.aggregate, Aggregate)
        return _merged(trace.aggregate, cells)

    return People(fair, state.register, state.met, totals, tuple(sorted(state.days)))


def pane_values(
    state: PartitionState, kpi: Kpi[Any, Any], window: Window, end_minute: int, people: People | None = None
) -> Values:
    """Return the values of a window made of panes: the minutes [end - length, end).

    Args:
        state: of the partition.
        kpi: the KPI.
        window: its window.
        end_minute: in minutes since 1970.
        people: of the state; needed for a view.
    """
    minutes = range(end_minute - window.minutes, end_minute)
    if isinstance(kpi.aggregate, Derived):
        return _viewed(kpi.aggregate, people, Period(minutes=minutes))
    panes = [state.panes.get(minute, {}).get(kpi.key, {}) for minute in minutes]
    return _values(kpi.aggregate, _merged(kpi.aggregate, panes))


def day_values(state: PartitionState, kpi: Kpi[Any, Any], day: str, people: People | None = None) -> Values:
    """Return the values of a venue-local date such as 2025-09-10; empty for a day without events."""
    if isinstance(kpi.aggregate, Derived):
        return _viewed(kpi.aggregate, people, Period((day,))) if day in _days_of(state, kpi.aggregate) else {}
    return _values(kpi.aggregate, _merged(kpi.aggregate, [state.days.get(day, {}).get(kpi.key, {})]))


def fair_values(state: PartitionState, kpi: Kpi[Any, Any], people: People | None = None) -> Values:
    """Return the values since the beginning: the total kept for the fair, or of a view over all days."""
    if not isinstance(kpi.aggregate, Derived):
        return _values(kpi.aggregate, _merged(kpi.aggregate, [state.fair.get(kpi.key, {})]))
    view, days = kpi.aggregate, _days_of(state, kpi.aggregate)
    if view.adds_days:
        return combine(_viewed(view, people, Period((day,))) for day in days)
    return _viewed(view, people, Period(days))


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


def _days_of(state: PartitionState, view: Derived) -> tuple[str, ...]:
    """Return the days on which a trace of the view has somebody. Another day, as of a rehearsal, is not shown."""
    keys = {trace.key for trace in view.of}
    return tuple(sorted(day for day, cells in state.days.items() if not keys.isdisjoint(cells)))


def _viewed(view: Derived, people: People | None, span: Period) -> Values:
    assert people is not None, "a view is worked out from the people of the partition"
    return dict(view.count(people, span))


def _merged(aggregate: Aggregate[Any], cells: Sequence[Totals]) -> Mapping[LabelValues, Any]:
    """Return the totals over several panes or days, by label values."""
    held = [one for one in cells if one]
    if len(held) == 1:
        return {label_values(group): total for group, total in held[0].items()}
    gathered: dict[Group, list[Any]] = {}
    for one in held:
        for group, total in one.items():
            gathered.setdefault(group, []).append(total)
    return {
        label_values(group): totals[0] if len(totals) == 1 else aggregate.merge(totals)
        for group, totals in gathered.items()
    }


def _values(aggregate: Aggregate[Any], totals: Mapping[LabelValues, Any]) -> Values:
    value = aggregate.value
    return {labels: value(total) for labels, total in totals.items()}
