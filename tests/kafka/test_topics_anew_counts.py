"""Partitions that are added while the fair runs: the worker ends, and the cure that it names makes the numbers right.

A stale producer goes on by the old number, and others send by the new one, until the topics are made anew.
"""

import asyncio
from pathlib import Path
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions

from producers.play.simulator.emission import Emission
from schemas.cures import MAKE_ANEW
from schemas.fair.file import example_fair_path
from schemas.partitioning import partition_of
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, INTERACTIONS, SCANS, Topic, group_prefix
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle
from streams.history.letters import read_letters
from streams.kafka.topics import admin, ensure_topics, partitions_of
from streams.worker.failstop import EXIT_MUST_STOP
from tests.support.builders import LATENESS
from tests.support.fairpulse import fairpulse
from tests.support.remedies import told
from tests.support.workers import WATCHFUL, WorkerProcess, eventually, fair_of, must_equal_the_oracle

pytestmark = pytest.mark.broker
PARTITIONS, MORE = 4, 6
EVENTS: Final = fair_of(30, seed=11)


async def sent(servers: str, events: list[Emission], partitions: int) -> None:
    """Send events, each to the partition that a producer chooses which knows of this many."""
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for one in events:
            at = partition_of(one.key, partitions) if one.key is not None else 0
            await producer.send(one.topic, one.value, one.key, partition=at)


async def add_partitions(kafka: KafkaSettings, names: list[str]) -> None:
    async with admin(kafka) as client:
        await client.create_partitions({name: NewPartitions(MORE) for name in names})
        while set((await partitions_of(client, kafka, names)).values()) != {MORE}:
            await asyncio.sleep(0.05)


async def members(kafka: KafkaSettings) -> int:
    async with admin(kafka) as client:
        names = [
            name for name, *_ in await client.list_consumer_groups() if name.startswith(group_prefix("ciftis-2025"))
        ]
        answers = await client.describe_consumer_groups(names)
    return sum(len(group[5]) for answer in answers for group in answer.groups)


@pytest.mark.parametrize(
    "topics", [pytest.param([SCANS, INTERACTIONS], marks=pytest.mark.long), list(EVENT_TOPICS)], ids=["two", "all"]
)
def test_the_numbers_are_those_of_the_fair_after_the_named_cure(
    broker: str, tmp_path: Path, topics: list[Topic]
) -> None:
    kafka = KafkaSettings(bootstrap_servers=broker, partitions=PARTITIONS)
    asyncio.run(ensure_topics(kafka))
    names = [topic.name for topic in topics]
    first, later, last = EVENTS[:200], EVENTS[200:400], EVENTS[400:]
    worker = WorkerProcess(broker, tmp_path / "first.log", partitions=PARTITIONS, program=WATCHFUL)
    try:
        asyncio.run(sent(broker, first, PARTITIONS))
        must_equal_the_oracle(broker, worker.wait_ready())
        before = asyncio.run(read_letters(kafka)).letters
        asyncio.run(add_partitions(kafka, names))
        asyncio.run(sent(broker, later, PARTITIONS))
        assert worker.wait_exit() == EXIT_MUST_STOP
    finally:
        worker.kill()
    assert MAKE_ANEW in worker.said()
    asyncio.run(sent(broker, [one for one in last if one.topic in names], MORE))
    asyncio.run(sent(broker, [one for one in last if one.topic not in names], PARTITIONS))

    eventually(lambda: asyncio.run(members(kafka)) == 0, "Kafka has forgotten the worker")
    file = str(tmp_path / "fair.fpr")
    fairpulse(broker, "record", file, "--until", "end")
    fairpulse(broker, "topics", "--anew", file, "--yes", partitions=str(PARTITIONS))
    fairpulse(broker, "replay", file, partitions=str(PARTITIONS))
    worker = WorkerProcess(broker, tmp_path / "second.log", partitions=PARTITIONS, program=WATCHFUL)
    try:
        must_equal_the_oracle(broker, worker.wait_ready())
        report = worker.report()
    finally:
        assert worker.stop() == 0, worker.said()
    whole = Oracle(example_fair_path(), LATENESS, {topic.name: PARTITIONS for topic in EVENT_TOPICS}).read(
        [
            (one.topic, partition_of(one.key, PARTITIONS) if one.key is not None else 0, offset, one.key, one.value)
            for offset, one in enumerate(EVENTS)
        ]
    )
    assert report is not None
    assert told(differences(whole, [report])) == ""
    after = asyncio.run(read_letters(kafka)).letters
    assert before.items() <= after.items(), "letters of the old log are kept"
    assert "0 wrong" in fairpulse(broker, "topics", "--check", partitions=str(PARTITIONS))
