"""In a Kafka with passwords and access rules, every command works with its own principal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.records import RawRecord
from schemas.topics import RECORDED_TOPICS
from streams.local.kafka import LocalKafka
from tests.support.access import FAIR_FILE, run, settings_of, variables
from tests.support.gateway import GatewayProcess, Paired, event
from tests.support.workers import WorkerProcess, must_equal_the_oracle, read_back, send

pytestmark = pytest.mark.broker


@pytest.fixture
def worker(guarded: LocalKafka, tmp_path: Path) -> Iterator[WorkerProcess]:
    process = WorkerProcess(
        guarded.bootstrap_servers, tmp_path / "worker.log", environment=variables(guarded, "fairpulse-worker")
    )
    yield process.wait_ready()
    process.stop()


def test_events_are_taken_folded_audited_recorded_and_redriven_each_by_its_own_principal(
    guarded: LocalKafka, worker: WorkerProcess, paired: Paired, tmp_path: Path
) -> None:
    before = worker.events()
    gateway = GatewayProcess(
        guarded.bootstrap_servers, paired, tmp_path / "gateway.log", variables(guarded, "fairpulse-gateway")
    ).start()
    try:
        assert gateway.post(event()).status == 202
    finally:
        gateway.stop()
    send(settings_of(guarded, "fairpulse-simulator"), [RawRecord("fair.scans", b"k", b"{not json")])
    worker.wait_events(before + 1)
    must_equal_the_oracle(settings_of(guarded, "fairpulse-audit"), worker, fair_file=FAIR_FILE)
    live = f"http://127.0.0.1:{worker.port}"
    assert " 0 differences" in run(guarded, "fairpulse-audit", "audit", "--live", live)
    there = len(read_back(settings_of(guarded, "fairpulse-record"), *(topic.name for topic in RECORDED_TOPICS)))
    told = run(guarded, "fairpulse-record", "record", str(tmp_path / "x.fairrec"), "--until", "end")
    assert f"{there:,} records" in " ".join(told.split())
    assert "not_json" in run(guarded, "fairpulse-dead-letters", "dead-letters", "list")
    run(guarded, "fairpulse-dead-letters", "dead-letters", "redrive", "--reason", "not_json")


def test_a_day_is_simulated_recorded_replayed_folded_anew_and_printed_for_prometheus(
    guarded: LocalKafka, worker: WorkerProcess, tmp_path: Path
) -> None:
    before, recording = worker.events(), str(tmp_path / "x.fairrec")
    run(guarded, "fairpulse-simulator", "simulate", "--events", "300", "--speed", "0")
    worker.wait_events(before + 200)
    run(guarded, "fairpulse-record", "record", recording, "--until", "end")
    must_equal_the_oracle(settings_of(guarded, "fairpulse-audit"), worker, fair_file=FAIR_FILE)
    counted = worker.events()
    run(guarded, "fairpulse-replay", "replay", recording)
    must_equal_the_oracle(settings_of(guarded, "fairpulse-audit"), worker, fair_file=FAIR_FILE)
    assert worker.events() == counted
    live = f"http://127.0.0.1:{worker.port}"
    rebuild = ("rebuild", "--generation", "2", "--live", live)
    assert " 0 differences" in run(guarded, "fairpulse-worker", *rebuild)
    assert run(guarded, "fairpulse-audit", "backfill").rstrip().endswith("# EOF")
