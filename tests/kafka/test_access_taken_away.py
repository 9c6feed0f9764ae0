"""Programs that lose an access rule while they run say which one, and neither lose nor double anything."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import TopicAuthorizationFailedError

from producers.records import RawRecord
from schemas.fair.file import load_fair
from schemas.kafka_access import client_arguments
from schemas.topics import group_prefix
from streams.fold.engine import Engine, group_of
from streams.kafka.access import grant
from streams.kafka.denials import denial
from streams.kafka.principals import ADMIN, Rule
from streams.kafka.topics import admin
from streams.local.kafka import LocalKafka
from streams.worker.seams.thread import hidden_error
from tests.support import builders
from tests.support.access import FAIR_FILE, rules_of, settings_of, take_away, variables, without
from tests.support.builders import LATENESS
from tests.support.gateway import FAIR_ID
from tests.support.workers import WorkerProcess, eventually, must_equal_the_oracle, send

pytestmark = pytest.mark.broker


def scans(number: int, name: str) -> list[object]:
    return [builders.scan(f"{name}-{n}", kind="booth", booth_id="h1-001") for n in range(number)]


async def all_is_committed(kafka: LocalKafka) -> bool:
    settings = kafka.settings(ADMIN)
    group = group_of(Engine(load_fair(FAIR_FILE), LATENESS), 1)
    async with admin(settings) as client, AIOKafkaConsumer(**client_arguments(settings)) as consumer:
        committed = await client.list_consumer_group_offsets(group)
        events = [place for place in committed if place.topic == "fair.scans"]
        ends = await consumer.end_offsets(events)
    return bool(events) and all(committed[place].offset == ends[place] for place in events)


def start(kafka: LocalKafka, log: Path) -> WorkerProcess:
    return WorkerProcess(kafka.bootstrap_servers, log, environment=variables(kafka, "fairpulse-worker"))


WORKER = "fairpulse-worker"


READ = rules_of(WORKER, "Topic", "Read", "fair.scans"), "Read on topic fair.scans"
GROUP = rules_of(WORKER, "Group", "Read"), "Read on group fairpulse-"
JOURNAL = rules_of(WORKER, "Topic", "Write", "fairpulse-"), "Write on topic fairpulse-"
LETTERS = rules_of(WORKER, "Topic", "Write", "fair.rejected"), "Write on topic fair.rejected"


@pytest.mark.parametrize(
    ("rules", "names", "idle"),
    [(*READ, False), (*GROUP, True), (*JOURNAL, False), (*LETTERS, False)],
    ids=["events", "group-idle", "journal", "dead-letters"],
)
def test_a_worker_that_loses_a_right_names_it_and_ends_and_counts_exactly_when_it_has_it_again(
    guarded: LocalKafka, tmp_path: Path, rules: list[Rule], names: str, idle: bool
) -> None:
    writer = settings_of(guarded, "fairpulse-simulator")
    during = [*scans(50, "during"), RawRecord("fair.scans", b"k", b"{not json")]
    worker = start(guarded, tmp_path / "log")
    try:
        worker.wait_ready()
        before = worker.events()
        send(writer, scans(50, "before"))
        worker.wait_events(before + 50)
        if idle:
            eventually(lambda: asyncio.run(all_is_committed(guarded)), "the worker has nothing left to write")
        with without(guarded, rules):
            if not idle:
                send(writer, during)
            assert worker.wait_exit() == 70, worker.said()
        lines = [line for line in worker.said().splitlines() if f"denies fairpulse-worker {names}" in line]
        assert len(lines) == 1, worker.said()
        assert "critical streams.worker.failstop" in lines[0]
        assert "ending the process" in lines[0]
        assert "Traceback" not in worker.said()
    finally:
        worker.kill()
    if idle:
        send(writer, during)
    again = start(guarded, tmp_path / "again")
    try:
        again.wait_ready()
        again.wait_events(before + 100)
        must_equal_the_oracle(settings_of(guarded, "fairpulse-audit"), again, fair_file=FAIR_FILE)
    finally:
        again.stop()


async def test_an_error_that_a_consumer_does_not_report_is_found(guarded: LocalKafka) -> None:
    """Faust never asks for it, and a topic that the consumer may no longer see is not even fetched."""
    settings = settings_of(guarded, WORKER)
    consumer = AIOKafkaConsumer(
        "fair.scans",
        **client_arguments(settings),
        group_id=f"{group_prefix(FAIR_ID)}hidden",
        enable_auto_commit=False,
        heartbeat_interval_ms=100,
        metadata_max_age_ms=200,
    )

    async def found() -> str:
        while (error := hidden_error(consumer)) is None:
            await asyncio.sleep(0.05)
        return str(denial(settings, error, "Read"))

    async with consumer:
        assert hidden_error(consumer) is None
        for rules, names in (READ, GROUP):
            await take_away(guarded, rules)
            try:
                assert f"denies {WORKER} {names}" in await asyncio.wait_for(found(), 30)
            finally:
                await grant(guarded.settings(ADMIN), rules)
            while isinstance(hidden_error(consumer), TopicAuthorizationFailedError):
                await asyncio.sleep(0.05)
