"""The oldest events of some topics: where they lie, and under which key they belong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import ConsumerRecord

from schemas.errors import InvalidEvent
from schemas.partitioning import partition_of
from schemas.settings import KafkaSettings
from schemas.topics import key_of
from schemas.wire import decoder
from streams.kafka.held import held_records

MOST: Final = 200
"""Oldest records of one partition that are looked at."""


@dataclass(frozen=True, slots=True)
class SampledEvent:
    """One event, and where it lies.

    Attributes:
        key: of the event; that of its record may be another one.
    """

    topic: str
    partition: int
    offset: int
    key: bytes

    def fits(self, partitions: int) -> bool:
        """Return whether it lies where its key puts it in a topic with this many partitions."""
        return partition_of(self.key, partitions) == self.partition


async def oldest_events(kafka: KafkaSettings, counts: Mapping[str, int], most: int = MOST) -> list[SampledEvent]:
    """Return the events among the oldest records of each partition. Records that are not events are left out.

    Args and errors as `held_records`.
    """
    return [
        event
        async for records in held_records(kafka, counts, most)
        for record in records
        if (event := _event(record)) is not None
    ]


def _event(record: ConsumerRecord) -> SampledEvent | None:
    try:
        event = decoder(record.topic)(record.value)
    except InvalidEvent:
        return None
    return SampledEvent(record.topic, record.partition, record.offset, key_of(event))
