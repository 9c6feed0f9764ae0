"""The exporter shows Kafka's brokers, leaders, copies and offsets, and also an outage."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from schemas.ports import HOST, free_port
from schemas.settings import KafkaSettings
from schemas.times import wall_ms
from schemas.topics import ALL_TOPICS, SCANS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.workers import eventually

pytestmark = pytest.mark.broker
PARTITIONS = 3
ALL_PARTITIONS = sum(topic.partitions_of(PARTITIONS) for topic in ALL_TOPICS)
OFFSET, LEADER = "kafka_topic_partition_current_offset", "kafka_topic_partition_leader"
BEHIND = "kafka_topic_partition_under_replicated_partition"


@dataclass(frozen=True)
class Exporter:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def shows(self, name: str) -> list[float]:
        """Return a metric's values; if it has a topic label, only the fair's topics. Empty without an answer."""
        try:
            with urlopen(f"http://{HOST}:{self.port}/metrics", timeout=20) as answer:
                text = answer.read().decode()
        except (HTTPException, OSError):
            return []
        return [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and sample.labels.get("topic", "fair.").startswith("fair.")
        ]


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    """Three brokers; the last test of the file takes them down."""
    with LocalKafka.start(nodes=3) as running:
        settings = KafkaSettings(
            bootstrap_servers=running.bootstrap_servers, partitions=PARTITIONS, replication_factor=3
        )
        asyncio.run(ensure_topics(settings))
        yield running


@pytest.fixture
def exporter(kafka: LocalKafka, tmp_path: Path) -> Iterator[Exporter]:
    port, log = free_port(), tmp_path / "exporter.log"
    program = [sys.executable, "-m", "streams", "kafka-exporter", "--every", "0.2", "--port", str(port)]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*program, "--bootstrap-servers", kafka.bootstrap_servers], stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield Exporter(process, port, log)
    finally:
        process.kill()
        process.wait()


async def send(bootstrap_servers: str, records: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all") as producer:
        for number in range(records):
            await producer.send_and_wait(SCANS.name, b"x", partition=number % PARTITIONS)


def test_a_kafka_that_was_never_there_is_told_once_with_its_address(tmp_path: Path) -> None:
    nowhere, log = f"{HOST}:{free_port()}", tmp_path / "exporter.log"
    program = [sys.executable, "-m", "streams", "kafka-exporter", "--every", "0.1", "--port", str(free_port())]
    with log.open("ab") as out:
        process = subprocess.Popen([*program, "--bootstrap-servers", nowhere], stdout=out, stderr=out)
    try:
        told = f"Kafka does not answer brokers={nowhere} error="
        eventually(lambda: told in log.read_text(), "it names the brokers that it asks")
        assert log.read_text().count("Kafka does not answer") == 1
    finally:
        process.terminate()
        assert process.wait(20) == 0
    assert log.read_text().count("Kafka does not answer") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_signal_ends_it_at_once_and_silently_also_while_kafka_is_away(
    kafka: LocalKafka, exporter: Exporter, number: int
) -> None:
    eventually(lambda: exporter.shows("kafka_brokers") == [3], "it runs")
    for node in (1, 2, 3):
        kafka.pause(node)
    try:
        os.kill(exporter.process.pid, number)
        assert exporter.process.wait(30) == 0
        assert "Traceback" not in exporter.log.read_text()
    finally:
        for node in (1, 2, 3):
            kafka.resume(node)


def test_a_taken_port_is_one_line_with_its_remedy(kafka: LocalKafka, exporter: Exporter) -> None:
    eventually(lambda: exporter.shows("kafka_brokers") == [3], "it runs")
    second = subprocess.run(
        [sys.executable, "-m", "streams", "kafka-exporter", "--port", str(exporter.port)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert second.stderr.splitlines()[-1].startswith(f"error: port {exporter.port} cannot be used")
    assert "name another with --port" in second.stderr
    assert "Traceback" not in second.stderr


def test_it_shows_brokers_and_offsets_as_they_are_and_the_loss_of_a_broker_two_and_all(
    kafka: LocalKafka, exporter: Exporter
) -> None:
    eventually(lambda: exporter.shows("kafka_brokers") == [3], "three brokers are shown")
    eventually(lambda: len(exporter.shows(LEADER)) == ALL_PARTITIONS, "every partition has a leader")
    eventually(lambda: exporter.shows(OFFSET) == [0] * ALL_PARTITIONS, "every partition is empty")
    asyncio.run(send(kafka.bootstrap_servers, 7))
    eventually(lambda: sum(exporter.shows(OFFSET)) == 7, "seven records are shown")
    eventually(lambda: sum(exporter.shows("kafka_topic_partition_stable_offset")) == 7, "none waits for a transaction")
    for name, values in {
        "kafka_topic_partition_oldest_offset": [0] * ALL_PARTITIONS,
        "fair_topic_findings": [1] * (len(ALL_TOPICS) - 1),  # its own settings expect eight partitions with one copy
        BEHIND: [0] * ALL_PARTITIONS,
        "kafka_topic_partition_replicas": [3] * ALL_PARTITIONS,
    }.items():
        eventually(lambda name=name, values=values: exporter.shows(name) == values, name)  # type: ignore[misc]
    eventually(lambda: exporter.shows("fair_kafka_answer_seconds") > [0], "how long Kafka takes to answer")
    assert exporter.shows("fair_topics_checked_timestamp_seconds")[0] == pytest.approx(wall_ms() / 1_000, abs=60)

    kafka.kill(1)
    eventually(lambda: exporter.shows("kafka_brokers") == [2], "two brokers are left")
    eventually(lambda: exporter.shows(BEHIND) == [1] * ALL_PARTITIONS, "every partition misses a copy")
    eventually(lambda: set(exporter.shows(LEADER)) == {2, 3}, "the other two lead")
    eventually(lambda: sum(exporter.shows(OFFSET)) == 7, "the offsets are still known")

    kafka.restart(1)
    eventually(lambda: exporter.shows("kafka_brokers") == [3], "the broker is back")
    eventually(lambda: exporter.shows(BEHIND) == [0] * ALL_PARTITIONS, "every copy is back")

    for node in (1, 2, 3):
        kafka.kill(node)
    eventually(lambda: exporter.shows("kafka_brokers") == [0], "no broker is left")
    assert exporter.shows(LEADER) == [], "unknown values are not shown"
    assert exporter.process.poll() is None
    assert "Kafka does not answer" in exporter.log.read_text()
    assert "Traceback" not in exporter.log.read_text()
