"""A Kafka on this machine: it starts, keeps what it should, and leaves nothing behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import InvalidSettings, Unavailable
from schemas.ports import HOST, free_port
from streams.local.kafka import LocalKafka, cluster_id_of
from streams.local.readiness import cluster_members

pytestmark = pytest.mark.broker

FOREGROUND = "import sys; from schemas.console import run; from streams.local.cli import kafka; sys.exit(run(kafka))"
PARENT = """
import signal
from streams.local.kafka import LocalKafka
with LocalKafka.start() as kafka:
    print(kafka.pid(), kafka.data_dir, flush=True)
    signal.pause()
"""


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


@pytest.fixture
def local() -> Iterator[LocalKafka]:
    with LocalKafka.start() as kafka:
        yield kafka


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python programs whose temporary directory is `tmp_path`; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start(source: str, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        child = subprocess.Popen(
            [sys.executable, "-c", source, *arguments],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


async def create(servers: str, topic: str, copies: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=copies)])
    finally:
        await admin.close()


async def send(servers: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        await asyncio.wait_for(producer.send_and_wait(topic, value), 60)


async def stored(servers: str, topic: str) -> list[bytes]:
    async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(end)]


async def test_a_started_kafka_stores_and_returns_a_record(local: LocalKafka) -> None:
    await create(local.bootstrap_servers, "greetings")
    await send(local.bootstrap_servers, "greetings", b"hello")
    assert await stored(local.bootstrap_servers, "greetings") == [b"hello"]


def test_a_killed_node_comes_back_on_the_same_port_with_the_same_cluster(local: LocalKafka) -> None:
    address, cluster = local.bootstrap_servers, local.cluster_id
    local.kill()
    assert local.pid() is None
    local.restart()
    assert (local.bootstrap_servers, local.cluster_id) == (address, cluster)


def test_a_paused_node_answers_again_when_it_is_resumed(local: LocalKafka) -> None:
    port = int(local.bootstrap_servers.rpartition(":")[2])
    local.pause()
    until(lambda: cluster_members(HOST, port) == set(), "every thread of it has stopped")
    local.resume()
    until(lambda: cluster_members(HOST, port) == {1}, "the resumed node answers")


def test_a_node_that_ends_by_itself_is_reported_and_its_log_outlives_the_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LocalKafka.start() as local:
        pid = local.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match=r"node 1 ended with exit code -9") as ended:
            local.wait()
    assert Path(ended.value.hint.removeprefix("full log: ")).is_file()
    assert not list(tmp_path.rglob("data"))


async def test_data_survive_a_stop_and_a_start_on_the_same_directory(tmp_path: Path) -> None:
    with LocalKafka.start(data_dir=tmp_path / "fair") as first:
        cluster = first.cluster_id
        await create(first.bootstrap_servers, "kept")
        await send(first.bootstrap_servers, "kept", b"still here")
        with pytest.raises(Unavailable, match="another local Kafka uses"):
            LocalKafka.start(data_dir=tmp_path / "fair")
    with LocalKafka.start(data_dir=tmp_path / "fair") as second:
        assert second.cluster_id == cluster
        assert await stored(second.bootstrap_servers, "kept") == [b"still here"]
    with pytest.raises(InvalidSettings, match="holds a cluster of 1 nodes, not of 3"):
        LocalKafka.start(data_dir=tmp_path / "fair", nodes=3)


def test_a_stop_leaves_no_process_and_no_directory_and_may_be_repeated() -> None:
    kafka = LocalKafka.start()
    pid = kafka.pid()
    assert pid
    kafka.stop()
    kafka.stop()
    assert not is_running(pid)
    assert not kafka.data_dir.exists()


def test_a_taken_port_is_refused_with_the_remedy_before_anything_starts() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} is taken by another program; choose another with --port"):
            LocalKafka.start(port=port)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("log.retention.hours", "soon", "could not be formatted (exit code 1): "),
        ("metric.reporters", "org.example.Missing", "ended while starting with exit code 1: "),
    ],
)
def test_a_kafka_that_cannot_start_says_why_in_one_line_and_keeps_its_log(
    name: str, value: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable) as refused:
        LocalKafka.start(data_dir=tmp_path / "fair", properties={name: value})
    assert what in refused.value.message
    assert value in refused.value.message
    assert "\n" not in str(refused.value)
    assert value in (tmp_path / "fair" / "node-1" / "kafka.log").read_text()


def test_a_port_that_somebody_takes_in_between_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as faster:
        taken = faster.getsockname()[1]
        draws = iter([free_port(), taken])
        monkeypatch.setattr("streams.local.kafka.free_port", lambda besides: next(draws, 0) or free_port(besides))
        with LocalKafka.start() as kafka:
            assert str(taken) not in kafka.bootstrap_servers


def test_kafka_dies_with_a_parent_that_is_killed(program: Callable[..., subprocess.Popen[str]]) -> None:
    parent = program(PARENT)
    assert parent.stdout
    pid = int(parent.stdout.readline().split()[0])
    assert is_running(pid)
    parent.kill()
    until(lambda: not is_running(pid), "the orphaned Kafka ends")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_stops_cleanly_and_leaves_no_process_and_no_directory(
    stop: signal.Signals, program: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    port = free_port()
    command = program(FOREGROUND, "--port", str(port))
    assert command.stdout
    assert f"Kafka is ready at 127.0.0.1:{port}" in command.stdout.readline()
    (pid,) = children(command.pid)
    assert command.stdout.readline() == f"For the other programs, set FAIRPULSE_BOOTSTRAP_SERVERS=127.0.0.1:{port}\n"
    command.send_signal(stop)
    output, errors = command.communicate(timeout=30)
    code = 129 if stop == signal.SIGHUP else 0
    assert (command.returncode, output) == (code, "Kafka has stopped.\n")
    assert errors == "starting Kafka (the first run downloads 45 MB) ...\n"
    assert not is_running(pid)
    assert list(tmp_path.iterdir()) == []


def test_the_command_reports_a_kafka_that_was_killed(program: Callable[..., subprocess.Popen[str]]) -> None:
    port = free_port()
    command = program(FOREGROUND, "--port", str(port))
    assert command.stdout
    command.stdout.readline()
    (pid,) = children(command.pid)
    os.kill(pid, signal.SIGKILL)
    _, errors = command.communicate(timeout=30)
    assert command.returncode == 1
    assert errors.splitlines()[1].startswith("error: Kafka node 1 ended with exit code -9: ")
    assert Path(errors.rpartition("full log: ")[2].strip()).exists()


async def test_three_nodes_are_one_cluster_and_survive_the_loss_of_one() -> None:
    with LocalKafka.start(nodes=3) as three:
        await create(three.bootstrap_servers, "copied", copies=3)
        await send(three.bootstrap_servers, "copied", b"with three")
        three.kill(1)
        await send(three.bootstrap_servers, "copied", b"with two")
        three.restart(1)
        assert await stored(three.bootstrap_servers, "copied") == [b"with three", b"with two"]


def test_a_cluster_id_never_looks_like_an_option() -> None:
    ids = [cluster_id_of(uuid.UUID(int=first << 120)) for first in range(256)]
    assert all(len(one) == 22 and one[0].isalpha() for one in ids)
