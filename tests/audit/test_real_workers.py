"""An audit beside real workers, while topics change under both: it is green only about what both have counted.

Each test carries its cure out to the end, with the commands that the message names. The events are scans with a badge
each, so they are counted by hand.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import NewPartitions
from click import Command
from click.testing import CliRunner
from prometheus_client import CollectorRegistry
from rich.console import Console

from producers.play.cli import replay
from producers.records import RawRecord, record_of
from schemas.cures import FOLD_ANEW, MAKE_ANEW
from schemas.errors import FairpulseError
from schemas.events import VisitorScan
from schemas.fair.file import example_fair_path
from schemas.partitioning import partition_of
from schemas.settings import KafkaSettings
from streams.audit.run import AuditPlan, audit, plan_from, report_lines
from streams.audit.watch import Watch
from streams.history.cli import record
from streams.history.letters_cli import dead_letters
from streams.history.rebuild import rebuild_beside
from streams.kafka.cli import topics
from streams.kafka.topics import admin
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS
from tests.support.examples import example_event
from tests.support.logs import PARTITIONS, clean, send_raw, sent_as
from tests.support.transactions import put, transactional
from tests.support.workers import WorkerProcess, eventually

pytestmark = pytest.mark.broker
FAIR_FILE = example_fair_path()
GENERATIONS = count(2)
"""Each worker of this file folds anew."""


def scan(badge: str = "") -> VisitorScan:
    return replace(example_event(VisitorScan), event_id=str(uuid4()), badge_ref=badge or uuid4().hex)


def scans(number: int) -> list[RawRecord]:
    return [record_of(scan()) for _ in range(number)]


def badge_in(partition: int) -> str:
    """Return a badge whose events belong to a partition."""
    badges = (uuid4().hex for _ in count())
    return next(one for one in badges if partition_of(one.encode(), PARTITIONS) == partition)


@dataclass
class Stage:
    """A Kafka, a worker, and an audit that watches.

    Attributes:
        folder: for files and logs.
    """

    servers: str
    folder: Path
    cleanup: ExitStack
    worker: WorkerProcess = field(init=False)
    watching: Watch = field(init=False)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def start(self, events: int, **settings: str) -> None:
        """Start a worker of a new generation in place of the one before, and wait until it has counted."""
        begun = getattr(self, "worker", None)
        if begun is not None:
            begun.kill()
            settings["metrics_port"] = str(begun.port)
        settings = {"generation": str(next(GENERATIONS))} | settings
        self.worker = WorkerProcess(self.servers, self.folder / "worker.log", partitions=PARTITIONS, **settings)
        self.worker.port = begun.port if begun is not None else self.worker.port
        self.cleanup.callback(self.worker.kill)
        self.worker.wait_ready().wait_events(events)
        if begun is None:
            self.watching = Watch(self.plan, self.registry)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.worker.port}"

    @property
    def plan(self) -> AuditPlan:
        return plan_from(None, [self.url], None, None, LATENESS, FAIR_FILE, self.servers)

    def anew(self, number: int) -> None:
        """Delete the topics, create them again, and send scans."""
        clean(self.servers)
        self.send(scans(number))

    def send(self, records: list[RawRecord]) -> None:
        send_raw(self.servers, sent_as(records))

    def shows(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"fair_audit_{name}")

    def watches(self, records: int) -> bool:
        """Return whether the watching audit finds no difference in this number of records."""
        return self.watching.round() is not None and (self.shows("differences"), self.shows("records")) == (0, records)

    def refuses(self, why: str) -> None:
        """Fail unless an audit says why it compares nothing, or the ended worker does, and no number is shown."""
        with pytest.raises(FairpulseError) as refused:
            audit(self.plan, Console(stderr=True))
        assert why in f"{refused.value}{self.worker.said()}"
        eventually(lambda: self.watching.round() is None and self.shows("differences") is None, "no old zero")

    def run(self, command: Command, *arguments: str) -> str:
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, f"{command.name}: {done.output} {done.exception}"
        return done.output


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    with LocalKafka.start() as local:
        yield local.bootstrap_servers


@pytest.fixture
def stage(servers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name, value in {
        "PARTITIONS": str(PARTITIONS),
        "BOOTSTRAP_SERVERS": servers,
        "ALLOWED_LATENESS": str(LATENESS.total_seconds()),
        "CLOCK": "event",
        "SESSION_TIMEOUT": "6",
    }.items():
        monkeypatch.setenv(f"FAIRPULSE_{name}", value)
    with ExitStack() as cleanup:
        yield Stage(servers, tmp_path, cleanup)


def test_on_another_log_no_old_zero_is_shown_and_the_recount_begins_again_with_new_workers(stage: Stage) -> None:
    stage.anew(6)
    stage.start(6)
    assert stage.watches(6)
    for number in (3, 3, 9):  # shorter, as long, longer
        stage.anew(number)
        stage.refuses(FOLD_ANEW)
        stage.start(number)
        eventually(lambda number=number: stage.watches(number), f"a recount of {number} records")  # type: ignore[misc]
        assert stage.worker.events() == number


def test_with_a_partition_more_nothing_is_compared_until_all_is_written_again(stage: Stage) -> None:
    async def add() -> None:
        async with admin(KafkaSettings(bootstrap_servers=stage.servers)) as client:
            await client.create_partitions({"fair.scans": NewPartitions(PARTITIONS + 1)})

    stage.anew(6)
    stage.start(6)
    assert stage.watches(6)
    asyncio.run(add())
    stage.send(scans(4))
    stage.refuses(MAKE_ANEW)
    stage.worker.stop()
    file = str(stage.folder / "all.fairrec")
    stage.run(record, file, "--until", "end")
    anew = ("--anew", file, "--yes")
    eventually(lambda: CliRunner().invoke(topics, anew).exit_code == 0, "the worker has left its group")
    stage.run(replay, file)
    stage.start(10)
    assert stage.watches(10)


def test_events_in_wrong_partitions_are_refused_by_both_and_count_after_the_redrive(stage: Stage) -> None:
    stage.anew(6)
    astray = [record_of(scan(badge_in(0))), record_of(scan(badge_in(0)))]
    send_raw(stage.servers, [(one.topic, 1, one.key, one.value) for one in astray])
    stage.start(6)
    eventually(lambda: stage.watches(8), "a recount of 8 records")
    assert stage.worker.events() == 6
    eventually(lambda: "2 redriven" in stage.run(dead_letters, "redrive", "--reason", "misplaced"), "the redrive")
    stage.worker.wait_events(8)
    eventually(lambda: stage.watches(10), "the recount")


def test_an_audit_ends_before_an_open_transaction_and_takes_it_in_when_it_has_ended(stage: Stage) -> None:
    async def run() -> None:
        async with transactional(stage.servers) as producer:
            await producer.begin_transaction()
            await put(producer, [record_of(scan(badge_in(1)))] * 2, 1)
            await asyncio.to_thread(stage.start, 6)
            verdict = await asyncio.to_thread(audit, stage.plan, Console(stderr=True))
            assert (verdict.records, verdict.differences) == (6, [])
            assert await asyncio.to_thread(stage.watches, 6)
            await producer.commit_transaction()
        await asyncio.to_thread(stage.worker.wait_events, 7)

    stage.anew(6)
    asyncio.run(run())
    eventually(lambda: stage.watches(8), "a recount of 8 records, one of them twice")


def test_an_id_that_two_badges_have_is_named_as_the_reason_of_the_differences(stage: Stage) -> None:
    stage.anew(6)
    first = scan(badge_in(0))
    stage.send([record_of(first), record_of(replace(first, badge_ref=badge_in(1)))])
    stage.start(8)
    verdict = audit(stage.plan, Console(stderr=True))
    assert verdict.differences
    [line] = [line for line in report_lines(verdict) if first.event_id in line]
    assert line == (
        f"terminal {first.terminal_id}: the id {first.event_id} stands for events in fair.scans[0] and fair.scans[1], "
        "each in the partition of its own key, so workers count both and the recount one; in the program that sends as "
        "this terminal, give each event an id of its own"
    )


def test_a_worker_of_another_fair_and_a_fair_without_events_are_not_compared(stage: Stage) -> None:
    stage.anew(0)
    stage.start(0)
    with pytest.raises(FairpulseError, match="nothing was compared: no records were counted yet"):
        audit(stage.plan, Console(stderr=True))
    with pytest.raises(FairpulseError, match="nothing was compared: the workers have counted no event"):
        rebuild_beside(next(GENERATIONS), [stage.url], None, FAIR_FILE, stage.servers)
    stage.start(0, fair_file=str(example_fair_path("small")))
    stage.refuses("the workers' numbers are of the fair small-2025, not of ciftis-2025")
