"""Kafka's own state: its brokers, and the leader, replicas and offsets of each partition."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

OFFSETS_WITHIN_S: Final = 5
"""How long to wait for the leaders. One that has just died is still listed as leader until its session ends."""

NO_LEADER: Final = -1
"""Kafka's answer for the leader of a partition that cannot be written or read at the moment."""

Offsets = dict[TopicPartition, int]
_Ask = Callable[[list[TopicPartition]], Awaitable[Offsets]]


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of one topic.

    Attributes:
        leader: id of the broker that leads it, or `NO_LEADER`.
        replicas: how many copies there should be.
        in_sync: how many copies are up to date.
        oldest: offset of the oldest record that is kept; None if a leader of its topic did not answer.
        current: offset that the next record will get; None in the same case.
        stable: from here on, records wait for the end of a transaction; None in the same case.
    """

    topic: str
    number: int
    leader: int
    replicas: int
    in_sync: int
    oldest: int | None = None
    current: int | None = None
    stable: int | None = None

    @property
    def is_under_replicated(self) -> bool:
        """Whether a copy is missing or behind. Losing one more broker may then stop the partition or lose records."""
        return self.in_sync < self.replicas


@dataclass(frozen=True, slots=True)
class Cluster:
    """Kafka at one moment.

    Attributes:
        brokers: ids of the brokers that the controller considers alive.
        seconds: how long Kafka took to answer.
    """

    brokers: tuple[int, ...]
    partitions: tuple[Partition, ...]
    seconds: float


async def look(
    admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, committed: AIOKafkaConsumer | None = None
) -> Cluster:
    """Ask Kafka for its state.

    Args:
        admin: that has started.
        consumer: that reads all records.
        committed: that reads committed records only; without one, nothing is known of transactions.

    Raises:
        KafkaError: Kafka does not answer.
    """
    started = time.perf_counter()
    brokers = [broker["node_id"] for broker in (await admin.describe_cluster())["brokers"]]
    described = partitions_in(await admin.describe_topics())
    led = [TopicPartition(one.topic, one.number) for one in described if one.leader != NO_LEADER]
    oldest, current, stable = await asyncio.gather(
        _by_topic(consumer.beginning_offsets, led),
        _by_topic(consumer.end_offsets, led),
        _by_topic(committed.end_offsets, led) if committed is not None else _nothing(),
    )
    return Cluster(
        tuple(sorted(brokers)),
        tuple(
            replace(one, oldest=oldest.get(place), current=current.get(place), stable=stable.get(place))
            for one in described
            for place in [TopicPartition(one.topic, one.number)]
        ),
        time.perf_counter() - started,
    )


def partitions_in(topics: Sequence[dict[str, Any]]) -> list[Partition]:
    """Return the partitions in Kafka's answer to a metadata request, without their offsets."""
    return [
        Partition(topic["topic"], one["partition"], one["leader"], len(one["replicas"]), len(one["isr"]))
        for topic in topics
        for one in topic["partitions"]
    ]


async def _nothing() -> Offsets:
    return {}


async def _by_topic(
    ask: Callable[[list[TopicPartition]], Awaitable[Offsets]], led: Sequence[TopicPartition]
) -> Offsets:
    """Return offsets of all topics but those of which a leader does not answer in time."""

    async def of_one(places: list[TopicPartition]) -> Offsets:
        try:
            async with asyncio.timeout(OFFSETS_WITHIN_S):
                return await ask(places)
        except (TimeoutError, KafkaError):
            return {}

    topics: dict[str, list[TopicPartition]] = {}
    for place in led:
        topics.setdefault(place.topic, []).append(place)
    answers = await asyncio.gather(*map(of_one, topics.values()))
    return {place: offset for answer in answers for place, offset in answer.items()}
