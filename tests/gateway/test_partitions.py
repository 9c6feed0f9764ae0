"""The gateway asks each topic's declaration in which partition a record lies."""

import asyncio
from typing import Any

import pytest

from producers.gateway import supervisor
from producers.gateway.supervisor import Supervisor
from producers.records import RawRecord
from schemas.partitioning import Partitioner, partition_of
from schemas.settings import KafkaSettings
from schemas.topics import REJECTED, SCANS, partitioner_of


class Producer:
    """A producer that takes whatever it is given, in topics of 8 partitions."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []

    async def partitions_for(self, _: str) -> set[int]:
        return set(range(8))

    async def send(self, topic: str, *, value: bytes, key: bytes, partition: int) -> Any:
        self.sent.append((topic, partition))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


async def test_a_record_goes_where_the_declaration_of_its_topic_says(monkeypatch: pytest.MonkeyPatch) -> None:
    key, producer = b"gateway-stand-1-ab", Producer()
    last = Partitioner("the last one", lambda _key, partitions, _about: partitions - 1)
    monkeypatch.setattr(supervisor, "partitioner_of", lambda name: last if name == SCANS.name else partitioner_of(name))
    made = Supervisor(KafkaSettings())
    monkeypatch.setattr(made, "_producer", producer)
    await made.deliver([RawRecord(SCANS.name, key, b"{}"), RawRecord(REJECTED.name, key, b"{}")])
    assert producer.sent == [(SCANS.name, 7), (REJECTED.name, partition_of(key, 8))]
