"""No record is passed over, also if a connection breaks while its place is asked for."""

import asyncio

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from producers.badges import reading
from producers.badges.reading import RegisterReader
from schemas.errors import Unavailable
from schemas.settings import KafkaSettings
from schemas.topics import BADGES

FIRST, SECOND = TopicPartition(BADGES.name, 0), TopicPartition(BADGES.name, 1)


class Breaking:
    """Stands for aiokafka's consumer: it hands records over, and then does not say where the second partition is."""

    def __init__(self, **_arguments: object) -> None:
        pass

    async def getmany(self, **_limits: object) -> dict[TopicPartition, list[ConsumerRecord]]:
        return {FIRST: [], SECOND: []}

    async def position(self, place: TopicPartition) -> int:
        if place == SECOND:
            raise TimeoutError
        return 9


def test_all_places_move_at_once_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AIOKafkaConsumer", Breaking)

    async def take() -> dict[TopicPartition, int]:
        reader = RegisterReader(KafkaSettings(bootstrap_servers="127.0.0.1:1"), (BADGES,))
        reader.positions = {FIRST: 4, SECOND: 5}
        with pytest.raises(Unavailable):
            await reader.take(0)
        return reader.positions

    assert asyncio.run(take()) == {FIRST: 4, SECOND: 5}
