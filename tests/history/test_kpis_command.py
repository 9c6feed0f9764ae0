"""`fairpulse kpis`: the catalogue, and of a recording what the pytest fixture gives."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from schemas.environment import known_names
from schemas.recording.frames import HEADER_BYTES, header_frame
from schemas.recording.reader import Recording
from streams.history.kpis_cli import kpis
from streams.history.replay import Replay
from streams.kpis.catalogue import ALL_KPIS

FOLDER = Path(__file__).parents[1] / "recordings"
RUSH = FOLDER / "opening_rush.fairrec"
DAY = "2025-10-25"
TIMES = (None, f"{DAY}T09:00", f"{DAY}T09:30:30", f"{DAY}T10:00+02:00", f"{DAY}T12:00:00Z", f"{DAY}T18:00")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_names():
        monkeypatch.delenv(name, raising=False)


def asked(*arguments: str | Path) -> Result:
    return CliRunner().invoke(kpis, [str(one) for one in arguments], standalone_mode=False)


def answer(*arguments: str | Path) -> dict[str, Any]:
    result = asked(*arguments, "--json")
    assert result.exception is None, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.fairrec")), ids=lambda path: path.stem)
@pytest.mark.parametrize("late_s", [None, 0, 90.5])
def test_json_has_the_values_of_the_fixture_at_every_time(path: Path, late_s: float | None) -> None:
    late = {} if late_s is None else {"lateness": timedelta(seconds=late_s)}
    replay = Replay.of(path, **late)
    options = [] if late_s is None else ["--lateness", str(late_s)]
    for time in TIMES:
        at = [] if time is None else ["--at", time]
        expected = (replay.final() if time is None else replay.at(time)).report
        found = answer(path, *at, *options)
        assert found["kpis"] == expected["kpis"]
        assert [found["fair"], found["window_end"]] == [expected["fair"], expected["window_end"]]
    assert sum(one["value"] for one in found["kpis"]["events"]["windows"]["fair"]) > 0


def test_another_program_finds_a_value_by_its_path_in_the_json() -> None:
    program = Path(sys.executable).with_name("fairpulse")
    command = [program, "kpis", RUSH, "--at", f"{DAY}T09:30", "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(said.stdout)
    assert said.stderr == ""
    assert list(report) == ["fair", "at", "window_end", "kpis"]
    assert report["fair"] == "small-2025"
    assert report["at"] == "2025-10-25T07:30:00.000Z"
    assert report["window_end"] == "2025-10-25T07:29:00.000Z"
    assert list(report["kpis"]) == [kpi.name for kpi in ALL_KPIS]
    assert report["kpis"]["visits"]["windows"]["day"][DAY] == [{"labels": {}, "value": 54}]
    assert report["kpis"]["gate_passages"]["windows"]["15m"] == [
        {"labels": {"gate": "north", "direction": "entry"}, "value": 27}
    ]


def test_final_is_what_a_recording_gives_without_a_time() -> None:
    assert answer(RUSH, "--final") == answer(RUSH)
    assert answer(RUSH)["at"] is None


def test_names_choose_kpis_in_json_and_in_lines() -> None:
    assert list(answer(RUSH, "visits", "leads")["kpis"]) == [k.name for k in ALL_KPIS if k.name in {"visits", "leads"}]
    lines = asked(RUSH, "visits", "--at", f"{DAY}T09:30").output.splitlines()
    assert lines[0].startswith("visits: How many visits")
    assert lines[2:] == [f"        day {DAY} all: 54", "        fair all: 54"]


def test_without_a_recording_kpis_are_listed_without_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "visits").write_text("a file that is called as a KPI")
    monkeypatch.chdir(tmp_path)
    assert len(asked("visits").output.splitlines()) == 2
    assert len([line for line in asked().output.splitlines() if not line.startswith(" ")]) == len(ALL_KPIS)


def test_a_recording_needs_no_ending_if_it_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "visits").write_bytes(RUSH.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert answer("./visits", "visits") == answer(RUSH, "visits")


def test_a_fair_file_of_ones_own_is_taken_instead_of_the_one_inside(tmp_path: Path) -> None:
    text = Recording(RUSH).fair_file().decode()
    other, later = tmp_path / "renamed.yaml", tmp_path / "later.yaml"
    other.write_text(text.replace("small-2025", "small-2099", 1), encoding="utf-8")
    assert str(asked(RUSH, "--fair", other).exception) == (
        "the events are of the fair small-2025, not of small-2099, whose fair file is named; "
        "name its fair file with --fair or FAIRPULSE_FAIR_FILE"
    )
    later.write_text(text.replace("09:00", "09:30"), encoding="utf-8")
    assert later.read_text() != text
    assert answer(RUSH, "--fair", later)["kpis"] != answer(RUSH)["kpis"]


LISTED = "`fairpulse kpis` lists all KPIs; a recording is a file"
REFUSED: dict[str, tuple[tuple[str | Path, ...], str]] = {
    "neither a KPI nor a recording": (
        ("visit",),
        f"visit: neither a KPI nor a recording; did you mean visits? {LISTED}",
    ),
    "an unknown KPI of a recording": (
        (RUSH, "x"),
        f"x: neither a KPI nor a recording; {LISTED}",
    ),
    "a recording that is not there": (
        ("nowhere.fairrec", "--final"),
        "nowhere.fairrec cannot be read (No such file or directory); name a file that `fairpulse record` wrote",
    ),
    "a file that is not a recording": (
        (Path(__file__),),
        f"{Path(__file__).name} is not a recording; name a file that `fairpulse record` wrote",
    ),
    **{
        f"not a time: {time}": (
            (RUSH, "--at", time),
            f'--at: "{time}" is not a time; write the venue\'s time, as 2025-09-12T09:30, or one with an offset',
        )
        for time in ("soon", "", "09:30", "0001-01-01T00:00", "9999-12-31T23:59", "1761377400")
    },
    "a time, and no recording": (
        ("visits", "--at", f"{DAY}T09:30"),
        "--at and --final want a RECORDING: fairpulse kpis RECORDING --at TIME",
    ),
    "a time and the end": ((RUSH, "--at", f"{DAY}T09:30", "--final"), "--at and --final: give one of the two"),
    "a recording and a worker": ((RUSH, "--url", "http://h:1"), "a RECORDING and --url: name one of the two"),
    "json of the catalogue": (("--json",), "--json wants values: name a RECORDING, or a worker with --url"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_answered_is_refused_in_one_line(arguments: tuple[str | Path, ...], said: str) -> None:
    assert str(asked(*arguments).exception) == said


def test_a_cut_recording_is_refused_after_its_cut_(tmp_path: Path) -> None:
    cut = tmp_path / "cut.fairrec"
    cut.write_bytes(RUSH.read_bytes()[:-10])
    refused = str(asked(cut, "--final").exception)
    assert refused.startswith("cut.fairrec is cut at byte ")
    assert refused.endswith("; export it to JSON lines and import them again, if the part will do")


def test_a_recording_that_was_ended_from_outside_gives_a_warning_and_what_was_received_before(tmp_path: Path) -> None:
    cut = tmp_path / "cut.fairrec"
    header = msgspec.structs.replace(Recording(RUSH).header, complete=False)
    cut.write_bytes(header_frame(header) + RUSH.read_bytes()[HEADER_BYTES:])
    asked_then = asked(cut, "--at", f"{DAY}T09:30", "--json")
    assert json.loads(asked_then.stdout) == answer(RUSH, "--at", f"{DAY}T09:30")
    assert asked_then.stderr == "warning: cut.fairrec is cut; all that was received by --at is in it\n"


@pytest.mark.parametrize(
    ("name", "time", "warning"),
    [
        (RUSH.name, f"{DAY}T05:00", "--at is before the first event in opening_rush.fairrec, 2025-10-25T08:35:43 in"),
        (RUSH.name, f"{DAY}T23:00", "--at is after the last event in opening_rush.fairrec, 2025-10-25T"),
        (RUSH.name, f"{DAY}T09:30", None),
    ],
)
def test_a_time_outside_of_the_recording_gives_a_warning_beside_the_numbers(
    name: str, time: str, warning: str | None
) -> None:
    result = asked(FOLDER / name, "--at", time, "--json")
    assert json.loads(result.stdout)["kpis"] == Replay.of(FOLDER / name).at(time).report["kpis"]
    assert result.stderr.startswith(f"warning: {warning}") if warning else result.stderr == ""
    assert result.stderr.count("\n") == (warning is not None)


@pytest.mark.parametrize(
    ("held", "total", "note"),
    [
        ([0, 1, 2, 3], 8, "these are the numbers of partitions 0-3 of 8 only; ask the other workers for theirs"),
        ([0, 2, 5], 8, "these are the numbers of partitions 0, 2, 5 of 8 only;"),
        ([7], 8, "these are the numbers of partition 7 of 8 only;"),
        ([], 8, "this worker has no partition; ask the other workers"),
        ([0, 1], 2, ""),
        ([0, 1], None, ""),
    ],
)
def test_one_worker_of_several_says_on_standard_error_that_it_has_a_part_of_the_numbers(
    held: list[int], total: int | None, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report: dict[str, Any] = {"partitions": held, "kpis": {"events": {"windows": {}}}}
    report |= {} if total is None else {"partitions_total": total}
    monkeypatch.setattr("streams.shown.listing.fetch_report", lambda *_: report)
    result = asked("events", "--url", "http://worker:6066", "--json")
    assert json.loads(result.stdout) == report
    assert result.stderr.startswith(note)
    assert bool(result.stderr) is bool(note)
