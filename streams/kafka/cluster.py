"""Kafka's own state: its brokers, and the leader, replicas and offsets of each partition."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

OFFSETS_WITHIN_S: Final = 5
"""How long to wait for the leaders. One that has just died is still listed as leader until its session ends."""

NO_LEADER: Final = -1
"""Kafka's answer for the leader of a partition that cannot be written or read at the moment."""

Offsets = dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of one topic.

    Attributes:
        leader: id of the broker that leads it, or `NO_LEADER`.
        replicas: how many copies there should be.
        in_sync: how many copies are up to date.
        oldest: offset of the oldest record that is kept; None if any of the leaders that were asked did not answer.
        current: offset that the next record will get; None in the same case.
    """

    topic: str
    number: int
    leader: int
    replicas: int
    in_sync: int
    oldest: int | None = None
    current: int | None = None

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


async def look(admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> Cluster:
    """Ask Kafka for its state.

    Raises:
        KafkaError: Kafka does not answer.
    """
    started = time.perf_counter()
    brokers = [broker["node_id"] for broker in (await admin.describe_cluster())["brokers"]]
    described = partitions_in(await admin.describe_topics())
    led = [TopicPartition(one.topic, one.number) for one in described if one.leader != NO_LEADER]
    oldest, current = await _offsets(consumer, led)
    return Cluster(
        tuple(sorted(brokers)),
        tuple(
            Partition(
                one.topic, one.number, one.leader, one.replicas, one.in_sync, oldest.get(place), current.get(place)
            )
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


async def _offsets(consumer: AIOKafkaConsumer, led: Sequence[TopicPartition]) -> tuple[Offsets, Offsets]:
    """Return the oldest and the next offsets; both empty if a leader does not answer."""
    try:
        async with asyncio.timeout(OFFSETS_WITHIN_S):
            oldest, current = await asyncio.gather(consumer.beginning_offsets(led), consumer.end_offsets(led))
    except (TimeoutError, KafkaError):
        return {}, {}
    return oldest, current
