"""Two connections to fair.unresolved: one follows the partitions that the group gives this gateway, one reads again."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError
from typing_extensions import override

from schemas.ids import FairId
from schemas.kafka_access import client_arguments
from schemas.kafka_reach import connect_whole, reaches_a_broker
from schemas.settings import KafkaSettings
from schemas.topics import UNRESOLVED, release_group

CONNECT_S: Final = 10.0
"""How long connecting may take."""
ANSWER_S: Final = 10.0
"""How long Kafka may take for records that are there."""
END_S: Final = 1.0
"""How long a connection may take to end; then the group waits until it misses the heartbeats."""
WAIT_S: Final = 0.2
"""How long to wait for new records: a registration is looked for that often."""
AT_ONCE: Final = 500
NEAR: Final = 2_000
"""Records that are read in passing rather than skipped: a jump costs a way to the broker and back."""

PartitionsGiven = Callable[[Iterable[int]], None]


class UnresolvedLog:
    """The partitions of this gateway, from where some event still waits.

    Args:
        kafka: where the brokers are, and who we are.
        fair_id: whose gateways are the group.
        given: called with the partitions of this gateway whenever they change; those before are gone.
    """

    def __init__(self, kafka: KafkaSettings, fair_id: FairId, given: PartitionsGiven) -> None:
        self._given = given
        shared: dict[str, Any] = {
            **client_arguments(kafka),
            "client_id": "fairpulse-gateway",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": "read_committed",
            "request_timeout_ms": int(ANSWER_S * 1_000),
        }
        self._follower = AIOKafkaConsumer(**shared, group_id=release_group(fair_id))
        self._reader = AIOKafkaConsumer(**shared)

    async def start(self) -> None:
        """Connect, and join the group. Raises KafkaError, OSError or TimeoutError."""
        async with asyncio.timeout(CONNECT_S):
            await connect_whole(self._reader.start())
            if not await reaches_a_broker(self._reader._client):  # noqa: SLF001 - the rest would wait for one
                raise KafkaConnectionError("no advertised address can be reached")
            self._follower.subscribe([UNRESOLVED.name], listener=_Listener(self._given))
            await connect_whole(self._follower.start())

    async def take(self) -> list[ConsumerRecord]:
        """Return the next records of the partitions of this gateway; none if none comes within `WAIT_S`."""
        found = await self._follower.getmany(timeout_ms=int(WAIT_S * 1_000), max_records=AT_ONCE)
        return [record for records in found.values() for record in records]

    def go_to(self, offsets: Mapping[int, int]) -> None:
        """Take the records from these offsets on next. Raises KafkaError: a partition is another gateway's by now."""
        for partition, offset in offsets.items():
            self._follower.seek(TopicPartition(UNRESOLVED.name, partition), offset)

    async def again(self, partition: int, offsets: Sequence[int]) -> list[ConsumerRecord]:
        """Return the records at these offsets, in order; those that somebody has deleted are missing.

        Raises:
            TimeoutError: Kafka does not answer. So do KafkaError and OSError.
        """
        place = TopicPartition(UNRESOLVED.name, partition)
        self._reader.assign([place])
        wanted, found, at = set(offsets), list[ConsumerRecord](), -NEAR - 1
        for offset in sorted(wanted):
            if at < offset - NEAR:
                self._reader.seek(place, offset)
                at = offset
            while at <= offset:  # else it was taken in passing, or is gone
                records = await self._next(place)
                found += [one for one in records if one.offset in wanted]
                at = records[-1].offset + 1
        self._reader.unsubscribe()  # it fetches nothing until it is needed
        return found

    async def _next(self, place: TopicPartition) -> list[ConsumerRecord]:
        async with asyncio.timeout(ANSWER_S):
            while True:
                found = await self._reader.getmany(place, timeout_ms=int(ANSWER_S * 1_000), max_records=AT_ONCE)
                if records := found.get(place):
                    return list(records)

    async def commit(self, begins: dict[int, int]) -> None:
        """Let the next gateway that has the partitions begin there. While the group changes hands, nothing is kept."""
        mine = {place.partition for place in self._follower.assignment()}
        offsets = {TopicPartition(UNRESOLVED.name, one): at for one, at in begins.items() if one in mine}
        if offsets:
            with suppress(KafkaError):
                await self._follower.commit(offsets)

    async def close(self) -> None:
        """Let go of both connections, whether or not a broker answers."""
        for one in (self._follower, self._reader):
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(END_S):
                    await one.stop()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, given: PartitionsGiven) -> None:
        self._given = given

    @override
    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._given(())

    @override
    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._given([place.partition for place in assigned])
