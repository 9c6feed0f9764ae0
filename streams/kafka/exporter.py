"""Serves Kafka's own state on /metrics, and updates it again and again.

The metrics have the names of the widespread kafka_exporter (github.com/danielqsj/kafka_exporter), so boards and alerts
also work with that one where it already runs. Group lag is left out: the workers' committed offset is only a hint,
while their own `fair_worker_lag_records` is exact.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from schemas.errors import FairpulseError, Refused
from schemas.interrupts import stopping
from schemas.kafka_access import client_arguments
from schemas.kafka_reach import connect_whole
from schemas.kafka_topics import look_at_topics
from schemas.logs import logger
from schemas.settings import ExporterSettings, KafkaSettings
from schemas.times import wall_ms
from schemas.topic_findings import PARTITIONS, TopicFinding
from schemas.topics import ALL_TOPICS, TERMINALS, Topic, is_journal, journal_topic
from schemas.web import authority
from streams.kafka.cluster import Cluster, Partition, look
from streams.kafka.fairs import journals_in_use
from streams.kafka.topics import admin, stop_consumer
from streams.shown.build import show_build
from streams.shown.checks import families_of
from streams.shown.serving import serving

log = logger(__name__)

ROUND_WITHIN_S: Final = 8
"""Seconds after which a round is given up and its connections are closed."""

PartitionFigure = Callable[[Partition], float | None]

PER_PARTITION: Final[tuple[tuple[str, str, PartitionFigure], ...]] = (
    ("leader", "Id of the broker that leads a partition, -1 if there is none.", lambda one: one.leader),
    ("replicas", "Copies that a partition should have.", lambda one: one.replicas),
    ("in_sync_replica", "Copies of a partition that are up to date.", lambda one: one.in_sync),
    (
        "under_replicated_partition",
        "1 if a copy of a partition is missing or behind.",
        lambda one: one.is_under_replicated,
    ),
    ("oldest_offset", "Offset of the oldest record of a partition that is kept.", lambda one: one.oldest),
    ("current_offset", "Offset that the next record of a partition will get.", lambda one: one.current),
    ("stable_offset", "Offset from which records wait for the end of a transaction.", lambda one: one.stable),
)
"""The metrics of every partition: suffix of kafka_topic_partition_..., help, and value. A value of None is left out."""


class KafkaCollector(Collector):
    """Kafka's last known state as gauges. Before the first look, and while Kafka is away, only `kafka_brokers` is 0."""

    def __init__(self) -> None:
        self.cluster: Cluster | None = None
        self.findings: Sequence[TopicFinding] = ()
        self.checked_at: float | None = None

    @override
    def collect(self) -> Iterable[Metric]:
        cluster = self.cluster
        brokers = GaugeMetricFamily("kafka_brokers", "Brokers that answer as a cluster.")
        brokers.add_metric([], len(cluster.brokers) if cluster else 0)
        yield brokers
        if cluster is not None:
            answer = GaugeMetricFamily(
                "fair_kafka_answer_seconds", "How long Kafka took to describe itself (unit: seconds)."
            )
            answer.add_metric([], cluster.seconds)
            yield answer
            yield from self._partitions(cluster)
            yield from families_of(self.findings, self.checked_at)

    def _partitions(self, cluster: Cluster) -> Iterator[Metric]:
        for name, what, number in PER_PARTITION:
            family = GaugeMetricFamily(f"kafka_topic_partition_{name}", what, labels=["topic", "partition"])
            for one in cluster.partitions:
                value = number(one)
                if value is not None:
                    family.add_metric([one.topic, str(one.number)], value)
            yield family


async def export(kafka: KafkaSettings, settings: ExporterSettings) -> None:
    """Show Kafka's state on /metrics and update it until Ctrl-C. An outage of Kafka is shown and does not end this.

    Raises:
        Unavailable: the port is taken.
    """
    collector = KafkaCollector()
    registry = CollectorRegistry()
    show_build(registry, "kafka_exporter")
    registry.register(collector)
    stop = asyncio.Event()
    host, port, every_s = settings.exporter_host, settings.exporter_port, settings.exporter_every.total_seconds()
    with serving(registry, host, port), stopping(stop):
        log.info("serving Kafka's state", address=f"http://{authority(host, port)}/metrics", every_s=every_s)
        watching = asyncio.create_task(_watch(kafka, collector, every_s))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({watching, stopped}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(kafka: KafkaSettings, collector: KafkaCollector, every_s: float) -> None:
    """Look without end, on new connections after each failure. Kafka is away only if these fail as well."""
    told = False
    while True:
        last = collector.cluster
        try:
            await _look_on(kafka, collector, every_s)
        except (KafkaError, FairpulseError, OSError, TimeoutError) as error:
            if collector.cluster is not last:
                told = False
                continue  # Kafka was well a moment ago: perhaps only the broker that was asked is gone
            if not told:
                log.warning(
                    "Kafka does not answer", brokers=kafka.bootstrap_servers, error=error, within_s=ROUND_WITHIN_S
                )
            told = True
            collector.cluster = None
            await asyncio.sleep(every_s)


async def _look_on(kafka: KafkaSettings, collector: KafkaCollector, every_s: float) -> None:
    """Look round by round on the same connections, until a round fails."""
    told: set[str] = set()
    async with AsyncExitStack() as connections:
        async with asyncio.timeout(ROUND_WITHIN_S):
            client = await connections.enter_async_context(admin(kafka))
            consumers = []
            for level in ("read_uncommitted", "read_committed"):
                consumer = AIOKafkaConsumer(**client_arguments(kafka), enable_auto_commit=False, isolation_level=level)
                connections.push_async_callback(stop_consumer, consumer)
                await connect_whole(consumer.start())
                consumers.append(consumer)
        while True:
            async with asyncio.timeout(ROUND_WITHIN_S):
                found = await look(client, *consumers)
                collector.findings = await topic_findings(client, kafka, found, told)
            if collector.cluster is None:
                log.info(
                    "Kafka answers", brokers=len(found.brokers), partitions=len(found.partitions), took_s=found.seconds
                )
            collector.cluster, collector.checked_at = found, wall_ms() / 1_000
            await asyncio.sleep(every_s)


def _declared(cluster: Cluster) -> list[Topic]:
    """Return the declared topics; the registry's only if it is there, because gateways may keep it in files alone."""
    there = {one.topic for one in cluster.partitions}
    return [topic for topic in ALL_TOPICS if topic is not TERMINALS or topic.name in there]


async def topic_findings(
    client: AIOKafkaAdminClient, kafka: KafkaSettings, cluster: Cluster, told: set[str]
) -> list[TopicFinding]:
    """Return what is wrong with all topics and journals, as far as we may ask; the log says once what is denied.

    How many partitions a journal has is left to its workers: they look at their own, and that of a fair that is over
    does no harm.
    """
    journals = journals_in_use(one.topic for one in cluster.partitions)
    denied: list[Refused] = []
    found: list[TopicFinding] = []
    try:
        found = await look_at_topics(client, kafka, (*_declared(cluster), *map(journal_topic, journals)), denied)
    except Refused as error:
        denied.append(error)
    for one in denied:
        if one.message not in told:
            told.add(one.message)
            log.warning("a topic may not be looked at", error=one)
    return [one for one in found if one.setting != PARTITIONS or not is_journal(one.topic)]
