"""`topics --anew`: topics whose records lie in wrong partitions are made again, and nothing is lost on the way."""

import asyncio
import os
import pty
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewPartitions

from producers.play.simulator.emission import Emission
from schemas.cures import MAKE_ANEW
from schemas.fair.file import example_fair_path
from schemas.partitioning import partition_of
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, INTERACTIONS, SCANS, group_prefix, journal_topic
from streams.history.replay import Replay
from streams.kafka.topics import admin, ensure_topics, partitions_of
from streams.local.kafka import LocalKafka
from tests.support.fairpulse import fairpulse
from tests.support.topics import delete_topics
from tests.support.transactions import transactional
from tests.support.workers import fair_of, read_back, send

pytestmark = pytest.mark.broker

FAIR: Final = "ciftis-2025"
GROUP: Final = f"{group_prefix(FAIR)}0123abcd"
JOURNAL: Final = journal_topic(f"{GROUP}-journal-changelog")
EVENTS: Final = fair_of(20, seed=7)
SETTINGS: Final = {"partitions": "4"}
NAMES: Final = [topic.name for topic in EVENT_TOPICS]


@pytest.fixture
def servers() -> Iterator[str]:
    """A Kafka whose topics got partitions while events came; half of the events lie by each number."""
    with LocalKafka.start() as local:
        asyncio.run(altered(local.bootstrap_servers))
        yield local.bootstrap_servers


async def altered(servers: str) -> None:
    kafka = KafkaSettings(bootstrap_servers=servers, partitions=4)
    await ensure_topics(kafka, (*EVENT_TOPICS, JOURNAL))
    await ensure_topics(kafka)
    middle = len(EVENTS) // 2
    await placed(servers, EVENTS[:middle], 4)
    async with admin(kafka) as client:
        await client.create_partitions({name: NewPartitions(6) for name in NAMES})
        while set((await partitions_of(client, kafka, NAMES)).values()) != {6}:
            await asyncio.sleep(0.05)
    await placed(servers, EVENTS[middle:], 6)


async def placed(servers: str, events: list[Emission], partitions: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for one in events:
            at = partition_of(one.key, partitions) if one.key is not None else 0
            await producer.send(one.topic, one.value, one.key, partition=at)


def refusal(servers: str, *command: str) -> str:
    return fairpulse(servers, "topics", "--anew", *command, code=1, **SETTINGS).strip().splitlines()[-1]


def test_partitions_added_during_the_fair_are_cured_by_the_commands_that_are_named(
    servers: str, tmp_path: Path
) -> None:
    file, later = str(tmp_path / "fair.fpr"), str(tmp_path / "later.fpr")
    said = fairpulse(servers, "topics", "--check", code=1, **SETTINGS)
    assert f"WRONG  topic {SCANS.name} has 6 partitions, not 4; {MAKE_ANEW}" in said
    fairpulse(servers, "record", file, "--until", "end")

    assert "nothing was deleted; answer with y on a terminal, or give --yes" in refusal(servers, file)
    cut = tmp_path / "cut.fpr"
    cut.write_bytes(Path(file).read_bytes()[:-200])
    assert "cut.fpr" in refusal(servers, str(cut), "--yes")
    told = refusal(servers, file, "--yes", "--fair", str(example_fair_path("small")))
    assert f"fair.fpr is a recording of the fair {FAIR}, not of" in told
    assert "FAIRPULSE_REPLICATION_FACTOR is 3, and the brokers that answer are 1" in fairpulse(
        servers, "topics", "--anew", file, "--yes", code=1, **SETTINGS, replication_factor="3"
    )
    asyncio.run(refused_while_a_transaction_is_open(servers, file))
    send(servers, EVENTS[:1])
    assert "holds" in (told := refusal(servers, file, "--yes")), told
    assert "fairpulse record FILE --until end" in told
    asyncio.run(refused_while_a_worker_runs(servers, file))

    fairpulse(servers, "record", later, "--until", "end")
    code, said = answered(servers, later, b"n\n")
    assert (code, "nothing was deleted" in said) == (1, True), said
    assert len(read_back(servers)) == len(EVENTS) + 1
    code, said = answered(servers, later, b"y\n")
    assert code == 0, said
    assert JOURNAL.name in said
    assert f"next: run `fairpulse replay {later}`, then start gateways and workers" in said.replace("\r\n", "\n")
    asyncio.run(delete_topics(servers, INTERACTIONS.name))  # as after an interruption
    fairpulse(servers, "topics", "--anew", later, "--yes", **SETTINGS)
    fairpulse(servers, "replay", later, **SETTINGS)

    after = str(tmp_path / "after.fpr")
    fairpulse(servers, "record", after, "--until", "end", **SETTINGS)
    counted = [Replay.of(Path(one)).final().canonical() for one in (later, after)]
    assert counted[0] == counted[1], "the recording that the cure begins with has the same numbers as its end"

    there = read_back(servers)
    assert Counter((topic, key, value) for topic, _, _, key, value in there) == Counter(
        (one.topic, one.key, one.value) for one in (*EVENTS, EVENTS[0])
    )
    events = [(partition, key) for _, partition, _, key, _ in there if key is not None]
    assert all(partition == partition_of(key, 4) for partition, key in events)
    said = fairpulse(servers, "topics", "--check", **SETTINGS)
    assert "0 wrong" in said
    assert JOURNAL.name not in said


def answered(servers: str, file: str, answer: bytes) -> tuple[int, str]:
    """Run the command on a terminal and answer its question; return its exit code and all that it said."""
    ours, its = pty.openpty()
    given = {"FAIRPULSE_BOOTSTRAP_SERVERS": servers, "FAIRPULSE_PARTITIONS": SETTINGS["partitions"]}
    command = [sys.executable, "-m", "streams", "topics", "--anew", file]
    with subprocess.Popen(
        command, env={**os.environ, **given}, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        os.write(ours, answer)
        said, _ = process.communicate(timeout=120)
    os.close(ours)
    os.close(its)
    return process.returncode, said.decode()


async def refused_while_a_transaction_is_open(servers: str, file: str) -> None:
    async with transactional(servers) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(SCANS.name, EVENTS[0].value, EVENTS[0].key, partition=1)
        told = await asyncio.to_thread(refusal, servers, file, "--yes")
        await producer.abort_transaction()
    assert "fair.scans[1] has an open transaction at offset" in told
    assert "kafka-transactions.sh" in told


async def refused_while_a_worker_runs(servers: str, file: str) -> None:
    consumer = AIOKafkaConsumer(SCANS.name, bootstrap_servers=servers, group_id=GROUP)
    await consumer.start()
    try:
        told = await asyncio.to_thread(refusal, servers, file, "--yes")
    finally:
        await consumer.stop()
    assert f"workers of the fair run: consumer group {GROUP} has 1 member; stop all gateways and workers" in told
