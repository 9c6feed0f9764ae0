"""The audit finds nothing where nothing is wrong, while the fair goes on; one changed record, and it says where."""

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.recording.jsonl import from_lines, to_line
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from tests.broker.test_record_and_replay import FAIR_FILE, record_all
from tests.support.workers import Feed, WorkerProcess, eventually, fair_of, must_equal_the_oracle, send

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def audit(broker: str, *arguments: str | Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "streams", "audit", *map(str, arguments), "--bootstrap-servers", broker]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


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
    evidence = rows(tmp_path / "audit" / "evidence.csv")
    visits = {row["window"]: int(row["live"]) for row in numbers if row["kpi"] == "visits" and row["window"] != "fair"}
    assert Counter(row["day"] for row in evidence) == visits, "one row of evidence a visit"

    code, said = audit(broker, "--live", url(one))
    assert code == 1
    assert "name every worker" in said


def test_one_tampered_record_is_named_by_the_numbers_that_it_changes(
    broker: str, start_worker: Start, tmp_path: Path
) -> None:
    worker = start_worker().wait_ready()
    send(broker, fair_of(visitors=60, seed=52))
    must_equal_the_oracle(broker, worker)
    recording = record_all(broker, tmp_path / "true.fairrec")
    assert audit(broker, recording.path, "--live", url(worker))[0] == 0

    lines = [to_line(record) for record in recording.records()]
    # The newest state of some deal: what an older revision says no longer counts.
    deal = max(at for at, line in enumerate(lines) if b'\\"binding\\":true' in line)
    name = re.search(rb'deal_id\\":\\"([^"\\]+)', lines[deal])
    assert name is not None
    assert not any(name[1] in line for line in lines[deal + 1 :])
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
    assert all("contract_value" in line for line in different), said
    assert "recomputed" in different[0]
    assert Recording(forged).is_intact(), "a forger can make checksums; the audit finds the numbers"
