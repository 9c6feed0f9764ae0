"""Writes records of the register to Kafka, hundreds at once: a whole fair is registered in seconds."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from producers.badges.book import NO_CODES, Book, Registration
from producers.badges.change import event_of
from producers.kafka import end, no_kafka, start
from producers.records import RawRecord, record_of
from schemas.badges.register import ORIGIN_KEY, Origin, WornCodes, encode_origin, encode_spent, encode_worn
from schemas.cures import CREATE
from schemas.errors import Unavailable
from schemas.events import BadgeRegistered
from schemas.ids import BadgeRef, FairId
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_reach import learn_topics
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topics import BADGE_CODES, BADGES, partitioner_of

PATIENCE_S: Final = 20.0
"""How long connecting, and an acknowledgement, may take."""
END_S: Final = 5.0
_NOBODY: Final = "f0" * 32
"""A reference that each person's own one replaces. It is longer than those, so no other field can hold it."""
BATCH_BYTES: Final = 262_144
"""Of the records that go to one partition together."""


def registration_record(person: BadgeRef, said: Registration, fair_id: FairId, now: datetime) -> RawRecord:
    """Return the record that says who a person is."""
    return record_of(event_of(person, said, fair_id, now))


class RegistrationRecords:
    """Makes records of registrations. Most persons of a fair have one of a few contents: each is encoded once.

    Args:
        fair_id: of the events.
        now: the time of the events.
    """

    def __init__(self, fair_id: FairId, now: datetime) -> None:
        self._fair_id, self._now = fair_id, now
        self._models: dict[Registration, tuple[BadgeRegistered, RawRecord]] = {}

    def of(self, person: BadgeRef, said: Registration) -> RawRecord:
        """Return the record that says who a person is, as `registration_record` does."""
        model = self._models.get(said)
        if model is None:
            event = event_of(_NOBODY, said, self._fair_id, self._now)
            model = self._models[said] = event, record_of(event)
        event, record = model
        old, new, key = event.event_id.encode(), str(uuid.uuid4()).encode(), person.encode()
        value = (record.value or b"").replace(old, new).replace(record.key, key)
        return RawRecord(
            record.topic, key, value, tuple((name, new if text == old else text) for name, text in record.headers)
        )


def origin_record(origin: Origin) -> RawRecord:
    """Return the record that says whose register it is."""
    return RawRecord(BADGE_CODES.name, ORIGIN_KEY.encode(), encode_origin(origin))


def spent_records(person: BadgeRef, book: Book, worn: WornCodes = NO_CODES) -> Iterator[RawRecord]:
    """Yield the records that let nobody have the codes of a person who is erased.

    They come before the record that takes the codes away: until Kafka has them, the codes still say whose they are. A
    code that another person claims as well stays with that one.

    Args:
        person: who is erased.
        book: the register.
        worn: codes that were written for the person, and may be gone from the book.
    """
    known = book.codes_of(person)
    for code in dict.fromkeys((*known.codes, *known.replaced, *worn.codes, *worn.replaced)):
        if not book.is_claimed(code, besides=person) and not book.is_spent(code):
            yield RawRecord(BADGE_CODES.name, code.encode(), encode_spent())


def codes_record(person: BadgeRef, worn: WornCodes | None) -> RawRecord:
    """Return the record that says which badges a person wears; None takes them all away, and their history with it."""
    return RawRecord(BADGE_CODES.name, person.encode(), None if worn is None else encode_worn(worn))


class RegisterWriter:
    """Writes records, and says when Kafka has them. Get one from `opened_writer`."""

    def __init__(self, kafka: KafkaSettings, producer: AIOKafkaProducer) -> None:
        self._kafka, self._producer = kafka, producer
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        """Connect, and count the partitions of the topics. Raises Unavailable."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await start(self._producer)
                await learn_topics(self._producer.client, [BADGES.name, BADGE_CODES.name])
        except (KafkaError, OSError, TimeoutError) as error:
            raise refused(self._kafka, error, f"Write on topic {BADGES.name}") or await no_kafka(self._kafka) from None
        for topic in (BADGES, BADGE_CODES):
            found = self._producer.client.cluster.partitions_for_topic(topic.name)
            if not found:
                raise Unavailable(f"there is no topic {topic.name}", hint=CREATE)
            self._partitions[topic.name] = len(found)

    async def write(self, records: Iterable[RawRecord]) -> None:
        """Return when all records are in all replicas in sync; those of one key are in order.

        Raises:
            Unavailable: Kafka did not take them all. Some may be in the topics.
        """
        open_batches: dict[tuple[str, int], Any] = {}
        sent: list[asyncio.Future[Any]] = []
        topic = BADGES.name
        try:
            for topic, key, value, headers in records:
                number = partitioner_of(topic).choose(key, self._partitions[topic], None)
                batch = open_batches.get((topic, number)) or self._producer.create_batch()
                if batch.append(key=key, value=value, timestamp=None, headers=list(headers)) is None:
                    sent.append(await self._producer.send_batch(batch, topic, partition=number))
                    batch = self._producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None, headers=list(headers))
                open_batches[topic, number] = batch
            for (topic, number), batch in open_batches.items():
                sent.append(await self._producer.send_batch(batch, topic, partition=number))
            for future in sent:
                async with asyncio.timeout(PATIENCE_S):
                    await future
        except (KafkaError, TimeoutError) as error:
            raise refused(self._kafka, error, f"Write on topic {topic}") or Unavailable(
                f"Kafka did not confirm all records for the register ({reason(error)})",
                hint="run the command again: what is in the register already is not written twice",
            ) from None


@asynccontextmanager
async def opened_writer(kafka: KafkaSettings) -> AsyncIterator[RegisterWriter]:
    """Open a connection for a block. Raises Unavailable: no broker answers, or a topic is missing or denied."""
    producer = AIOKafkaProducer(
        **client_arguments(kafka),
        client_id="fairpulse-badges",
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=int(PATIENCE_S * 1_000),
    )
    try:
        writer = RegisterWriter(kafka, producer)
        await writer.start()
        yield writer
    finally:
        await end(producer, END_S)
