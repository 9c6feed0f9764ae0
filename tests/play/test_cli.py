import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from producers.__main__ import producers
from producers.play.run import start_of
from schemas.console import run
from schemas.errors import InvalidSettings, MustStop
from schemas.fair.file import example_fair_path
from schemas.fair.model import Fair
from schemas.settings import KafkaSettings
from schemas.times import epoch_ms
from schemas.topics import EVENT_TOPICS
from streams.kafka.topics import ensure_topics

SMALL = ("--fair", str(example_fair_path("small")), "--visitors", "100")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("FAIRPULSE_") and name != "FAIRPULSE_TEST_BROKER":
            monkeypatch.delenv(name)


def test_a_dry_run_counts_what_would_be_sent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(producers, ["simulate", *SMALL, "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert "fair.scans entry" in shown.out
    assert "fair.deals signed" in shown.out
    assert "complete: " in shown.err


def test_a_dry_run_writes_the_ledger_of_the_events_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    assert run(producers, ["simulate", *SMALL, "--dry-run", "--events", "321", "--ledger", str(path)]) == 0
    ledger = json.loads(path.read_text())
    assert (ledger["records"], ledger["seed"], ledger["scenario"]) == (321, 1, "fair_day")


def test_no_kafka_ends_with_one_line_that_names_it_and_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert run(producers, ["simulate", *SMALL, "--bootstrap-servers", f"127.0.0.1:{port}"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"error: no Kafka answers at 127.0.0.1:{port} (nothing listens there); ")
    assert "fairpulse kafka" in error


def test_a_ledger_that_cannot_be_written_is_said_before_anything_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(producers, ["simulate", *SMALL, "--dry-run", "--ledger", "/no/such/folder/ledger.json"]) == 1
    assert "--ledger" in capsys.readouterr().err


def test_a_scenario_that_does_not_exist_is_wrong_usage() -> None:
    assert run(producers, ["simulate", "--scenario", "picnic"]) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", "2025-10-26T00:00:00+02:00"), ("2025-10-25T08:30", "2025-10-25T08:30:00+02:00")],
)
def test_a_start_is_a_day_or_a_time_at_the_venue(text: str, expected: str, fair: Fair) -> None:
    assert start_of(text, fair) == epoch_ms(datetime.fromisoformat(expected))


@pytest.mark.parametrize("text", ["0", "3", "soon", "2024-10-25T08:30"])
def test_a_start_outside_the_fair_is_refused(text: str, fair: Fair) -> None:
    with pytest.raises(InvalidSettings, match="give a day from 1 to 2"):
        start_of(text, fair)


@pytest.mark.broker
def test_ctrl_c_flushes_writes_the_ledger_and_ends_with_130(kafka: Any, tmp_path: Path) -> None:
    # Another test may have created the topics on this Kafka, with as many partitions as it liked.
    with suppress(MustStop):
        asyncio.run(ensure_topics(KafkaSettings.load(bootstrap_servers=kafka.bootstrap_servers)))
    path = tmp_path / "ledger.json"
    before = asyncio.run(records_in(kafka.bootstrap_servers))
    options = ["--speed", "0", "--rate", "200", "--ledger", str(path), "--bootstrap-servers", kafka.bootstrap_servers]
    command = [sys.executable, "-m", "producers", "simulate", *SMALL, *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    first_line = process.stderr.readline()  # the first picture of the progress: it is sending
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    records = json.loads(path.read_text())["records"]
    assert "acknowledged" in first_line
    assert records == asyncio.run(records_in(kafka.bootstrap_servers)) - before > 100
    assert error.splitlines()[-1].startswith(f"stopped: {records:,} records acknowledged in ")


async def records_in(bootstrap_servers: str) -> int:
    """Return how many records the event topics hold."""
    consumer = AIOKafkaConsumer(*(topic.name for topic in EVENT_TOPICS), bootstrap_servers=bootstrap_servers)
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(consumer.assignment())).values())
    finally:
        await consumer.stop()
