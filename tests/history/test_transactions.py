"""Transactions of other producers: every reader of Kafka takes what was committed, and ends, or says what it waits for.

One Kafka has every situation at once, each in a partition of its own.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from itertools import islice, repeat
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry
from rich.console import Console

from producers.records import RawRecord, record_of
from schemas.errors import InvalidRecording
from schemas.events import VisitorScan
from schemas.fair.file import example_fair_path
from schemas.partitioning import partition_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from streams.audit.run import audit, keep, plan_from, report_lines
from streams.audit.watch import Watch
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS
from tests.support.examples import example_event
from tests.support.folded import folded_worker
from tests.support.transactions import abort, commit, put, transactional
from tests.support.workers import eventually

pytestmark = pytest.mark.broker
FAIR_FILE = example_fair_path()
COMMITTED, ABORTED, MIXED, OPEN = range(4)
"""The partitions: a marker at the end; nothing but aborted records; both with plain ones; an open transaction."""
TAKEN = {COMMITTED: 3, MIXED: 4, OPEN: 2}
"""Records of each partition that a reader gets while the transaction is open."""
LEFT_OUT = "fair.scans[3] has an open transaction: records from offset 2 on are left out"


def scans(count: int, partition: int) -> list[RawRecord]:
    """Return scans of badges that belong into a partition."""
    scan = example_event(VisitorScan)
    badges = (uuid4().hex for _ in repeat(None))
    ours = (one for one in badges if partition_of(one.encode(), 4) == partition)
    return [record_of(replace(scan, event_id=str(uuid4()), badge_ref=one)) for one in islice(ours, count)]


class Stage:
    """A Kafka with every situation, and the producer whose transaction is open."""

    def __init__(self, servers: str, runner: asyncio.Runner) -> None:
        self.servers = servers
        self.run = runner.run
        self.holder: AIOKafkaProducer | None = None
        self._stack = AsyncExitStack()

    async def fill(self) -> None:
        await ensure_topics(KafkaSettings(bootstrap_servers=self.servers, partitions=4))
        plain = await self._stack.enter_async_context(_plain(self.servers))
        await commit(self.servers, scans(3, COMMITTED), COMMITTED)
        await abort(self.servers, scans(3, ABORTED), ABORTED)
        await put(plain, scans(2, MIXED), MIXED)
        await abort(self.servers, scans(2, MIXED), MIXED)
        await commit(self.servers, scans(2, MIXED), MIXED)
        await put(plain, scans(2, OPEN), OPEN)
        await commit(self.servers, [RawRecord("fair.rejected", b"k", b"not a letter")], 0)
        self.holder = await self._stack.enter_async_context(transactional(self.servers))
        await self.holder.begin_transaction()
        await put(self.holder, scans(1, OPEN), OPEN)
        await put(self.holder, [RawRecord("fair.rejected", b"k", b"not a letter")], 1)

    async def more(self, partition: int) -> None:
        async with _plain(self.servers) as plain:
            await put(plain, scans(1, partition), partition)

    async def end(self) -> None:
        assert self.holder is not None
        await self.holder.commit_transaction()

    async def close(self) -> None:
        await self._stack.aclose()


def _plain(servers: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=servers)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with LocalKafka.start() as local, asyncio.Runner() as runner:
        made = Stage(local.bootstrap_servers, runner)
        runner.run(made.fill())
        yield made
        runner.run(made.close())


def command(stage: Stage, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "streams", *map(str, arguments), "--bootstrap-servers", stage.servers]


def said_by(stage: Stage, *arguments: str | Path) -> tuple[str, str]:
    environment = {**os.environ, "FAIRPULSE_PARTITIONS": "4"}
    done = subprocess.run(
        command(stage, *arguments), capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def by_partition(records: Iterator[RecordedRecord]) -> Mapping[int, int]:
    counts: dict[int, int] = {}
    for one in records:
        if one.topic == "fair.scans":
            counts[one.partition] = counts.get(one.partition, 0) + 1
    return counts


def test_a_recording_until_the_end_holds_what_was_committed_and_names_the_open_transaction(
    stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "day.fairrec"
    _, said = said_by(stage, "record", path, "--until", "end")
    assert f"warning: {LEFT_OUT}\n" in said
    assert by_partition(Recording(path).records()) == TAKEN
    out, said = said_by(stage, "backfill")
    assert f"warning: {LEFT_OUT}\n" in said
    assert out.endswith("# EOF\n")
    assert 'fair_events{topic="fair.scans",window="fair",' in out or "fair_events" in out
    _, said = said_by(stage, "dead-letters", "list")
    assert "warning: fair.rejected[1] has an open transaction: records from offset 0 on are left out\n" in said


def test_an_audit_counts_what_was_committed_and_tells_how_many_records_are_not_in_the_numbers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAIRPULSE_PARTITIONS", "4")
    with folded_worker(stage.servers) as worker:
        worker.fold()
        plan = plan_from(None, [worker.url], None, None, LATENESS, FAIR_FILE, stage.servers)
        verdict = audit(plan, Console(stderr=True))
        assert (verdict.records, len(verdict.differences), verdict.uncounted) == (9, 0, 0)
        assert f"{LEFT_OUT} (offsets not in these numbers: 1)" in report_lines(verdict)
        manifest = json.loads(keep(replace(plan, folder=tmp_path), verdict).read_text())
        waiting = {"topic": "fair.scans", "partition": OPEN, "first_offset": 2, "offsets_waiting": 1}
        assert manifest["open_transactions"] == [waiting]
        registry = CollectorRegistry()
        watching = Watch(plan, registry)
        assert watching.round() is not None
        behind = registry.get_sample_value("fair_audit_uncounted_offsets")
        stage.run(stage.more(ABORTED))
        TAKEN[ABORTED] = 1
        assert audit(plan, Console(stderr=True)).uncounted == 1
        assert watching.round() is not None
        assert registry.get_sample_value("fair_audit_uncounted_offsets") == (behind or 0) + 1
        worker.fold()
        assert watching.round() is not None
        assert registry.get_sample_value("fair_audit_records") == 10
        assert registry.get_sample_value("fair_audit_differences") == 0


def test_a_live_recording_goes_on_beside_an_open_transaction_and_takes_its_records_when_it_ends(
    stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "live.fairrec"
    part = path.with_name("live.fairrec.part")
    recorder = subprocess.Popen(command(stage, "record", path), stderr=subprocess.PIPE, text=True)

    def in_file() -> int:
        with suppress(InvalidRecording, FileNotFoundError):  # not there yet, or nothing is in it yet
            return sum(by_partition(Recording(part).readable()).values())
        return 0

    held = sum(TAKEN.values())
    eventually(lambda: in_file() == held, "all that was committed is in the file")
    stage.run(stage.more(COMMITTED))
    eventually(lambda: in_file() == held + 1, "a record of another partition is taken meanwhile")
    stage.run(stage.end())
    eventually(lambda: in_file() == held + 2, "the transaction has ended, and its record is there")
    recorder.send_signal(signal.SIGINT)
    _, said = recorder.communicate(timeout=30)
    assert recorder.returncode == 0, said
    assert Recording(path).is_intact()
    assert "left out" not in said
