"""The audit finds no difference in a running fair, and finds a single changed record."""

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from producers.records import RawRecord, record_of
from schemas.dead_letters import DeadLetter, read_letter
from schemas.events import VisitorScan
from schemas.recording.jsonl import from_lines, to_line
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from streams.audit.run import plan_from
from streams.audit.watch import Watch
from tests.history.test_record_and_replay import FAIR_FILE, record_all
from tests.support.builders import LATENESS
from tests.support.examples import example_event
from tests.support.workers import Feed, WorkerProcess, eventually, fair_of, must_equal_the_oracle, send

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


@pytest.fixture(autouse=True)
def _partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_PARTITIONS", "4")


def audit(broker: str, *arguments: str | Path) -> tuple[int, str]:
    to = ["--bootstrap-servers", broker, "--lateness", str(LATENESS.total_seconds())]
    command = [sys.executable, "-m", "streams", "audit", *map(str, arguments), *to]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def refused_in(recording: Recording) -> list[DeadLetter]:
    letters = [read_letter(one.value) for one in recording.records() if one.topic == "fair.rejected"]
    return [letter for letter in letters if isinstance(letter, DeadLetter)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def url(worker: WorkerProcess) -> str:
    return f"http://127.0.0.1:{worker.port}"


def test_a_running_fair_is_audited_exactly_up_to_where_its_workers_are(
    broker: str, start_worker: Start, tmp_path: Path
) -> None:
    one, two = start_worker().wait_ready(), start_worker()
    eventually(lambda: len(one.partitions()) == len(two.partitions()) == 2, "two workers share the fair")
    feed = Feed(broker, fair_of(visitors=3_000, seed=51), rate=600)
    eventually(lambda: one.events() > 300 and two.events() > 300, "both fold")
    code, said = audit(broker, "--live", url(one), "--live", url(two), "--out", tmp_path / "audit")
    assert feed.is_alive(), "the fair went on meanwhile"
    assert code == 0, said
    assert " 0 differences" in said
    feed.stop()

    manifest = json.loads((tmp_path / "audit" / "manifest.json").read_text())
    assert manifest["differences"] == 0
    assert manifest["records"] == sum(one["last_offset"] + 1 for one in manifest["partitions"])
    numbers = rows(tmp_path / "audit" / "numbers.csv")
    evidence = rows(tmp_path / "audit" / "counted.csv")
    visits = {row["window"]: int(row["live"]) for row in numbers if row["kpi"] == "visits" and row["window"] != "fair"}
    # Counters are equal if they differ in zeros alone: a day of the fair's neighbourhood may have events and no visit.
    assert Counter(row["day"] for row in evidence) == Counter(visits), "one row of evidence per visit"

    code, said = audit(broker, "--live", url(one))
    assert code == 1
    assert "name every worker" in said


def test_an_audit_of_a_fair_that_has_not_begun_says_that_it_compared_nothing(broker: str, start_worker: Start) -> None:
    worker = start_worker().wait_ready()
    code, said = audit(broker, "--live", url(worker))
    assert code == 1, said
    assert "nothing was compared: no records were counted yet; audit again when events have come in" in said


def test_the_audit_as_a_service_continues_where_it_was_and_shows_differences(broker: str, start_worker: Start) -> None:
    worker = start_worker().wait_ready()
    records = fair_of(visitors=80, seed=53)
    half = len(records) // 2
    send(broker, records[:half])
    must_equal_the_oracle(broker, worker)
    registry = CollectorRegistry()
    plan = plan_from(None, [url(worker)], None, None, LATENESS, FAIR_FILE, broker)
    watching = Watch(plan, registry)
    assert watching.round() is not None
    first = registry.get_sample_value("fair_audit_records")
    assert first == half
    send(broker, records[half:])
    must_equal_the_oracle(broker, worker)
    verdict = watching.round()
    assert verdict is not None
    assert registry.get_sample_value("fair_audit_records") == len(records)
    assert registry.get_sample_value("fair_audit_differences") == 0
    assert registry.get_sample_value("fair_audit_numbers") > 500
    # Change what the audit has counted, so that it differs from the workers' numbers: the audit must say so.
    verdict.oracle.people.entries.clear()
    again = watching.round()
    assert again is not None
    assert registry.get_sample_value("fair_audit_differences") == len(again.differences) > 0
    worker.kill()
    assert watching.round() is None


def scan_of(terminal: str, epoch: str, number: int) -> RawRecord:
    """Return a scan with an id of its own."""
    scan = example_event(VisitorScan)
    return record_of(
        replace(scan, event_id=str(uuid4()), terminal_id=terminal, terminal_epoch=epoch, terminal_seq=number)
    )


def test_the_audit_as_a_service_names_terminals_that_two_machines_send_as(
    broker: str, start_worker: Start, caplog: pytest.LogCaptureFixture
) -> None:
    worker, registry = start_worker().wait_ready(), CollectorRegistry()
    watching = Watch(plan_from(None, [url(worker)], None, None, LATENESS, FAIR_FILE, broker), registry)
    # In every round stand-2 is a new machine, in a folder of its own, and begins again at 1.
    for round_number, (numbers, shown) in enumerate([((1, 2, 3), None), ((2,), 1), ((), 1), ((2, 3, 4), 2)]):
        send(broker, [scan_of("stand-1", "3f9c01de", number) for number in numbers])
        send(broker, [scan_of("stand-2", f"0000000{round_number}", 1)])
        must_equal_the_oracle(broker, worker)
        assert watching.round() is not None
        assert registry.get_sample_value("fair_audit_reused_sequence_numbers", {"terminal": "stand-1"}) == shown
        assert registry.get_sample_value("fair_audit_differences") == 0
    assert registry.get_sample_value("fair_audit_reused_sequence_numbers", {"terminal": "stand-2"}) is None
    said = [line for line in caplog.messages if line.startswith("two machines send as one terminal")]
    assert len(said) == 2, "once for each new finding"
    assert all("stand-1" in line for line in said)


def test_one_tampered_record_is_named_by_the_numbers_that_it_changes(
    broker: str, start_worker: Start, tmp_path: Path
) -> None:
    worker = start_worker().wait_ready()
    send(broker, fair_of(visitors=60, seed=52))
    must_equal_the_oracle(broker, worker)
    recording = record_all(broker, tmp_path / "true.fairrec")
    assert audit(broker, recording.path, "--live", url(worker))[0] == 0

    lines = [to_line(record) for record in recording.records()]
    # Take a deal that was sent once: an older revision, a copy or a refused record would not count.
    deal_ids = [re.search(rb'deal_id\\":\\"([^"\\]+)', line) for line in lines]
    times = Counter(found[1] for found in deal_ids if found is not None)
    refused = {(letter.topic, letter.partition, letter.offset) for letter in refused_in(recording)}
    deal = next(
        at
        for at, (found, record) in enumerate(zip(deal_ids, recording.records(), strict=True))
        if found is not None
        and times[found[1]] == 1
        and b'\\"binding\\":true' in lines[at]
        and re.search(rb'value_minor\\":[0-9]', lines[at])
        and (record.topic, record.partition, record.offset) not in refused
    )
    before, _, rest = lines[deal].partition(b'\\"value_minor\\":')
    lines[deal] = before + b'\\"value_minor\\":9' + rest
    forged = tmp_path / "forged.fairrec"
    with RecordingWriter(forged, recording.header.fair_id, {}, FAIR_FILE.read_bytes()) as writer:
        for record in from_lines(lines):
            writer.write(record)
    code, said = audit(broker, forged, "--live", url(worker))
    assert code == 1
    different = [line for line in said.splitlines() if line.startswith("DIFFERENT")]
    assert different
    assert any("contract_value{" in line for line in different), said
    assert all("value" in line for line in different), said
    assert "recomputed" in different[0]
    assert Recording(forged).is_intact(), "a forger can make checksums, but the audit finds the numbers"
