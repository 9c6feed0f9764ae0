"""A connection that reads topics of the register of badges from a place in each partition."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, OffsetOutOfRangeError, TopicAuthorizationFailedError

from producers.kafka import no_kafka
from schemas.cures import CREATE
from schemas.errors import Unavailable
from schemas.kafka_access import DENIED, client_arguments, code_of, names_in, refused
from schemas.kafka_reach import connect_whole, learn_topics, reaches_a_broker
from schemas.settings import KafkaSettings
from schemas.topics import Topic, place_text

ANSWER_S: Final = 10.0
"""How long Kafka may take for an answer."""
END_S: Final = 1.0
"""How long a client may take to end."""
AT_ONCE: Final = 2_000
"""Records handed over at once: about 20 ms of work, so that a gateway answers in between."""


class LogCut(Unavailable):
    """A log lacks what was read of it before: it was made anew, or cut."""

    def __init__(self, place: TopicPartition) -> None:
        super().__init__(
            f"{place_text((place.topic, place.partition))} lacks records that were read: the topic was made anew",
            hint="what was read stays in force here until a restart; write it again with `fairpulse badges import "
            "FILE`, and give nobody a code that an erased person had",
        )


class RegisterReader:
    """Reads what was committed to some topics. After an error it cannot be used any more.

    Args:
        kafka: where the brokers are, and who we are.
        topics: what to read, all partitions of each.

    Attributes:
        positions: the offset of the next record of each partition.
    """

    def __init__(self, kafka: KafkaSettings, topics: tuple[Topic, ...]) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self._kafka, self._topics = kafka, topics
        self._consumer = AIOKafkaConsumer(
            **client_arguments(kafka),
            client_id="fairpulse-badges",
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",
            request_timeout_ms=int(ANSWER_S * 1_000),
            max_partition_fetch_bytes=max(topic.max_message_bytes for topic in topics),
            metadata_max_age_ms=30_000,
        )

    async def start(self, after: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """Connect, and begin at these offsets, or where the log begins.

        Returns:
            The partitions that lack the record before their offset: their logs were made anew, or lost records. These
            are read from their beginning.

        Raises:
            Unavailable: no broker answers, or a topic is missing or denied.
        """
        async with self._asking("Describe"):
            await connect_whole(self._consumer.start())
            client = self._consumer._client  # noqa: SLF001 - there is no public way to ask about one topic
            if not await reaches_a_broker(client):
                raise KafkaConnectionError("no advertised address can be reached")
            places = await self._places(client)
            self._consumer.assign(places)
            begins = await self._consumer.beginning_offsets(places)
            ends = await self._consumer.end_offsets(places)
        self.positions = {place: after.get(place, begins[place]) for place in places}
        anew = [place for place, at in self.positions.items() if not begins[place] <= at <= ends[place]]
        self.positions |= {place: begins[place] for place in anew}
        for place, at in self.positions.items():
            self._consumer.seek(place, at)
        return anew

    async def ends(self) -> dict[TopicPartition, int]:
        """Return up to where records can be read now.

        Raises:
            LogCut: that is before what was read.
            Unavailable: Kafka does not answer.
        """
        async with self._asking("Describe"):
            ends = dict(await self._consumer.end_offsets(list(self.positions)))
        for place, end in ends.items():
            if end < self.positions[place]:
                raise LogCut(place)
        return ends

    async def take(self, wait_s: float) -> list[ConsumerRecord]:
        """Return the next records, in the order of each partition; none if none comes in time.

        Raises:
            LogCut: Kafka does not have the offset that comes next.
            Unavailable: Kafka does not answer, or denies it.
        """
        async with self._asking("Read"):
            found = await self._consumer.getmany(timeout_ms=int(wait_s * 1_000), max_records=AT_ONCE)
            after = {place: await self._consumer.position(place) for place in self.positions}
        self.positions.update(after)  # nothing can end this between here and the return: no record is passed over
        return [record for records in found.values() for record in records]

    async def close(self) -> None:
        """Let go of the connection, whether or not a broker answers.

        The client stops in a task of its own: it passes the end of its own tasks on to whom waits for it.
        """
        await asyncio.sleep(0)  # its tasks get a turn, so that each has begun and can end
        stopping = asyncio.ensure_future(self._consumer.stop())
        await asyncio.wait([stopping], timeout=END_S)
        if not stopping.done():
            stopping.cancel()
        elif not stopping.cancelled():
            stopping.exception()  # asked for, else asyncio reports it in the middle of other lines

    async def _places(self, client: Any) -> list[TopicPartition]:
        names = [topic.name for topic in self._topics]
        await learn_topics(client, names)
        cluster, places = client.cluster, list[TopicPartition]()
        for name in names:
            if name in cluster.unauthorized_topics:
                raise TopicAuthorizationFailedError(name)
            if not (numbers := cluster.partitions_for_topic(name)):
                raise Unavailable(f"there is no topic {name}", hint=CREATE)
            places += [TopicPartition(name, number) for number in sorted(numbers)]
        return places

    @asynccontextmanager
    async def _asking(self, operation: str) -> AsyncIterator[None]:
        """Say in our words what goes wrong in a block, which must end within `ANSWER_S`."""
        try:
            async with asyncio.timeout(ANSWER_S):
                yield
        except OffsetOutOfRangeError as error:
            raise LogCut(next(iter(error.args[0]))) from None
        except (KafkaError, OSError, TimeoutError) as error:
            denied = names_in(error) if code_of(error) in DENIED else ""
            raise refused(self._kafka, error, f"{operation} on topic {denied}") or await no_kafka(
                self._kafka
            ) from error
