"""The numbers shown now: the newest closed window of every KPI, over the partitions that this worker folds."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from schemas.times import epoch_ms, from_epoch_ms, instant_text
from streams.fold.calendar import MINUTE_MS
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import Values, combine, day_values, fair_values, pane_values, people_of, quantile
from streams.kpis.aggregates import Histogram, Value
from streams.kpis.definition import Kpi, Window
from streams.kpis.people import People

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class View:
    """Reads KPIs from states. It keeps no numbers itself, so a partition that moved is never shown twice.

    Attributes:
        states: returns the states of the active partitions at this moment, by partition number.
        now_ms: the clock that closes windows, in ms since 1970; if None, the events' own time closes them.
        partitions_total: how many partitions the fair has, with those of other workers; None if it is not known.
    """

    engine: Engine
    states: Callable[[], Mapping[int, PartitionState]]
    now_ms: Callable[[], int] | None = None
    partitions_total: int | None = None
    _kept: dict[int, tuple[PartitionState, tuple[int, ...], People]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def time_ms(self) -> int | None:
        """Return the fair's time: that of the clock, or else that of the newest event; None before the first event."""
        if self.now_ms is not None:
            return self.now_ms()
        newest = max((state.watermark for state in self.states().values()), default=-1)
        return None if newest < 0 else newest

    def end_minute(self) -> int | None:
        """Return the end of the newest closed window, in minutes since 1970; None before the first event."""
        time = self.time_ms()
        return None if time is None else (time - self.engine.lateness_ms) // MINUTE_MS

    def today(self) -> str | None:
        """Return the venue-local date at the fair's time; None before the first event."""
        time = self.time_ms()
        return None if time is None else self.engine.calendar.day(time // MINUTE_MS)

    def _is_over(self) -> bool:
        """Return whether the fair's last day is over by the fair's time."""
        time, last = self.time_ms(), self.engine.fair.days[-1]
        return time is not None and time >= epoch_ms(last.ends_at)

    def by_partition(self, kpi: Kpi[Any, Any], window: Window) -> Iterator[tuple[int, Values]]:
        """Yield every partition's values of a KPI in its newest window; nothing before the first event."""
        end, today = self.end_minute(), self.today()
        for partition, state in sorted(self.states().items()):
            values = self.of_partition(partition, state, kpi, window, end, today)
            if values is not None:
                yield partition, values

    def of_partition(
        self,
        partition: int,
        state: PartitionState,
        kpi: Kpi[Any, Any],
        window: Window,
        end: int | None,
        today: str | None,
    ) -> Values | None:
        """Return the values of a KPI in one partition; None before the first event.

        Args:
            partition: its number.
            state: of the partition, one of `states`.
            kpi: the KPI.
            window: its window.
            end: see `end_minute`.
            today: see `today`.
        """
        people = self._people(partition, state)
        if window is Window.FAIR:
            return fair_values(state, kpi, people)
        if end is None or today is None:
            return None
        if window is Window.DAY:
            return day_values(state, kpi, today, people)
        return pane_values(state, kpi, window, end, people)

    def _people(self, partition: int, state: PartitionState) -> People:
        """Return the persons of a partition; the same object until something is folded into the state."""
        moment, kept = tuple(state.upto.values()), self._kept.get(partition)
        if kept is None or kept[0] is not state or kept[1] != moment:
            for gone in self._kept.keys() - self.states().keys():
                del self._kept[gone]
            kept = self._kept[partition] = state, moment, people_of(state, self.engine.fair)
        return kept[2]

    def report(self, names: Collection[str] = (), partitions: Collection[int] = ()) -> dict[str, Any]:
        """Return KPIs as plain data for JSON, for every fair day. Money is in minor units.

        `status` is `live` until the last day of the fair has ended, and then `finished`.

        Without names, all KPIs are returned. Without partitions, the numbers are those of all partitions.

        `upto` has the offset of the last record in these numbers, by partition and topic. So an audit can recompute
        exactly these numbers. `witnesses` has the last records themselves, as offset, time and checksum.
        """
        end = self.end_minute()
        if partitions:
            chosen = {number: state for number, state in self.states().items() if number in partitions}
            return replace(self, states=lambda: chosen).report(names)
        return {
            "fair": self.engine.fair.fair_id,
            "status": "finished" if self._is_over() else "live",
            "window_end": None if end is None else instant_text(from_epoch_ms(end * MINUTE_MS)),
            "partitions": sorted(self.states()),
            **({} if self.partitions_total is None else {"partitions_total": self.partitions_total}),
            "upto": {str(number): state.upto for number, state in sorted(self.states().items())},
            "witnesses": {
                str(number): {topic: list(msgspec.structs.astuple(kept[-1])) for topic, kept in state.witnesses.items()}
                for number, state in sorted(self.states().items())
            },
            "kpis": {
                kpi.name: {
                    "question": kpi.question,
                    "unit": kpi.unit,
                    "windows": {window.value: self._window(kpi, window) for window in kpi.windows},
                }
                for kpi in self.engine.kpis
                if not names or kpi.name in names
            },
        }

    def _window(self, kpi: Kpi[Any, Any], window: Window) -> Any:
        if window is Window.DAY:
            states = self.states().items()
            days = sorted({day for _, state in states for day in state.days})
            values = {
                day: combine(day_values(state, kpi, day, self._people(number, state)) for number, state in states)
                for day in days
            }
            return {day: _series(kpi, found) for day, found in values.items() if found}
        return _series(kpi, combine(values for _, values in self.by_partition(kpi, window)))


def _series(kpi: Kpi[Any, Any], values: Values) -> list[dict[str, Any]]:
    return [
        {
            "labels": dict(zip(kpi.labels, labels, strict=True)),
            "value": _spread(kpi.aggregate, value) if isinstance(kpi.aggregate, Histogram) else value,
        }
        for labels, value in sorted(values.items())
    ]


def _spread(histogram: Histogram, value: Value) -> dict[str, Any]:
    assert isinstance(value, list)
    count = sum(value[:-1])
    return {
        "count": count,
        "sum": value[-1],
        "buckets": value[:-1],
        "mean": value[-1] / count if count else None,
        **{name: quantile(histogram.bounds, value, q) for name, q in QUANTILES.items()},
    }
