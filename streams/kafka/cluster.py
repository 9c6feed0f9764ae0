"""What Kafka says of itself: its brokers, and of each partition leader, replicas and offsets."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

OFFSETS_WITHIN_S: Final = 5
"""Patience with the leaders: one that has just died is still named as leader until its session ends."""

NO_LEADER: Final = -1
"""What Kafka answers as the leader of a partition that nobody can write or read at the moment."""

Offsets = dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of one topic.

    Attributes:
        leader: id of the broker that leads it, `NO_LEADER` if none does.
        replicas: how many copies there should be.
        in_sync: how many are up to date.
        oldest: offset of the oldest record that is kept; None if its leader, or another one asked with it, is silent.
        current: offset that the next record will get; None in the same cases.
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
        """Whether a copy is missing or behind: the loss of one more broker may then stop or lose something."""
        return self.in_sync < self.replicas


@dataclass(frozen=True, slots=True)
class Cluster:
    """Kafka at one moment.

    Attributes:
        brokers: ids of those that the controller counts as alive.
        seconds: how long Kafka took to answer all of this.
    """

    brokers: tuple[int, ...]
    partitions: tuple[Partition, ...]
    seconds: float


async def look(admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> Cluster:
    """Ask Kafka for its state.

    Raises:
        KafkaError: it does not answer.
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
    """Return the oldest and the next offsets; nothing if a leader is silent, which is news of its own."""
    try:
        async with asyncio.timeout(OFFSETS_WITHIN_S):
            oldest, current = await asyncio.gather(consumer.beginning_offsets(led), consumer.end_offsets(led))
    except (TimeoutError, KafkaError):
        return {}, {}
    return oldest, current
