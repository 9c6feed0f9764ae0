"""Findings of the looks at topics and logs, on /metrics, /readyz and in the log."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from schemas.cures import end_transaction
from schemas.logs import logger
from schemas.times import wall_ms
from schemas.topic_findings import CHECKED, CHECKED_TEXT, METRIC, METRIC_LABELS, METRIC_TEXT, TopicFinding
from schemas.topics import PartitionPlace

log = logger(__name__)

SAY_AGAIN_S: Final = 60.0
"""After this time, a finding that is still there is logged again."""
HANGS_S: Final = 5.0
"""After this time without a move, a transaction is logged at the next look."""


def families_of(found: Iterable[TopicFinding], checked_at: float | None) -> Iterator[Metric]:
    """Yield the metrics of findings, and of the look that found them.

    Args:
        found: what is wrong.
        checked_at: when that was seen, s since 1970; None before the first look.
    """
    findings = GaugeMetricFamily(METRIC, METRIC_TEXT, labels=METRIC_LABELS)
    for one in found:
        findings.add_metric([one.topic, one.setting, one.severity], 1)
    yield findings
    checked = GaugeMetricFamily(CHECKED, CHECKED_TEXT)
    if checked_at is not None:
        checked.add_metric([], checked_at)
    yield checked


class Checks(Collector):
    """Keeps what was found last. Told by the task that looks, read by pages and metrics.

    Args:
        registry: where the metrics are shown.
        servers: the brokers, for the cure of a transaction.

    Attributes:
        wrong: the findings that keep numbers from being right or safe; empty if there are none.
    """

    def __init__(self, registry: CollectorRegistry, servers: str) -> None:
        self._servers = servers
        self.wrong: tuple[TopicFinding, ...] = ()
        self._found: tuple[TopicFinding, ...] = ()
        self._checked_at: float | None = None
        self._looked = 0.0
        self._failing = False
        self._waiting: dict[PartitionPlace, tuple[int, float]] = {}
        self._said: dict[object, float] = {}
        registry.register(self)

    def checked(self, found: Iterable[TopicFinding], waiting: Mapping[PartitionPlace, int]) -> None:
        """Note a complete look.

        Args:
            found: what is wrong with topics now.
            waiting: partitions with records that wait for the end of a transaction, and from which offset on.
        """
        now = self._looked = time.monotonic()
        self._checked_at, self._failing = wall_ms() / 1_000, False
        before, self._found = self.wrong, tuple(found)
        self.wrong = tuple(one for one in self._found if one.severity == "wrong")
        for one in self._found:
            if self._is_due(one, now):
                log.warning("a topic is not as it should be", finding=one.message, severity=one.severity, cure=one.cure)
        if before and not self.wrong:
            log.info("all topics are as they should be again")
        self._waiting = {
            place: (offset, since if was == offset else now)
            for place, offset in waiting.items()
            for was, since in (self._waiting.get(place, (-1, now)),)
        }
        for (topic, partition), (offset, since) in self._waiting.items():
            if now - since >= HANGS_S and self._is_due((topic, partition, offset), now):
                log.warning(
                    "a transaction is open, and the records behind it wait",
                    topic=topic,
                    partition=partition,
                    offset=offset,
                    seconds=round(now - since),
                    cure=end_transaction(self._servers, (topic, partition), offset),
                )
        self._said = {what: at for what, at in self._said.items() if now - at < SAY_AGAIN_S}

    def failed(self, error: BaseException) -> None:
        """Note a look that Kafka did not answer; only the first of several is logged."""
        if not self._failing:
            log.info("topics and logs could not be checked; trying again", error=error)
        self._failing = True

    def _is_due(self, what: object, now: float) -> bool:
        if now - self._said.get(what, -SAY_AGAIN_S) < SAY_AGAIN_S:
            return False
        self._said[what] = now
        return True

    @override
    def collect(self) -> Iterable[Metric]:
        yield from families_of(self._found, self._checked_at)
        waits = GaugeMetricFamily(
            "fair_worker_transaction_seconds",
            "How long records have waited behind an open transaction (unit: seconds).",
            labels=["topic", "partition"],
        )
        for (topic, partition), (_, since) in self._waiting.items():
            if self._looked > since:  # what happened after the last look is not known
                waits.add_metric([topic, str(partition)], self._looked - since)
        yield waits
