"""`fairpulse topics --check` names each fault of the topics with its one cure, and the cure ends it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.cures import (
    AFTER_COMPACTION,
    CORRECT,
    CORRECT_COMPACTED,
    CORRECT_COMPACTED_REGISTRY,
    CORRECT_COMPACTED_UNRESOLVED,
    FOLD_ANEW,
    FOLD_ANEW_OR_FORGET,
    MAKE_ANEW,
    MAKE_PART_ANEW,
    REGISTER_ANEW,
    REGISTRY_AFTER_COMPACTION,
    UNRESOLVED_AFTER_COMPACTION,
    UNRESOLVED_ANEW,
)
from schemas.errors import MustStop
from schemas.partitioning import partition_of
from schemas.settings import KafkaSettings
from schemas.topics import (
    ALL_TOPICS,
    BADGE_CODES,
    EVENT_TOPICS,
    INTERACTIONS,
    REJECTED,
    SCANS,
    TERMINALS,
    UNRESOLVED,
    group_prefix,
    is_journal,
    journal_topic,
)
from streams.kafka.checking import REDRIVE, CheckLine, check_topics
from streams.kafka.cluster import Cluster, Partition
from streams.kafka.correcting import correct_topics
from streams.kafka.exporter import topic_findings
from streams.kafka.judgement import Evidence, cure_for
from streams.kafka.sampling import SampledEvent
from streams.kafka.topics import admin, create_topics, ensure_topics, partitions_of
from streams.local.kafka import LocalKafka
from tests.support.fairpulse import fairpulse
from tests.support.topics import delete_topics
from tests.support.workers import fair_of

pytestmark = pytest.mark.broker

FAIR: Final = "ciftis-2025"
JOURNAL: Final = journal_topic(f"{group_prefix(FAIR)}0123abcd-journal-changelog")
TOPICS: Final = (*ALL_TOPICS, JOURNAL)
WRONG: Final = {
    "cleanup.policy": "compact",
    "retention.ms": "60000",
    "retention.bytes": "1000000",
    "message.timestamp.type": "CreateTime",
    "max.message.bytes": "2000",
}
COMPACTED: Final = {
    **{topic.name: CORRECT_COMPACTED for topic in EVENT_TOPICS},
    TERMINALS.name: CORRECT_COMPACTED_REGISTRY,
    UNRESOLVED.name: CORRECT_COMPACTED_UNRESOLVED,
}
"""The cures of topics from which compaction removes records without a trace."""
OWN: Final = {"segment.ms": "86400000"}
"""A setting that no declaration mentions."""
PARTITIONS: Final = 4
EVENTS: Final = fair_of(20, seed=7)


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    with LocalKafka.start() as local:
        yield local.bootstrap_servers


@pytest.fixture
def kafka(servers: str) -> KafkaSettings:
    """Settings of a Kafka with the topics of a fair and one journal, all without records."""
    settings = KafkaSettings(bootstrap_servers=servers, partitions=PARTITIONS)
    asyncio.run(made_fresh(settings))
    return settings


async def made_fresh(settings: KafkaSettings) -> None:
    async with admin(settings) as client:
        there = [name for name in await client.list_topics() if not name.startswith("__")]
        if there:
            await client.delete_topics(there)
        while set(there) & set(await client.list_topics()):
            await asyncio.sleep(0.05)
    await ensure_topics(settings, TOPICS)


async def check(kafka: KafkaSettings, fair_id: str | None = FAIR) -> list[CheckLine]:
    """Return what is not as it should be."""
    return [line for line in await check_topics(kafka, fair_id) if line.word != "OK"]


async def alter(client: AIOKafkaAdminClient, name: str, settings: dict[str, str]) -> None:
    [answer] = await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, settings)])
    assert [code for code, *_ in answer.resources] == [0]


@asynccontextmanager
async def producing(kafka: KafkaSettings, **options: object) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, **options) as producer:
        yield producer


async def send(kafka: KafkaSettings, partitions: int = PARTITIONS) -> None:
    """Send a small fair, each event to the partition of its key in a topic with this many partitions."""
    async with producing(kafka) as producer:
        for one in EVENTS:
            at = partition_of(one.key, partitions)
            await producer.send(one.topic, one.value, one.key, partition=at)


def test_every_wrong_setting_of_every_topic_is_named_corrected_and_gone_and_others_stay(kafka: KafkaSettings) -> None:
    async def scenario() -> None:
        async with admin(kafka) as client:
            for topic in TOPICS:
                await alter(client, topic.name, {**topic.config(), **WRONG, **OWN})
        wrong = {topic: {name: one for name, one in WRONG.items() if one != topic.config()[name]} for topic in TOPICS}
        count = sum(map(len, wrong.values()))
        while len(lines := await check(kafka)) < count:
            await asyncio.sleep(0.05)
        for topic in TOPICS:
            named = [line for line in lines if line.topic == topic.name]
            assert {line.word for line in named} == {"WRONG"}
            for setting, value in wrong[topic].items():
                wanted = topic.config()[setting]
                cure = COMPACTED.get(topic.name, CORRECT) if setting == "cleanup.policy" else CORRECT
                assert f"topic {topic.name} has {setting}={value}, not {wanted}; {cure}" in [
                    line.text for line in named
                ]
        done = await correct_topics(kafka, FAIR)
        assert len(done) == count
        events = {f"topic {topic.name} now has cleanup.policy=delete; {AFTER_COMPACTION}" for topic in EVENT_TOPICS}
        assert {line for line in done if ";" in line} == {
            *events,
            f"topic {TERMINALS.name} now has cleanup.policy=delete; {REGISTRY_AFTER_COMPACTION}",
            f"topic {UNRESOLVED.name} now has cleanup.policy=delete; {UNRESOLVED_AFTER_COMPACTION}",
        }
        assert await check(kafka) == []
        async with admin(kafka) as client:
            for topic in TOPICS:
                [answer] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
                there = {name: value for name, value, *_ in answer.resources[0][4]}
                assert there["segment.ms"] == OWN["segment.ms"]

    asyncio.run(scenario())


def test_the_command_says_ok_or_wrong_with_its_exit_code(kafka: KafkaSettings) -> None:
    said = fairpulse(kafka.bootstrap_servers, "topics", "--check", partitions="4")
    assert "OK     topic fair.scans is as declared" in said
    assert "records with any codec are read here: gzip, snappy, lz4, zstd" in said
    asyncio.run(delete_topics(kafka.bootstrap_servers, REJECTED.name))
    said = fairpulse(kafka.bootstrap_servers, "topics", "--check", code=1, partitions="4")
    assert "WRONG  topic fair.rejected does not exist; create the topics with `fairpulse topics --create`" in said
    fairpulse(kafka.bootstrap_servers, "topics", "--create", "--check", partitions="4")


@pytest.mark.parametrize("count", [2, 6])
def test_dead_letters_may_have_more_partitions_and_get_those_that_they_lack(kafka: KafkaSettings, count: int) -> None:
    async def scenario() -> None:
        async with admin(kafka) as client:
            await client.delete_topics([REJECTED.name])
            while REJECTED.name in await client.list_topics():
                await asyncio.sleep(0.05)
            await create_topics(client, kafka.model_copy(update={"partitions": count}), [REJECTED])
        while REJECTED.name not in await partitions_now(kafka):
            await asyncio.sleep(0.05)
        lines = await check(kafka)
        assert [line.topic for line in lines] == ([REJECTED.name] if count < PARTITIONS else [])
        assert await ensure_topics(kafka, TOPICS) == []
        assert (await partitions_now(kafka))[REJECTED.name] == max(count, PARTITIONS)
        assert await check(kafka) == []

    asyncio.run(scenario())


async def partitions_now(kafka: KafkaSettings) -> dict[str, int]:
    async with admin(kafka) as client:
        return await partitions_of(client, kafka, [topic.name for topic in TOPICS])


@pytest.mark.parametrize("records", [False, True], ids=["empty", "with events"])
def test_a_number_set_by_mistake_is_set_right(kafka: KafkaSettings, records: bool) -> None:
    async def scenario() -> None:
        if records:
            await send(kafka)
        mistaken = kafka.model_copy(update={"partitions": 6})
        with pytest.raises(MustStop, match="has 4 partitions, not 6; set FAIRPULSE_PARTITIONS=4"):
            await ensure_topics(mistaken, fair_id=FAIR)
        texts = [line.text for line in await check(mistaken)]
        assert f"topic {SCANS.name} has 4 partitions, not 6; set FAIRPULSE_PARTITIONS=4" in texts
        assert await check(kafka) == []

    asyncio.run(scenario())


async def counted_on(kafka: KafkaSettings) -> None:
    """Let the workers of the journal begin their next generation."""
    await ensure_topics(kafka, [journal_topic(f"{group_prefix(FAIR)}0123abcd-g2-journal-changelog")])


async def deleted(kafka: KafkaSettings) -> None:
    async with admin(kafka) as client:
        names = [name for name in await client.list_topics() if is_journal(name) and name != JOURNAL.name]
    await delete_topics(kafka.bootstrap_servers, *names)


@pytest.mark.parametrize(
    ("group", "cure"),
    [("ciftis-2025-0123abcd", counted_on), ("ciftis-2025-89abcdef", deleted), ("expo-2024-0123abcd", deleted)],
    ids=["of workers that run", "of an older version", "of another fair"],
)
def test_a_journal_with_another_number_is_told_by_the_check_alone_until_it_is_replaced_or_deleted(
    kafka: KafkaSettings, group: str, cure: Callable[[KafkaSettings], Awaitable[None]]
) -> None:
    name = f"fairpulse-{group}-journal-changelog"

    async def scenario() -> None:
        await send(kafka)
        if name == JOURNAL.name:
            async with admin(kafka) as client:
                await client.create_partitions({name: NewPartitions(6)})
            while (await partitions_now(kafka))[name] != 6:
                await asyncio.sleep(0.05)
        else:
            await ensure_topics(kafka.model_copy(update={"partitions": 6}), [journal_topic(name)])
        says = f"topic {name} has 6 partitions, not 4; {FOLD_ANEW_OR_FORGET}"
        assert [line.text for line in await check(kafka, None)] == [says]
        fair = group.rpartition("-")[0]
        assert [line.text for line in await check(kafka, fair)] == [says]
        assert await check(kafka, "another-fair") == []
        async with admin(kafka) as client:
            seen = Cluster((), tuple(Partition(one, 0, 1, 1, 1) for one in await client.list_topics()), 0.0)
            assert name in {one.topic for one in seen.partitions}
            assert await topic_findings(client, kafka, seen, set()) == []
        await cure(kafka)
        while await check(kafka, None):
            await asyncio.sleep(0.05)

    asyncio.run(scenario())


def test_events_in_wrong_partitions_are_named_with_the_cure_that_fits_how_many_they_are(kafka: KafkaSettings) -> None:
    async def scenario() -> None:
        await send(kafka)
        stray = next(one for one in EVENTS if one.topic == SCANS.name and partition_of(one.key, PARTITIONS) != 0)
        async with producing(kafka) as producer:
            placed = await producer.send_and_wait(SCANS.name, stray.value, stray.key, partition=0)
        [line] = await check(kafka)
        assert line.word == "WRONG"
        assert f"the first one at offset {placed.offset}; {REDRIVE}" in line.text
        await made_fresh(kafka)
        await send(kafka, partitions=3)
        lines = await check(kafka)
        assert {line.topic for line in lines} >= {SCANS.name, INTERACTIONS.name}
        assert all(line.text.endswith(MAKE_ANEW) for line in lines)

    asyncio.run(scenario())


def test_a_log_whose_beginning_is_gone_is_a_risk_with_a_state_and_wrong_without(kafka: KafkaSettings) -> None:
    async def scenario() -> None:
        await send(kafka)
        async with admin(kafka) as client:
            await client.delete_records({TopicPartition(SCANS.name, 1): RecordsToDelete(before_offset=2)})
        [line] = await check(kafka)
        assert line.word == "WRONG"
        assert line.text.startswith("fair.scans[1] begins at offset 2: older records are gone, so the numbers")
        assert line.text.endswith(MAKE_PART_ANEW)
        async with producing(kafka) as producer:
            for _ in range(3):
                await producer.send_and_wait(JOURNAL.name, b"x", b"k", partition=0)
        [line] = await check(kafka)
        assert (line.word, line.topic) == ("RISK", SCANS.name)
        async with admin(kafka) as client:
            await client.delete_records({TopicPartition(JOURNAL.name, 0): RecordsToDelete(before_offset=1)})
        assert f"{JOURNAL.name}[0] begins at offset 1: older records are gone; {FOLD_ANEW_OR_FORGET}" in [
            line.text for line in await check(kafka)
        ]

    asyncio.run(scenario())


def test_another_team_sees_from_the_topics_which_of_its_records_would_count(kafka: KafkaSettings) -> None:
    said = fairpulse(kafka.bootstrap_servers, "topics", "conform", "--live", code=1, partitions="4")
    assert "the event topics hold no record; send some, then run the command again" in said
    [scan, *_] = [one for one in EVENTS if one.topic == SCANS.name and one.key]
    at = partition_of(scan.key, PARTITIONS)

    async def scenario() -> None:
        async with producing(kafka) as producer, producing(kafka, transactional_id="hangs") as holder:
            await producer.send_and_wait(SCANS.name, scan.value, scan.key, partition=at)
            said = await asyncio.to_thread(conform)
            assert said.endswith("1 of 1 records would count\n")
            for value, key, place in ((scan.value, scan.key, at ^ 1), (b"{", scan.key, at)):
                await producer.send_and_wait(SCANS.name, value, key, partition=place)
            await holder.begin_transaction()
            await holder.send_and_wait(SCANS.name, scan.value, scan.key, partition=at ^ 2)
            said = await asyncio.to_thread(conform, 1)
            assert f"the first at fair.scans[{at ^ 1}] offset 0: it lies in another partition" in said
            assert f"the first at fair.scans[{at}] offset 1: the record is not a JSON object in UTF-8" in said
            assert "NOTE   1 offset waits behind an open transaction, not read\n" in said
            assert said.endswith("1 of 3 records would count\n")
            await holder.abort_transaction()
        assert "behind" not in await asyncio.to_thread(conform, 1)

    def conform(code: int = 0) -> str:
        return fairpulse(kafka.bootstrap_servers, "topics", "conform", "--live", code=code, partitions="4")

    asyncio.run(scenario())


def test_a_transaction_that_stays_open_is_named_with_the_command_that_ends_it(kafka: KafkaSettings) -> None:
    async def scenario() -> None:
        async with producing(kafka, transactional_id="hangs") as producer:
            await producer.begin_transaction()
            one = EVENTS[0]
            await producer.send_and_wait(one.topic, one.value, one.key, partition=2)
            [line] = await check(kafka)
            assert line.word == "RISK"
            assert f"--topic {one.topic} --partition 2 --start-offset 0`" in line.text
            await producer.abort_transaction()
        assert await check(kafka) == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("topic", "events", "others", "at", "cure"),
    [
        (SCANS.name, {"fair.scans": 12}, {}, [], "set FAIRPULSE_PARTITIONS=12"),
        (SCANS.name, {"fair.scans": 12, "fair.deals": 8}, {}, [], MAKE_ANEW),
        (SCANS.name, {"fair.scans": 12}, {"j": 12}, [], "set FAIRPULSE_PARTITIONS=12"),
        (SCANS.name, {"fair.scans": 12}, {"j": 8}, [], MAKE_ANEW),
        (SCANS.name, {"fair.scans": 12}, {}, [12], "set FAIRPULSE_PARTITIONS=12"),
        (SCANS.name, {"fair.scans": 12}, {}, [12, 8], MAKE_ANEW),
        (JOURNAL.name, {"fair.scans": 8}, {"j": 12}, [8], FOLD_ANEW),
        (JOURNAL.name, {"fair.scans": 8}, {"j": 4}, [4], MAKE_ANEW),
        (BADGE_CODES.name, {"fair.scans": 12}, {BADGE_CODES.name: 12}, [12], "set FAIRPULSE_PARTITIONS=12"),
        (UNRESOLVED.name, {"fair.scans": 12}, {UNRESOLVED.name: 12}, [], "set FAIRPULSE_PARTITIONS=12"),
        (BADGE_CODES.name, {"fair.scans": 12}, {BADGE_CODES.name: 12}, [12, 8], MAKE_ANEW),
        (BADGE_CODES.name, {"fair.scans": 8}, {BADGE_CODES.name: 12}, [8], REGISTER_ANEW),
        (UNRESOLVED.name, {"fair.scans": 8}, {UNRESOLVED.name: 4}, [], UNRESOLVED_ANEW),
        (UNRESOLVED.name, {}, {UNRESOLVED.name: 4}, [], UNRESOLVED_ANEW),
    ],
)
def test_the_cure_follows_from_counts_journals_and_places(
    topic: str, events: dict[str, int], others: dict[str, int], at: list[int], cure: str
) -> None:
    names = [f"badge-{number}".encode() for number in range(99)]
    keys = [next(name for name in names if len({partition_of(name, count) for count in (4, 8, 12)}) == 3)]
    oldest = [SampledEvent(SCANS.name, partition_of(key, count), 0, key) for key in keys for count in at]
    register = {name: count for name, count in others.items() if name in (BADGE_CODES.name, UNRESOLVED.name)}
    journals = {name: count for name, count in others.items() if name not in register}
    assert cure_for(topic, Evidence(8, events, journals, register, oldest)) == cure
