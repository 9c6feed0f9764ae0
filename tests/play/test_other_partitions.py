"""Events that belong together are sent to one partition, or not at all: the number of partitions must not change.

Records that Kafka did not take are sent by a replay that is resumed where the first one said.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from producers.play.neighbours import refuse_other_fairs
from schemas.cures import JUDGE
from schemas.errors import InvalidSettings
from schemas.fair.file import example_fair_path
from schemas.partitioning import partition_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, INTERACTIONS, SCANS
from streams.kafka.topics import admin, ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.topics import delete_topics
from tests.support.workers import eventually, read_back

pytestmark = pytest.mark.broker

PARTITIONS = 3
RECORDING = Path(__file__).parents[1] / "recordings" / "gate_outage.fairrec"
NAMES = tuple(topic.name for topic in EVENT_TOPICS)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalKafka]:
    """A Kafka whose topics the tests of this file change."""
    with LocalKafka.start() as kafka:
        yield kafka


@pytest.fixture
def kafka(local: LocalKafka) -> KafkaSettings:
    """The same with empty topics."""
    settings = KafkaSettings(bootstrap_servers=local.bootstrap_servers, partitions=PARTITIONS)
    asyncio.run(make_anew(settings))
    return settings


async def make_anew(kafka: KafkaSettings) -> None:
    await delete_topics(kafka.bootstrap_servers, *NAMES)
    async with admin(kafka) as client:
        while not {*NAMES}.isdisjoint(await client.list_topics()):
            await asyncio.sleep(0.05)
    await ensure_topics(kafka)


async def add_partitions(kafka: KafkaSettings, name: str) -> None:
    async with admin(kafka) as client:
        await client.create_partitions({name: NewPartitions(PARTITIONS + 2)})


def program(kafka: KafkaSettings, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "producers", *words, "--bootstrap-servers", kafka.bootstrap_servers]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def must_lie_by_their_keys(kafka: KafkaSettings) -> int:
    """Fail if a record lies elsewhere than where its key belongs; return how many there are."""
    records = read_back(kafka, *NAMES)
    for topic, partition, _, key, _ in records:
        assert partition == partition_of(key or b"", PARTITIONS), topic
    return len(records)


SIMULATE = ("simulate", "--fair", str(example_fair_path("small")), "--visitors", "100", "--speed", "0")
REPLAY = ("replay", str(RECORDING))


@pytest.mark.parametrize("words", [SIMULATE, REPLAY], ids=["simulate", "replay"])
def test_topics_that_differ_in_their_partitions_get_nothing(kafka: KafkaSettings, words: tuple[str, ...]) -> None:
    asyncio.run(add_partitions(kafka, INTERACTIONS.name))
    sending = program(kafka, *words)
    _, said = sending.communicate(timeout=60)
    assert sending.returncode == 1
    assert said.splitlines()[-1] == (
        f"error: topic fair.badges has 3 partitions, and topic fair.interactions has 5; {JUDGE}"
    )
    assert not read_back(kafka, *NAMES)


def test_partitions_that_are_added_while_events_are_sent_end_that_in_one_line(kafka: KafkaSettings) -> None:
    both = [program(kafka, *SIMULATE, "--rate", "40"), program(kafka, *REPLAY, "--rate", "40")]
    replayed = {record.value for record in Recording(RECORDING).records() if record.topic in NAMES}
    eventually(lambda: len({record[4] in replayed for record in read_back(kafka, *NAMES)}) == 2, "both programs send")
    asyncio.run(add_partitions(kafka, SCANS.name))
    for sending in both:
        _, said = sending.communicate(timeout=60)
        assert sending.returncode == 1
        assert said.splitlines()[-1] == (
            "error: topic fair.scans has 5 partitions now, and had 3 when the first record was sent; " + JUDGE
        )
    assert (stopped := re.search(r"stopped before record ([0-9,]+); go on with --resume (\d+)", said)) is not None
    assert int(stopped[2]) > 0
    must_lie_by_their_keys(kafka)
    asyncio.run(make_anew(kafka))
    sending = program(kafka, *REPLAY)
    _, said = sending.communicate(timeout=60)
    assert sending.returncode == 0, said
    expected = sum(record.topic in NAMES for record in Recording(RECORDING).records())
    assert must_lie_by_their_keys(kafka) == expected


def test_a_resumed_replay_sends_what_kafka_did_not_take_although_it_took_later_records(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    path, keys = tmp_path / "day.fairrec", [b"%d" % number for number in range(200)]
    alone = next(key for key in keys if partition_of(key, PARTITIONS) == 2)
    others = [key for key in keys if partition_of(key, PARTITIONS) != 2][:30]
    with RecordingWriter(path, "small-2025", {SCANS.name: PARTITIONS}, example_fair_path("small").read_bytes()) as to:
        for number, key in enumerate([*others[:10], alone, *others[10:]]):
            value = b'{"fair_id":"small-2025"}'.ljust(90_000 if key == alone else 100)
            to.write(RecordedRecord(SCANS.name, partition_of(key, PARTITIONS), number, 0, key, value))
    asyncio.run(limit_records(kafka, "50000"))
    sending = program(kafka, "replay", str(path))
    _, said = sending.communicate(timeout=60)
    assert sending.returncode == 1
    assert "did not take a record for fair.scans" in said
    there = {key for _, _, _, key, _ in read_back(kafka, SCANS.name)}
    assert alone not in there
    assert there > {*others[:10]}, "later records were taken"
    assert "go on with --resume 10" in said
    asyncio.run(limit_records(kafka, "1000000"))
    sending = program(kafka, "replay", str(path), "--resume", "10")
    _, said = sending.communicate(timeout=60)
    assert sending.returncode == 0, said
    assert {key for _, _, _, key, _ in read_back(kafka, SCANS.name)} == {*others, alone}


async def limit_records(kafka: KafkaSettings, size: str) -> None:
    resource = ConfigResource(ConfigResourceType.TOPIC, SCANS.name, {"max.message.bytes": size})
    async with admin(kafka) as client:
        await client.alter_configs([resource])


async def test_the_newest_event_is_found_behind_the_ends_of_transactions(kafka: KafkaSettings) -> None:
    from aiokafka import AIOKafkaProducer  # noqa: PLC0415 - only this test sends in transactions

    def event(fair: str) -> bytes:
        return b'{"fair_id":"%s"}' % fair.encode()

    servers = kafka.bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id="neighbour") as producer:
        async with producer.transaction():
            await producer.send(SCANS.name, event("small-2025"), partition=0)
        for _ in range(3):
            await producer.begin_transaction()
            await producer.send(SCANS.name, event("given-up-2025"), partition=0)
            await producer.abort_transaction()
    await refuse_other_fairs(kafka, "small-2025")
    with pytest.raises(InvalidSettings, match="events of another fair"):
        await refuse_other_fairs(kafka, "given-up-2025")
