"""Sequence numbers show what a terminal lost and whether its folder was copied; the answers are worked out by hand."""

import csv
import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.fair.file import example_fair_path
from schemas.recording.frames import RecordedRecord
from schemas.recording.writer import RecordingWriter
from streams.audit.cli import audit
from streams.audit.recount.oracle import Oracle
from streams.audit.terminals import MOST_LINES, copied, missing, terminal_lines, terminal_rows, used_twice
from tests.support.builders import RawRecord, numbered_id, records, scan, touch

SMALL = example_fair_path("small")
GONE = "(lost, refused, on their way, or waiting for a registration)"
COPIED = "two machines send as this terminal; stop one, and pair it anew into an empty folder with a token of its own"
UNSURE = "two machines send as this terminal, or it began again at 1; see how many machines there are"
OLD, NEW = "3f9c01de", "77aa0b12"
Numbered = tuple[str, str | None, int | None]
"""The terminal, epoch and number of an event; None for an event without."""


def of(terminal: str, epoch: str | None, *numbers: int | None) -> list[Numbered]:
    return [(terminal, epoch, number) for number in numbers]


def record_of(events: Iterable[Numbered]) -> list[RawRecord]:
    """Return the records of events with ids of their own, scans and interactions in turn."""
    made = []
    for at, (terminal, epoch, number) in enumerate(events):
        build = scan if at % 2 == 0 else touch
        made.append(build("ada", terminal=terminal, terminal_epoch=epoch, terminal_seq=number))
    return records(made)


def read(events: Iterable[Numbered]) -> Oracle:
    return Oracle(SMALL, timedelta(seconds=30)).read(record_of(events))


# Rows: terminal, epoch, events, lowest, highest, missing, used twice.
CASES: dict[str, tuple[list[Numbered], list[tuple[object, ...]], dict[str, int]]] = {
    "one machine": (of("t", OLD, 1, 2, 3), [("t", OLD, 3, 1, 3, 0, 0)], {}),
    "events out of order": (of("t", OLD, 3, 1, 2), [("t", OLD, 3, 1, 3, 0, 0)], {}),
    "gaps": (of("t", OLD, 4, 5, 7, 9), [("t", OLD, 4, 4, 9, 2, 0)], {}),
    "a reboot, after which the numbers go on": (
        [*of("t", OLD, 1, 2), *of("t", OLD, 3, 4)],
        [("t", OLD, 4, 1, 4, 0, 0)],
        {},
    ),
    "a replaced machine in a new folder": (
        [*of("t", OLD, 1, 2, 3), *of("t", NEW, 1, 2)],
        [("t", OLD, 3, 1, 3, 0, 0), ("t", NEW, 2, 1, 2, 0, 0)],
        {},
    ),
    "a replaced machine, and both have gaps": (
        [*of("t", OLD, 1, 4), *of("t", NEW, 1, 3)],
        [("t", OLD, 2, 1, 4, 2, 0), ("t", NEW, 2, 1, 3, 1, 0)],
        {},
    ),
    "a copy that was made after number 3": (
        [*of("t", OLD, 1, 2, 3, 4, 5), *of("t", OLD, 4, 5, 6)],
        [("t", OLD, 8, 1, 6, 0, 2)],
        {"t": 2},
    ),
    "two copies": (
        [*of("t", OLD, 1, 2), *of("t", OLD, 2), *of("t", OLD, 2)],
        [("t", OLD, 4, 1, 2, 0, 1)],
        {"t": 1},
    ),
    "a copy and a gap that the doubled numbers would hide": (
        [*of("t", OLD, 1, 2, 3, 7), *of("t", OLD, 2, 3, 7)],
        [("t", OLD, 7, 1, 7, 3, 3)],
        {"t": 3},
    ),
    "a copy of the machine that was replaced": (
        [*of("t", OLD, 1, 2, 2), *of("t", NEW, 1, 2)],
        [("t", OLD, 3, 1, 2, 0, 1), ("t", NEW, 2, 1, 2, 0, 0)],
        {"t": 1},
    ),
    "copies of two folders of one terminal": (
        [*of("t", OLD, 1, 1), *of("t", NEW, 1, 2, 1, 2)],
        [("t", OLD, 2, 1, 1, 0, 1), ("t", NEW, 4, 1, 2, 0, 2)],
        {"t": 3},
    ),
    "a folder that was copied, and paired as another terminal": (
        [*of("t", OLD, 1, 2), *of("u", OLD, 1, 2)],
        [("t", OLD, 2, 1, 2, 0, 0), ("u", OLD, 2, 1, 2, 0, 0)],
        {},
    ),
    "events without a number": (of("t", OLD, None, None), [], {}),
    "events without a number between others": (of("t", OLD, 1, None, 2), [("t", OLD, 2, 1, 2, 0, 0)], {}),
    "a program that learnt to send its epoch": (
        [*of("t", None, 1, 2, 3), *of("t", OLD, 4, 5)],
        [("t", "", 3, 1, 3, 0, 0), ("t", OLD, 2, 4, 5, 0, 0)],
        {},
    ),
    "ten events without an epoch, the highest number is 3": (
        of("t", None, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1),
        [("t", "", 10, 1, 3, 0, 3)],
        {},
    ),
    "numbers that begin at 0 and end at the largest": (
        of("t", OLD, 0, 2**63 - 1),
        [("t", OLD, 2, 0, 2**63 - 1, 2**63 - 2, 0)],
        {},
    ),
    "numbers of several bitmaps": (
        of("t", OLD, *range(500, 1_030), 511, 512, 1_024),
        [("t", OLD, 533, 500, 1_029, 0, 3)],
        {"t": 3},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backwards", [False, True], ids=["as it happened", "backwards"])
def test_numbers_are_counted_by_terminal_and_epoch(case: str, *, backwards: bool) -> None:
    events, rows, found = CASES[case]
    oracle = read(reversed(events) if backwards else events)
    assert list(terminal_rows(oracle)) == sorted(rows, key=str)
    assert copied(oracle) == found
    assert missing(oracle) == sum(row[5] for row in rows)  # type: ignore[misc]
    assert used_twice(oracle) == sum(row[6] for row in rows)  # type: ignore[misc]


def test_an_event_that_is_sent_again_uses_its_number_once_and_fills_no_gap() -> None:
    events = [scan("ada", terminal_seq=number, terminal_epoch=OLD) for number in (1, 2, 4)]
    oracle = Oracle(SMALL, timedelta(seconds=30)).read(records([*events, events[1], events[1]]))
    assert list(terminal_rows(oracle)) == [("t-1", OLD, 3, 1, 4, 1, 0)]


def test_an_event_that_two_partitions_hold_uses_its_number_once() -> None:
    """A corrected badge is another key. It is one event all the same, and does not prove a second machine."""
    stored = [scan(who, event_id=numbered_id(10**9), terminal_seq=1, terminal_epoch=OLD) for who in ("ada", "bob")]
    oracle = Oracle(SMALL, timedelta(seconds=30))
    oracle.read(records(stored[:1], partition=0)).read(records(stored[1:], partition=1))
    assert list(terminal_rows(oracle)) == [("t-1", OLD, 1, 1, 1, 0, 0)]
    oracle.read(records([scan("eve", terminal_seq=1, terminal_epoch=OLD)], partition=1))
    assert list(terminal_rows(oracle)) == [("t-1", OLD, 2, 1, 1, 0, 1)]


def test_refused_events_use_no_number() -> None:
    refused = scan("ada", gate="south", terminal_seq=2, terminal_epoch=OLD)
    good = [scan("ada", terminal_seq=number, terminal_epoch=OLD) for number in (1, 2, 3)]
    oracle = Oracle(SMALL, timedelta(seconds=30)).read(records([good[0], refused, good[2]]))
    assert list(terminal_rows(oracle)) == [("t-1", OLD, 2, 1, 3, 1, 0)]
    oracle.read(records([good[1]]))
    assert list(terminal_rows(oracle)) == [("t-1", OLD, 3, 1, 3, 0, 0)]


def test_the_report_names_each_terminal_and_the_remedy_and_says_what_an_epoch_would_prove() -> None:
    events = [
        *of("stand-1", OLD, *range(1, 8), *range(1, 8)),
        *of("stand-2", OLD, 1, 1, 4),
        *of("stand-3", None, 1, 2, 1, 2),
    ]
    assert terminal_lines(read(events)) == [
        f"terminal stand-1: 7 numbers were used twice: {COPIED}",
        f"terminal stand-2: 1 number was used twice: {COPIED}",
        f"terminal stand-3: 2 numbers were used twice, by events without an epoch: {UNSURE}",
        f"3 terminals, 2 sequence numbers missing {GONE}, 10 used twice",
    ]


def test_the_report_of_a_fair_without_numbers_has_its_totals_alone() -> None:
    assert terminal_lines(read([])) == [f"0 terminals, 0 sequence numbers missing {GONE}, 0 used twice"]


def test_a_long_report_is_cut_and_says_where_the_rest_is() -> None:
    events = [one for number in range(MOST_LINES + 2) for one in of(f"t-{number}", OLD, 1, 1)]
    lines = terminal_lines(read(events))
    assert len(lines) == MOST_LINES + 2
    assert lines[MOST_LINES] == "... and 2 more; --out writes all of them to terminals.csv"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording of a fair at which stand-1 was copied and stand-2 was replaced."""
    path = tmp_path / "day.fairrec"
    events = [*of("stand-1", OLD, 1, 2, 2, 5), *of("stand-2", OLD, 1, 2), *of("stand-2", NEW, 1)]
    with RecordingWriter(path, "small-2025", {}, SMALL.read_bytes()) as writer:
        for topic, partition, offset, key, value in record_of(events):
            writer.write(RecordedRecord(topic, partition, offset, 0, key, value))
    return path


def test_an_audit_with_copies_succeeds_names_them_and_keeps_them_as_evidence(recording: Path, tmp_path: Path) -> None:
    """Each event counts once, so the numbers are right: the exit code is about them alone."""
    out = tmp_path / "audit"
    ran = CliRunner().invoke(audit, [str(recording), "--out", str(out)], standalone_mode=False)
    assert (ran.exception, ran.return_value) == (None, 0)
    assert ran.stdout.splitlines()[-3:] == [
        f"terminal stand-1: 1 number was used twice: {COPIED}",
        f"2 terminals, 2 sequence numbers missing {GONE}, 1 used twice",
        ran.stdout.splitlines()[-1],
    ]
    assert ran.stdout.splitlines()[-1].endswith(" 0 differences")
    with (out / "terminals.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["terminal_id", "epoch", "events", "lowest_seq", "highest_seq", "missing", "used_twice"],
        ["stand-1", OLD, "4", "1", "5", "2", "1"],
        ["stand-2", OLD, "2", "1", "2", "0", "0"],
        ["stand-2", NEW, "1", "1", "1", "0", "0"],
    ]
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    assert (manifest["differences"], manifest["sequence_numbers_missing"]) == (0, 2)
    assert manifest["sequence_numbers_used_twice"] == 1
