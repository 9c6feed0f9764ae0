"""The metrics of a gateway. No label value ever comes from a terminal; its id is the registry's."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from producers.gateway.events.intake import Judged
from producers.gateway.shares.accounts import RESOURCES
from schemas.api.http import CLOCK_OFFSET, SENT_AT, Outcome
from schemas.topic_findings import CHECKED, CHECKED_TEXT, METRIC, METRIC_LABELS, METRIC_TEXT, TopicFinding
from schemas.version import build_info
from schemas.watched import WatchedNumber

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 8)


class GatewayMetrics:
    """Counters of one gateway, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self.registry = CollectorRegistry()
        info = build_info()
        Gauge("fair_gateway_build_info", "1: its labels say what runs here.", list(info), registry=registry).labels(
            **info
        ).set(1)
        self.requests = Counter(
            "fair_gateway_requests",
            "Answers by status; from 400 on, also by problem.",
            ["status", "code"],
            registry=registry,
        )
        self.events = Counter(
            "fair_gateway_events", "Events answered, by final outcome.", ["outcome"], registry=registry
        )
        # Start at zero: Prometheus cannot see the first increase of a new series.
        self._outcomes = {outcome: self.events.labels(outcome) for outcome in Outcome}
        self.rejected = Counter(
            "fair_gateway_rejected_events", "Events refused for good, by reason.", ["reason"], registry=registry
        )
        self.seconds = Histogram(
            "fair_gateway_request_seconds",
            "Time from headers to answer (unit: seconds).",
            buckets=SECONDS,
            registry=registry,
        )
        self.ack_seconds = Histogram(
            "fair_gateway_ack_seconds", "Time from hand-over to Kafka's last acknowledgement (unit: seconds).",
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.rebuilds = Counter(
            "fair_gateway_producer_rebuilds", "Kafka producers replaced, by cause.", ["cause"], registry=registry
        )
        self.ignored_changes = Counter(
            "fair_gateway_ignored_registry_changes",
            "Records of the topic of the registry that do not count: another came first (too_late), or not a change.",
            ["why"],
            registry=registry,
        )
        self.bad_sent_at = Counter(
            "fair_gateway_bad_sent_at",
            f"Requests whose {SENT_AT} or {CLOCK_OFFSET} cannot be read; that header is ignored.",
            registry=registry,
        )
        self.bad_http = Counter(
            "fair_gateway_bad_http", "Connections closed because of what they sent, by cause.", ["cause"],
            registry=registry,
        )  # fmt: skip
        self.over_share = Counter(
            "fair_gateway_over_share", "Times that a party wanted more than its share, by resource.", ["resource"],
            registry=registry,
        )  # fmt: skip
        for resource in RESOURCES:
            self.over_share.labels(resource)

        self._answers: dict[tuple[int, str], Counter] = {}

    def count_answer(self, status: int, code: str, seconds: float) -> None:
        """Count an answer, how long it took, and its problem: empty if it has none."""
        answers = self._answers.get((status, code))
        if answers is None:
            answers = self._answers[status, code] = self.requests.labels(str(status), code)
        answers.inc()
        self.seconds.observe(seconds)

    def count_fates(self, judged: Judged) -> None:
        """Count what became of the events of a posting."""
        self._outcomes[Outcome.ACCEPTED].inc(judged.accepted)
        self._outcomes[Outcome.DUPLICATE].inc(judged.duplicates)
        if judged.rejected:
            self._outcomes[Outcome.REJECTED].inc(judged.rejected)
            for code in filter(None, (fate.code for fate in judged.fates)):
                self.rejected.labels(code).inc()

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when Prometheus scrapes."""
        Gauge(f"fair_gateway_{name}", what, registry=self.registry).set_function(value)

    def watch_each(self, name: str, what: str, label: str, values: Callable[[], Iterable[str]]) -> None:
        """Add a gauge that is 1 for each value of its label that there is when Prometheus scrapes."""
        self.registry.register(_Each(f"fair_gateway_{name}", what, (label,), lambda: ((value,) for value in values())))

    def watch_terminals(
        self, watched: WatchedNumber, values: Callable[[], Iterable[tuple[Sequence[str], float]]]
    ) -> None:
        """Add one of the gauges by terminal, with the labels and values that there are when Prometheus scrapes."""
        self.registry.register(_ByTerminal(watched, values))

    def released_events(self) -> Counter:
        """Return a new counter, which only a fair with a register of badges has."""
        return Counter(
            "fair_released_events", "Events stored after they had waited for a registration.", registry=self.registry
        )

    def watch_register(
        self,
        persons: Callable[[], float],
        clashes: Callable[[], float],
        age_s: Callable[[], float],
        waiting: Callable[[], Mapping[int, int]],
    ) -> None:
        """Add the gauges of a fair with a register of badges."""
        Gauge("fair_register_persons", "Persons in the register of badges.", registry=self.registry).set_function(
            persons
        )
        Gauge(
            "fair_register_clashes",
            "Codes that several persons have in the register of badges.",
            registry=self.registry,
        ).set_function(clashes)
        Gauge(
            "fair_register_age_seconds",
            "Time since the register of badges was known to be up to date (unit: seconds).",
            registry=self.registry,
        ).set_function(age_s)
        self.registry.register(_Waiting(waiting))

    def watch_findings(
        self, findings: Callable[[], Iterable[TopicFinding]], checked_at: Callable[[], float | None]
    ) -> None:
        """Add the gauges of what is wrong with topics and when that was seen; all programs have them."""
        found = _Each(
            METRIC, METRIC_TEXT, METRIC_LABELS, lambda: ((one.topic, one.setting, one.severity) for one in findings())
        )
        for one in (found, _Once(CHECKED, CHECKED_TEXT, checked_at)):
            self.registry.register(one)


class _Each(Collector):
    def __init__(
        self, name: str, what: str, labels: Sequence[str], values: Callable[[], Iterable[Sequence[str]]]
    ) -> None:
        self._name, self._what, self._labels, self._values = name, what, labels, values

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._what, labels=self._labels)
        for value in self._values():
            family.add_metric(value, 1)
        yield family


class _ByTerminal(Collector):
    def __init__(self, watched: WatchedNumber, values: Callable[[], Iterable[tuple[Sequence[str], float]]]) -> None:
        self._watched, self._values = watched, values

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._watched.metric, self._watched.help, labels=self._watched.labels)
        for labels, value in self._values():
            family.add_metric(labels, value)
        yield family


class _Waiting(Collector):
    """The waiting events of the partitions that this gateway watches."""

    def __init__(self, counts: Callable[[], Mapping[int, int]]) -> None:
        self._counts = counts

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "fair_unresolved_events",
            "Events that wait for the registration of their badge, in the partitions that this gateway watches.",
            labels=["partition"],
        )
        for partition, count in self._counts().items():
            family.add_metric([str(partition)], count)
        yield family


class _Once(Collector):
    """A gauge that has a sample only once it has a value."""

    def __init__(self, name: str, what: str, value: Callable[[], float | None]) -> None:
        self._name, self._what, self._value = name, what, value

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._what, value=self._value())
