"""The gateway takes the partition of a record from its topic's declaration."""

import asyncio

import pytest

from producers.gateway import supervisor
from producers.gateway.supervisor import Supervisor
from producers.records import RawRecord
from schemas.partitioning import Partitioner, partition_of
from schemas.settings import KafkaSettings
from schemas.topics import REJECTED, SCANS, partitioner_of


class Outbox:
    """An outbox that notes where each record goes; topics have 8 partitions."""

    def __init__(self) -> None:
        self.producer = self
        self.places: list[tuple[str, int]] = []

    async def partitions_for(self, _: str) -> set[int]:
        return set(range(8))

    def add(self, place: tuple[str, int], key: bytes, value: bytes, headers: object) -> asyncio.Future[None]:
        self.places.append(place)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


async def test_a_record_goes_where_the_declaration_of_its_topic_says(monkeypatch: pytest.MonkeyPatch) -> None:
    key, outbox = b"gateway-stand-1-ab", Outbox()
    last = Partitioner("the last one", lambda _key, partitions, _about: partitions - 1)
    monkeypatch.setattr(supervisor, "partitioner_of", lambda name: last if name == SCANS.name else partitioner_of(name))
    made = Supervisor(KafkaSettings())
    monkeypatch.setattr(made, "_outbox", outbox)
    await made.deliver([RawRecord(SCANS.name, key, b"{}"), RawRecord(REJECTED.name, key, b"{}")])
    assert outbox.places == [(SCANS.name, 7), (REJECTED.name, partition_of(key, 8))]
