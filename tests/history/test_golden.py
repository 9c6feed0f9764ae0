"""Recordings of named situations: today's fold gives the oracle's numbers, no matter how they are replayed."""

import os
import random
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from schemas.errors import FairpulseError, InvalidRecording
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from streams.audit.recount.oracle import WINDOWS, Oracle
from streams.fold.engine import Engine
from streams.history.pytest_plugin import Replays
from streams.history.replay import Fold, Replay
from tests.recordings import make
from tests.support.builders import LATENESS
from tests.support.golden import expected_of, found_in, oracle_of, parting, spelled
from tests.support.remedies import told

FOLDER = Path(__file__).parents[1] / "recordings"
SITUATIONS = sorted(path.stem for path in FOLDER.glob("*.fairrec"))


@pytest.fixture
def replay(replay: Replays) -> Replays:
    """Replay with the lateness of these fairs' workers, not with today's default."""
    return partial(replay, lateness=LATENESS)


def test_there_are_the_five_situations() -> None:
    assert SITUATIONS == [
        "amendment_before_deal",
        "ceremony_burst",
        "gate_outage",
        "opening_rush",
        "reconnect_flush",
    ]


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_files_have_the_numbers_that_the_oracle_gives_today(name: str) -> None:
    fresh = expected_of(FOLDER / f"{name}.fairrec") == (FOLDER / f"{name}.json").read_bytes()
    assert fresh, f"tests/recordings/{name}.json is stale: the recount says something else; run: make generate"


def test_the_check_names_everything_that_is_stale_with_the_remedy(tmp_path: Path) -> None:
    copy = tmp_path / "tests" / "recordings"
    shutil.copytree(FOLDER, copy)
    for name in ("opening_rush", "gate_outage"):
        (copy / f"{name}.json").write_text("{}")
    checked = subprocess.run(
        [sys.executable, copy / "make.py", "--check"],
        cwd=FOLDER.parents[1],
        env=os.environ | {"PYTHONPATH": str(FOLDER.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1, checked.stderr
    assert checked.stderr.splitlines() == [
        f"error: tests/recordings/{name}.json is stale; run: make generate" for name in ("opening_rush", "gate_outage")
    ]
    assert (copy / "gate_outage.json").read_text() == "{}"


def test_numbers_of_a_recount_that_differs_from_the_fold_are_written_with_an_error_that_names_the_kpi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(FOLDER / "gate_outage.fairrec", tmp_path)
    monkeypatch.setattr(make, "HERE", tmp_path)
    assert make.main(["--expected", "gate_outage"]) == 0
    monkeypatch.setattr(Oracle, "_take_interaction", lambda *_: None)
    for _ in range(2):  # also if the wrong numbers are there already
        assert make.main(["--expected", "gate_outage"]) == 1
        error = capsys.readouterr().err
        assert error.startswith(
            "error: tests/recordings/gate_outage.json has the numbers of the recount; the fold gives others:"
        )
        assert "interactions: if the recount is right, put its measure in streams/kpis/booths.py right; if" in error


def test_a_kpi_that_is_not_recounted_yet_is_named_when_recordings_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(FOLDER / "gate_outage.fairrec", tmp_path)
    monkeypatch.setattr(make, "HERE", tmp_path)
    monkeypatch.delitem(WINDOWS, "visits")
    monkeypatch.setattr("streams.audit.recount.counting.visit_kpis", lambda _: {})
    assert make.main(["--expected", "gate_outage"]) == 1
    assert "error: the recount does not know the KPI visits; count it in streams/audit/" in capsys.readouterr().err


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_replay_in_process_gives_the_numbers_that_the_oracle_gives(replay: Replays, name: str) -> None:
    recording, report = Recording(FOLDER / f"{name}.fairrec"), replay(name).final().report
    found = parting(recording, report)
    assert not found, told(found)
    assert found_in(report) == expected_of(recording.path)


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("partitions", [3, 8])
def test_any_number_of_partitions_gives_the_same_bytes(replay: Replays, name: str, partitions: int) -> None:
    one, many = replay(name).final(), replay(name, partitions=partitions).final()
    assert one.canonical() == many.canonical()
    minutes = [(kpi, window) for kpi, one_kpi in one.report["kpis"].items() for window in one_kpi["windows"]]
    for kpi, window in minutes:
        assert one.report["kpis"][kpi]["windows"][window] == many.report["kpis"][kpi]["windows"][window]


@pytest.mark.parametrize("name", SITUATIONS)
def test_chunks_of_a_few_records_give_the_same_bytes(replay: Replays, name: str) -> None:
    recording = Recording(FOLDER / f"{name}.fairrec")
    fold = Fold(Engine(recording.fair(), LATENESS), partitions=2)
    for number, record in enumerate(recording.records()):
        fold.feed(record)
        if number % 5 == 0:
            fold.settle()
    assert fold.kpis().canonical() == replay(name).final().canonical()


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_full_shuffle_gives_the_same_bytes(name: str) -> None:
    recording = Recording(FOLDER / f"{name}.fairrec")
    records = list(recording.records())
    expected = Replay.of(recording.path, lateness=LATENESS).final().canonical()
    for seed in range(5):
        shuffled = random.Random(seed).sample(records, len(records))
        engine = Engine(recording.fair(), LATENESS)
        assert Replay(engine, lambda shuffled=shuffled: shuffled, partitions=3).final().canonical() == expected
        assert spelled(oracle_of(recording, shuffled).kpis()) == expected_of(recording.path)


def test_as_of_a_moment_only_what_had_been_received_counts(replay: Replays) -> None:
    rush = replay("opening_rush")
    day = "2025-10-25"
    visits = [rush.at(f"{day}T{time}").value("visits", day=day) for time in ("09:00", "09:15", "09:30", "10:00")]
    assert visits == [0, 28, 54, 83]
    # Going back starts again from the beginning, and gives the same numbers as before.
    assert rush.at(f"{day}T09:15").value("visits", day=day) == 28
    assert rush.final().value("visits", day=day) == 104


def test_a_window_of_minutes_as_of_a_moment_equals_the_oracle_s(replay: Replays) -> None:
    recording = Recording(FOLDER / "opening_rush.fairrec")
    kpis = replay("opening_rush").at("2025-10-25T09:30:30")
    end = kpis.report["window_end"]
    assert end == "2025-10-25T07:30:00.000Z"
    taken = [one for one in recording.records() if one.timestamp_ms <= 1_761_377_430_000]
    oracle = oracle_of(recording, taken)
    windows = oracle.window("gate_passages", 15, 1_761_377_400_000 // 60_000)
    assert sum(windows.values()) > 20
    for labels, value in windows.items():
        assert kpis.value("gate_passages", window="15m", **dict(labels)) == value


def test_asking_for_something_that_is_not_there_says_so(replay: Replays) -> None:
    kpis = replay("gate_outage").final()
    assert kpis.value("visits", day="1999-01-01") == 0
    with pytest.raises(FairpulseError, match="no KPI of that name"):
        kpis.value("visit")
    with pytest.raises(FairpulseError, match="it has day, fair"):
        kpis.value("visits", window="15m")
    with pytest.raises(FileNotFoundError, match="no recording nowhere beside the test"):
        replay("nowhere")


@pytest.mark.parametrize(("skipped", "said"), [(0, None), (1, "begins at offset 1 of fair.scans[")])
def test_a_recording_that_begins_later_than_its_topics_gives_a_warning(
    replay: Replays, tmp_path: Path, skipped: int, said: str | None
) -> None:
    whole = Recording(FOLDER / "gate_outage.fairrec")
    path = tmp_path / "later.fairrec"
    with RecordingWriter(path, "small-2025", whole.header.partitions, whole.fair_file()) as writer:
        for record in whole.records():
            if record.topic != "fair.scans" or record.offset >= skipped:
                writer.write(record)
    if said is None:
        replay(path)  # a warning would be an error here
    else:
        with pytest.warns(UserWarning, match=re.escape(said)) as warned:
            replay(path)
        assert [Path(one.filename).name for one in warned] == ["test_golden.py"], "it points to the test"


def test_a_cut_recording_gives_no_numbers_of_a_part(tmp_path: Path) -> None:
    whole = (FOLDER / "gate_outage.fairrec").read_bytes()
    path = tmp_path / "cut.fairrec"
    path.write_bytes(whole[:-10])
    with pytest.raises(InvalidRecording, match="is cut at byte"):
        Replay.of(path, lateness=LATENESS).final()
