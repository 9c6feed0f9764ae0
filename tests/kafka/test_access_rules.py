"""Every access rule is needed: without it, Kafka denies something that its principal does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import NewPartitions
from aiokafka.errors import InvalidPartitionsError, KafkaError

from producers.badges.book import Registration
from producers.badges.follower import read_book
from producers.badges.waiting import waiting_events
from producers.badges.writing import codes_record, opened_writer, registration_record
from producers.play.neighbours import refuse_other_fairs
from producers.play.sinks import KafkaSink
from producers.records import RawRecord, record_of
from producers.registry.sharing import change
from schemas.badges.register import WornCodes
from schemas.codes import BadgeRole
from schemas.errors import Refused
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_topics import look_at_topics
from schemas.settings import KafkaSettings
from schemas.topics import (
    ALL_TOPICS,
    EVENT_TOPICS,
    RECORDED_TOPICS,
    REJECTED,
    UNRESOLVED,
    Topic,
    group_prefix,
    journal_topic,
    release_group,
)
from streams.history.letters import read_letters
from streams.history.reading import Span, reading
from streams.kafka.cluster import look
from streams.kafka.held import held_records
from streams.kafka.preflight import refuse_denied
from streams.kafka.principals import OFFSETS, ROLES, Rule
from streams.kafka.topics import admin, create_topics, ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.access import PARTITIONS, RULES, settings_of, without
from tests.support.examples import example_event, has_example
from tests.support.gateway import DESK, FAIR_ID, NOW

pytestmark = pytest.mark.broker

GROUP: Final = f"{group_prefix(FAIR_ID)}exercise"
JOURNAL: Final = journal_topic(f"{GROUP}-journal-changelog")
EVENTS: Final = [
    record_of(replace(example_event(topic.events[0]), fair_id=FAIR_ID))
    for topic in EVENT_TOPICS
    if has_example(topic.events[0])
]
"""One event of this fair for every event topic."""
PERSON: Final = "ab" * 16
CODE: Final = "cd" * 16
WAITING: Final = RawRecord(UNRESOLVED.name, CODE.encode(), b"{}")
LETTER: Final = RawRecord(REJECTED.name, b"k", b"{}")


async def write(kafka: KafkaSettings, *records: RawRecord) -> None:
    for record in records:
        async with KafkaSink(kafka) as sink:
            await sink.send(record)


async def read(kafka: KafkaSettings, *topics: str) -> None:
    async with reading(kafka, topics, Span()) as reader:
        async for _ in reader.batches():
            pass


async def check(kafka: KafkaSettings, *topics: Topic) -> None:
    async with admin(kafka) as client:
        await look_at_topics(client, kafka, topics)


async def topics(kafka: KafkaSettings) -> None:
    await ensure_topics(kafka)
    async with admin(kafka) as client:
        await create_topics(client, kafka, ALL_TOPICS)
        try:
            await client.create_partitions({REJECTED.name: NewPartitions(PARTITIONS)})
        except InvalidPartitionsError:
            pass  # it has them already
        except KafkaError as error:
            raise refused(kafka, error, f"Alter on topic {REJECTED.name}") or error from error
    await check(kafka, *ALL_TOPICS, JOURNAL)
    async for _ in held_records(kafka, {topic.name: PARTITIONS for topic in EVENT_TOPICS}):
        pass


async def gateway(kafka: KafkaSettings) -> None:
    await check(kafka, *ALL_TOPICS)
    await write(kafka, *EVENTS, LETTER, WAITING)
    await register(kafka)
    await release(kafka)
    with TemporaryDirectory() as folder:
        registry = Path(folder) / "terminals.sqlite"
        await change(kafka, registry, "enrol", lambda rules: rules.enrol(DESK, NOW, None, again=True))


async def release(kafka: KafkaSettings) -> None:
    """Join the group in which gateways release waiting events."""
    await refuse_denied(kafka, release_group(FAIR_ID), [UNRESOLVED.name])


async def register(kafka: KafkaSettings) -> None:
    """Read all of the register, and write a person into it."""
    await read_book(kafka, FAIR_ID)
    await waiting_events(kafka)
    async with opened_writer(kafka) as writer:
        said = Registration(1, BadgeRole.DELEGATE)
        await writer.write([registration_record(PERSON, said, FAIR_ID, NOW)])
        await writer.write([codes_record(PERSON, WornCodes((CODE,)))])


async def worker(kafka: KafkaSettings) -> None:
    async with admin(kafka) as client:
        await create_topics(client, kafka, [JOURNAL])
    await ensure_topics(kafka, (*RECORDED_TOPICS, JOURNAL))
    await check(kafka, *RECORDED_TOPICS, JOURNAL)
    await write(kafka, LETTER, RawRecord(JOURNAL.name, b"k", b"{}"))
    await refuse_denied(kafka, GROUP, [topic.name for topic in (*EVENT_TOPICS, JOURNAL)])


async def audit(kafka: KafkaSettings) -> None:
    await check(kafka, *EVENT_TOPICS)
    await read(kafka, *(topic.name for topic in EVENT_TOPICS), UNRESOLVED.name)


async def record(kafka: KafkaSettings) -> None:
    await check(kafka, *RECORDED_TOPICS)
    await read(kafka, *(topic.name for topic in RECORDED_TOPICS))


async def simulator(kafka: KafkaSettings) -> None:
    await write(kafka, *EVENTS)


async def replay(kafka: KafkaSettings) -> None:
    await refuse_other_fairs(kafka, FAIR_ID)
    await write(kafka, *EVENTS)


async def exporter(kafka: KafkaSettings) -> None:
    """Kafka leaves out what the principal may not see, so a missing topic counts as denied."""
    async with admin(kafka) as client, AIOKafkaConsumer(**client_arguments(kafka)) as consumer:
        seen = {one.topic for one in (await look(client, consumer)).partitions}
    for name in (*(topic.name for topic in ALL_TOPICS), OFFSETS, JOURNAL.name):
        if name not in seen:
            raise Refused(f"nothing is seen of topic {name}")
    await check(kafka, *ALL_TOPICS, JOURNAL)


async def dead_letters(kafka: KafkaSettings) -> None:
    await read_letters(kafka)
    await write(kafka, *EVENTS, WAITING, LETTER)


WORK: Final[dict[str, Callable[[KafkaSettings], Awaitable[None]]]] = {
    "worker": worker,
    "topics": topics,
    "gateway": gateway,
    "audit": audit,
    "record": record,
    "badges": register,
    "simulator": simulator,
    "replay": replay,
    "kafka-exporter": exporter,
    "dead-letters": dead_letters,
}
"""What every role does in Kafka. The worker comes first: it creates the journal and Kafka's topic for groups."""


def do(kafka: LocalKafka, principal: str) -> None:
    role = principal.removeprefix("fairpulse-")

    async def work() -> None:
        await WORK[role](settings_of(kafka, principal))

    asyncio.run(work())


@pytest.fixture(scope="module")
def exercised(guarded: LocalKafka) -> LocalKafka:
    """With all rules, every role can do its work."""
    assert {role.name for role in ROLES} == set(WORK)
    for role in WORK:
        do(guarded, f"fairpulse-{role}")
    return guarded


@pytest.mark.parametrize("rule", sorted(RULES), ids=Rule.text)
def test_without_this_rule_its_principal_cannot_do_its_work(exercised: LocalKafka, rule: Rule) -> None:
    with without(exercised, [rule]), pytest.raises(Refused, match=f"{rule.resource.lower()} {rule.name}"):
        do(exercised, rule.principal)
