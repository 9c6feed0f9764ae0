"""The topic fair.terminals in Kafka: where it ends, its records, and one more record."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    LeaderNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.offset import OffsetRequest

from producers.kafka import end, no_kafka, start
from producers.registry.chain import Stored
from producers.registry.mark import TopicMark
from producers.topics import TopicInspector
from schemas.cures import end_transaction
from schemas.errors import Unavailable
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_reach import connect_whole, learn_topics, reaches_a_broker
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topic_findings import MISSING, PARTITIONS
from schemas.topics import OPEN_S, TERMINALS

ANSWER_S: Final = 5.0
"""How long Kafka may take for an answer; a large topic may take longer, as long as records come."""
CONFIRM_S: Final = 8.0
"""How long Kafka may take to confirm a change."""
END_S: Final = 1.0
"""How long a client may take to end."""
CHECK_S: Final = 10.0
"""Pause between two looks at the settings of the topic."""

_PLACE: Final = TopicPartition(TERMINALS.name, 0)
_UNCOMMITTED: Final = 0
_LOOK_S: Final = 0.1
_NEWEST: Final = -1
_CREATE: Final = "create the topics with `fairpulse topics --create`"


class Unconfirmed(Unavailable):
    """Kafka did not confirm a change in time; it may be in the topic or not."""


@dataclass(frozen=True, slots=True)
class Readable:
    """How much of the topic there is, and can be read.

    Attributes:
        end: offset before which records can be read.
        written: offset before which something was written a moment before.
        servers: the brokers, for the cure.
    """

    end: int
    written: int
    servers: str

    @property
    def is_all(self) -> bool:
        """Tell whether nothing waits behind an open transaction."""
        return self.end >= self.written

    def must_be_all(self) -> None:
        """Raise Unavailable if something waits behind an open transaction: it may be a revocation."""
        if not self.is_all:
            raise Unavailable(
                f"topic {TERMINALS.name} has an open transaction at offset {self.end}, and what is behind it cannot be "
                "read",
                hint=end_transaction(self.servers, (TERMINALS.name, 0), self.end),
            )


class TerminalsTopic:
    """A connection to the topic. After an error it cannot be used any more; `opened` makes a new one.

    It reads what was committed. Our programs use no transactions, but others may: a change that was given up never
    counts, and while a transaction is open, a revocation may wait behind it.

    Attributes:
        verified: the last mark whose record was found in the topic over this connection.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self.verified: TopicMark | None = None
        self._kafka = kafka
        self._inspector = TopicInspector(kafka)
        self._checked_s = float("-inf")
        self._consumer = AIOKafkaConsumer(
            **client_arguments(kafka),
            client_id="fairpulse-registry",
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",
            request_timeout_ms=int(ANSWER_S * 1_000),
            max_partition_fetch_bytes=TERMINALS.max_message_bytes,
            metadata_max_age_ms=30_000,
        )

    async def start(self) -> None:
        """Connect, and look whether the topic can be used.

        Raises:
            Unavailable: no broker answers, or the topic is missing, denied, or not what it must be.
        """
        async with self._asking("Describe"):
            await connect_whole(self._consumer.start())
            client = self._consumer._client  # noqa: SLF001 - there is no public way to ask about one topic
            if not await reaches_a_broker(client):
                raise KafkaConnectionError("no advertised address can be reached")
            partitions = await _partitions(client)
            self._consumer.assign([_PLACE])
            begins = (await self._consumer.beginning_offsets([_PLACE]))[_PLACE]
        if partitions != TERMINALS.partitions:
            raise Unavailable(
                f"topic {TERMINALS.name} has {partitions} partitions, not {TERMINALS.partitions}",
                hint=f"delete it, {_CREATE}, and run `fairpulse terminals restore` with the registry file",
            )
        if begins:
            raise Unavailable(
                f"topic {TERMINALS.name} has lost its first {begins} records; it must be kept for ever",
                hint=f"delete it, {_CREATE}, and run `fairpulse terminals restore` with the registry file",
            )
        await self._check()

    async def extent(self) -> Readable:
        """Return up to where records can be read.

        Raises:
            Unavailable: Kafka does not answer, or the topic has a setting that it must not have.
        """
        if asyncio.get_running_loop().time() - self._checked_s > CHECK_S:
            await self._check()
        async with self._asking("Describe"):
            end = await self._committed()
            written = await _written(self._consumer._client)  # noqa: SLF001 - the consumer tells only what is committed
            readable = end if end == written else await self._committed()
            return Readable(readable, written, self._kafka.bootstrap_servers)

    async def whole(self) -> Readable:
        """Return up to where records can be read: all that was written before this was called.

        A transaction that has just ended looks open for a moment: Kafka tells its producer before the marker is in the
        log (KIP-98). So it is looked at again, for `OPEN_S`.

        Raises:
            Unavailable: as `extent`, or a transaction stays open.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + OPEN_S
        first = there = await self.extent()
        while there.end < first.written and loop.time() < until:
            await asyncio.sleep(_LOOK_S)
            there = await self.extent()
        there = replace(there, written=first.written)
        there.must_be_all()
        return there

    async def _committed(self) -> int:
        return int((await self._consumer.end_offsets([_PLACE]))[_PLACE])

    async def read(self, begin: int, end: int) -> list[Stored]:
        """Return what is at each offset from one up to before another.

        No record is at that of a transaction's marker, and of what a transaction wrote that was given up.

        Raises:
            Unavailable: Kafka does not answer, or denies it.
        """
        records: list[Stored] = []
        if begin >= end:
            return records
        loop = asyncio.get_running_loop()
        async with self._asking("Read") as deadline:
            self._consumer.seek(_PLACE, begin)
            while (at := begin + len(records)) < end:
                for one in (await self._consumer.getmany(_PLACE, timeout_ms=200)).get(_PLACE, []):
                    records += _none(begin + len(records), one.offset)
                    records.append(Stored(one.offset, one.value or b""))
                position = await self._consumer.position(_PLACE)
                records += _none(begin + len(records), position)
                if position > at:
                    deadline.reschedule(loop.time() + ANSWER_S)
        return records[: end - begin]

    async def append(self, command: str, value: bytes) -> None:
        """Add a record; it is in all replicas in sync when this returns.

        Raises:
            Unavailable: Kafka does not answer, or does not take it.
            Unconfirmed: it may be there or not.
        """
        producer = AIOKafkaProducer(
            **client_arguments(self._kafka),
            client_id="fairpulse-registry",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(ANSWER_S * 1_000),
            max_request_size=TERMINALS.max_message_bytes,
        )
        try:
            async with self._asking("Write"):
                await start(producer)
                await producer.partitions_for(TERMINALS.name)
            async with asyncio.timeout(CONFIRM_S):
                await producer.send_and_wait(TERMINALS.name, value, command.encode(), partition=0)
        except TimeoutError:
            raise Unconfirmed(
                f"Kafka did not confirm the change within {CONFIRM_S:g} s, so it may be made or not",
                hint="see `fairpulse terminals list` when Kafka answers, and run the command again if it is not made",
            ) from None
        except KafkaError as error:
            raise refused(self._kafka, error, f"Write on topic {TERMINALS.name}") or Unconfirmed(
                f"Kafka did not confirm the change ({reason(error)}), so it may be made or not",
                hint="see `fairpulse terminals list` when Kafka answers, and run the command again if it is not made",
            ) from None
        finally:
            await end(producer, END_S)

    async def close(self) -> None:
        """Let go of the connection, whether or not a broker answers."""
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(END_S):
                await self._inspector.close()
                await asyncio.sleep(0)  # its tasks get a turn: one that has not begun would pass the end on to us
                await self._consumer.stop()

    async def _check(self) -> None:
        """Refuse settings by which records would be thrown away or changed."""
        async with self._asking("Describe"):
            found = await self._inspector.look((TERMINALS,))
        for one in found:
            if one.severity == "wrong" and one.setting not in (MISSING, PARTITIONS):  # these are asked for elsewhere
                raise Unavailable(one.message, hint=one.cure)
        self._checked_s = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def _asking(self, operation: str) -> AsyncIterator[asyncio.Timeout]:
        """Say in our words what goes wrong in a block, which must end within `ANSWER_S`."""
        try:
            async with asyncio.timeout(ANSWER_S) as deadline:
                yield deadline
        except UnknownTopicOrPartitionError as error:
            raise Unavailable(f"there is no topic {TERMINALS.name}", hint=_CREATE) from error
        except (KafkaError, OSError, TimeoutError) as error:
            told = refused(self._kafka, error, f"{operation} on topic {TERMINALS.name}")
            raise told or await no_kafka(self._kafka) from error


def _none(begin: int, end: int) -> list[Stored]:
    return [Stored(offset, b"", is_there=False) for offset in range(begin, end)]


async def _written(client: Any) -> int:
    """Return the offset that the next record gets, committed or not."""
    leader = client.cluster.leader_for_partition(_PLACE)
    if leader is None or leader == -1:
        raise LeaderNotAvailableError(_PLACE)
    answer = await client.send(leader, OffsetRequest(-1, _UNCOMMITTED, [(TERMINALS.name, [(0, _NEWEST)])]))
    [(_, [(_, code, *_, offset)])] = answer.topics
    if code:
        raise for_code(code)(_PLACE)
    return int(offset)


async def _partitions(client: Any) -> int:
    """Return the number of partitions. Raises UnknownTopicOrPartitionError: the topic does not exist."""
    await learn_topics(client, [TERMINALS.name])
    if TERMINALS.name in client.cluster.unauthorized_topics:
        raise TopicAuthorizationFailedError(TERMINALS.name)
    found = client.cluster.partitions_for_topic(TERMINALS.name)
    if not found:
        raise UnknownTopicOrPartitionError(TERMINALS.name)
    return len(found)


@asynccontextmanager
async def opened(kafka: KafkaSettings) -> AsyncIterator[TerminalsTopic]:
    """Open a connection for a block. Raises Unavailable, see `TerminalsTopic.start`."""
    topic = TerminalsTopic(kafka)
    try:
        await topic.start()
        yield topic
    finally:
        await topic.close()
