"""`fairpulse topics conform` says whether the records of another team's producer would count, and what to change."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from schemas.errors import InvalidRecording
from schemas.fair.file import example_fair_path, load_fair
from schemas.partitioning import partition_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.jsonl import to_line
from schemas.recording.writer import RecordingWriter
from schemas.topics import PARTITIONS, SCANS
from streams.kafka.conform_run import conform_file
from tests.support.fairpulse import fairpulse
from tests.support.workers import fair_of

FAIR: Final = load_fair(example_fair_path())
SCAN: Final = next(one for one in fair_of(5, seed=3) if one.topic == SCANS.name and one.key and one.value)
RIGHT: Final = partition_of(SCAN.key, PARTITIONS)
RECORD: Final = RecordedRecord(SCAN.topic, RIGHT, 7, 1_757_000_000_000, SCAN.key, SCAN.value, tuple(SCAN.headers))
ELSEWHERE: Final = (RIGHT + 1) % PARTITIONS


def changed(**fields: Any) -> bytes:
    """Return the line of the good record with other fields; None leaves a field out."""
    line = {**json.loads(to_line(RECORD)), **fields}
    return json.dumps({name: value for name, value in line.items() if value is not None}).encode() + b"\n"


@pytest.mark.parametrize(
    ("line", "counts", "told"),
    [
        (changed(), 1, []),
        (changed(partition=None, offset=None, timestamp=None), 1, []),
        (changed(partition=ELSEWHERE), 0, ["it lies in another partition than that of its key", "murmur2_random"]),
        (changed(key=None), 1, ["its record key is null, and its partition is right by luck", "badge_ref"]),
        (changed(key=None, partition=ELSEWHERE), 0, ["its record key is null, and its partition is wrong"]),
        (changed(key="other", partition=None), 0, ["is not that of the event, so only luck puts it"]),
        (changed(topic="fair.visits"), 0, ["its topic is not one of events; send events to fair.deals"]),
        (changed(value="{"), 0, ["the record is not a JSON object in UTF-8"]),
        (changed(value=None), 0, ["the record has no value"]),
        (changed(value="x" * 70_000), 0, ["an event may have at most 65536 bytes"]),
        (changed(value=SCAN.value.decode().replace(FAIR.fair_id, "other-fair")), 0, ["belongs to another fair"]),
        (changed(headers=[]), 1, ["NOTE   1 record, the first at line 1: headers of a CloudEvent are missing"]),
    ],
    ids=[
        "good",
        "no place",
        "elsewhere",
        "null by luck",
        "null",
        "other key",
        "topic",
        "json",
        "empty",
        "large",
        "fair",
        "headers",
    ],
)
def test_a_line_is_judged_with_its_place_and_what_the_sender_must_change(
    tmp_path: Path, line: bytes, counts: int, told: list[str]
) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_bytes(line)
    found = conform_file(file, FAIR, PARTITIONS)
    text = "\n".join(found.lines())
    assert all(one in text for one in told), text
    assert len(found.problems) == (1 if told else 0), text
    assert text.splitlines()[-1] == f"{counts} of 1 records would count"


@pytest.mark.parametrize(
    ("second", "counts", "told"),
    [
        (changed(), 2, "NOTE   1 record, the first at line 2: it is a copy of a record before, and the two count once"),
        (changed(offset=8), 2, "NOTE   1 record, the first at line 2: it is a copy"),
        (
            changed(value=json.dumps({**json.loads(SCAN.value), "occurred_at": "2025-09-10T10:00:00.000Z"})),
            1,
            "WRONG  1 record, the first at line 2: its event_id is that of another event of its terminal",
        ),
    ],
    ids=["again", "elsewhere", "another event"],
)
def test_an_event_id_is_that_of_one_event(tmp_path: Path, second: bytes, counts: int, told: str) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_bytes(changed() + second)
    lines = conform_file(file, FAIR, PARTITIONS).lines()
    assert lines[0].startswith(told), lines
    assert lines[-1] == f"{counts} of 2 records would count"


def test_lines_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(pipe.write_bytes, changed() * 3)
        assert conform_file(pipe, FAIR, PARTITIONS).lines()[-1] == "3 of 3 records would count"
        written.result()


@pytest.mark.parametrize(
    "command",
    [
        ("--check", "conform", "FILE"),
        ("--fair", "fair.json", "conform", "FILE"),
        ("--bootstrap-servers", "127.0.0.1:1", "conform", "--live"),
    ],
)
def test_an_option_before_the_name_of_the_command_is_refused_and_not_forgotten(command: tuple[str, ...]) -> None:
    said = fairpulse("127.0.0.1:1", "topics", *command, code=2)
    assert "write options of `fairpulse topics conform` behind its name" in said


def test_a_recording_is_judged_by_the_partitions_that_it_was_made_with(tmp_path: Path) -> None:
    file = tmp_path / "fair.fpr"
    partitions = 3
    right = RecordedRecord(*(RECORD.topic, partition_of(SCAN.key, partitions), 0, 1, RECORD.key, RECORD.value))
    wrong = RecordedRecord(*(RECORD.topic, (right.partition + 1) % partitions, 0, 1, RECORD.key, RECORD.value))
    with RecordingWriter(file, FAIR.fair_id, {SCANS.name: partitions}, b"") as writer:
        writer.write(right)
        writer.write(wrong)
    found = conform_file(file, FAIR, PARTITIONS)
    assert found.lines()[-1] == "1 of 2 records would count"
    assert f"the first at {SCANS.name}[{wrong.partition}] offset 0" in found.lines()[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no record of events"),
        (b"\n\n", "holds no record of events"),
        (b"not json\n", "line 1 is not a record"),
        (b"[1]\n", "line 1 is not a record"),
        (changed() + b'{"topic": 3}\n', "line 2 is not a record"),
        (b"\xff\xfe\n", "line 1 is not a record"),
    ],
    ids=["empty", "blank", "text", "list", "types", "bytes"],
)
def test_a_file_that_holds_no_records_is_one_clear_line(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_bytes(content)
    with pytest.raises(InvalidRecording, match=told):
        conform_file(file, FAIR, PARTITIONS)
