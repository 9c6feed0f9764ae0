"""KPIs for Prometheus, read from state at scrape time. Nothing is kept between scrapes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from streams.fold.calendar import MINUTE_MS
from streams.fold.windows import Values, combine
from streams.kpis.aggregates import Histogram
from streams.kpis.definition import Kpi, Unit
from streams.kpis.labels import Label, LabelValues
from streams.shown.reading import KpiReading, Parts
from streams.shown.view import View


class KpiCollector(Collector):
    """One family per KPI with one series per group and window. Only the newest closed window is shown.

    All families come from one reading, in which each partition has one state.

    Narrow KPIs have a partition label, so that `sum by (hall) (max by (hall, partition) (...))` is right even while a
    partition moves between workers. Wide KPIs (by exhibitor, by country) are summed within the worker.

    Args:
        lag: returns the number of records not yet folded, by topic and partition.
    """

    def __init__(self, view: View, lag: Callable[[], Mapping[tuple[str, int], int]]) -> None:
        self._view = view
        self._lag = lag

    @override
    def collect(self) -> Iterable[Metric]:
        return self.families(self.reading().whole())

    def reading(self) -> KpiReading:
        """Return a reading that has not begun."""
        return KpiReading(self._view)

    def families(self, reading: KpiReading) -> Iterator[Metric]:
        """Yield all families of a reading that has ended. Events folded meanwhile change none of their numbers."""
        for kpi in self._view.engine.kpis:
            if isinstance(kpi.aggregate, Histogram):
                yield self._histogram(kpi, kpi.aggregate, reading)
            else:
                yield self._gauge(kpi, reading)
        yield from self._progress(reading)

    def _gauge(self, kpi: Kpi[Any, Any], reading: KpiReading) -> Metric:
        labels = [*kpi.labels, "window", *([] if kpi.wide else ["partition"])]
        family = GaugeMetricFamily(metric_name(kpi), help_text(kpi), labels=labels)
        for window in kpi.scraped:
            for partition, values in _parts(kpi, reading.parts(kpi, window)):
                for told, value in values.items():
                    assert isinstance(value, int)
                    family.add_metric([*told, window, *partition], self._in_units(kpi, told, value))
        return family

    def _histogram(self, kpi: Kpi[Any, Any], histogram: Histogram, reading: KpiReading) -> Metric:
        family = HistogramMetricFamily(metric_name(kpi), help_text(kpi), labels=[*kpi.labels, "window"])
        bounds = [*(str(bound / 1_000) for bound in histogram.bounds), "+Inf"]
        for window in kpi.scraped:
            for _, values in _parts(kpi, reading.parts(kpi, window)):
                for told, value in values.items():
                    assert isinstance(value, list)
                    running, buckets = 0, []
                    for bound, count in zip(bounds, value[:-1], strict=True):
                        running += count
                        buckets.append((bound, running))
                    family.add_metric([*told, window], buckets, sum_value=value[-1] / 1_000)
        return family

    def _in_units(self, kpi: Kpi[Any, Any], labels: LabelValues, value: int) -> float:
        """Return money in units of its currency (Prometheus wants base units), and other values unchanged."""
        if kpi.unit is not Unit.MONEY:
            return value
        fair = self._view.engine.fair
        code = fair.reporting_currency
        if Label.CURRENCY in kpi.labels:
            code = labels[kpi.labels.index(Label.CURRENCY)]
        return float(value / 10 ** fair.currencies[code].minor_units)

    def _progress(self, reading: KpiReading) -> Iterator[Metric]:
        window_end = GaugeMetricFamily(
            "fair_window_end_timestamp_seconds", "End of the newest closed window, in event time (unit: seconds)."
        )
        if reading.end_minute is not None:
            window_end.add_metric([], reading.end_minute * MINUTE_MS / 1_000)
        yield window_end
        watermark = GaugeMetricFamily(
            "fair_watermark_timestamp_seconds",
            "Newest event time seen in a partition (unit: seconds).",
            labels=["partition"],
        )
        events = GaugeMetricFamily(
            "fair_worker_remembered_events",
            "Event ids remembered for a partition, to recognise duplicates (unit: events).",
            labels=["partition"],
        )
        for partition, newest in reading.watermarks.items():
            if newest >= 0:
                watermark.add_metric([str(partition)], newest / 1_000)
            events.add_metric([str(partition)], reading.remembered[partition])
        yield watermark
        yield events
        lag = GaugeMetricFamily(
            "fair_worker_lag_records",
            "Records in Kafka that are not yet folded (unit: records).",
            labels=["topic", "partition"],
        )
        for (topic, number), records in sorted(self._lag().items()):
            lag.add_metric([topic, str(number)], records)
        yield lag


def _parts(kpi: Kpi[Any, Any], parts: Parts) -> Iterator[tuple[list[str], Values]]:
    if kpi.wide:
        yield [], combine(values for _, values in parts)
    else:
        for partition, values in parts:
            yield [str(partition)], values


def metric_name(kpi: Kpi[Any, Any]) -> str:
    """Return the name of the KPI's family on /metrics."""
    return kpi.metric


def help_text(kpi: Kpi[Any, Any]) -> str:
    """Return the KPI's question with its unit."""
    unit = "currency units" if kpi.unit is Unit.MONEY else kpi.unit
    return f"{kpi.question} (unit: {unit})"
