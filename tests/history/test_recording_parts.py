"""A recording that lacks records says so in its header, and every command that reads it as a whole says it again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.console import program
from schemas.fair.file import example_fair_path
from schemas.recording.frames import HEADER_BYTES
from schemas.recording.header import SIZE
from schemas.recording.inspection import missing_in
from schemas.recording.reader import Recording
from schemas.recording.writer import MOST_LEFT_OUT, RecordingWriter
from streams.history.read_logs import AGAIN, LogLost, OpenTransaction
from streams.history.recorder import Taken

SMALL = example_fair_path("small")
RUSH = Path(__file__).parents[1] / "recordings" / "opening_rush.fairrec"
OPEN = "fair.scans[3] has an open transaction: records from offset 2 on are left out"
LOST = "it was ended early, because topic fair.scans was deleted while it was read"
HEAD = "fair.scans[1] begins at offset 4: 4 older records are gone"
LAG = "it was ended early, and 12 records that Kafka had by then are left out"


def copied(path: Path, left_out: tuple[str, ...], since: int = 0, *, ends: bool = True) -> Path:
    """Write the records of the rush with an offset of at least `since`, and what is left out; return where it is."""
    whole = Recording(RUSH)
    writer = RecordingWriter(path, whole.header.fair_id, whole.header.partitions, whole.fair_file())
    writer.leave_out(left_out)

    def write() -> None:
        with writer:
            for record in whole.records():
                if record.offset >= since:
                    writer.write(record)
            writer.flush()
            if not ends:
                raise KeyboardInterrupt

    if ends:
        write()
        return path
    with pytest.raises(KeyboardInterrupt):
        write()
    return writer.part


def ran(*arguments: str | Path) -> tuple[str, list[str], int]:
    """Return what a command printed, its warnings, and its exit code."""
    done = CliRunner().invoke(program, [str(one) for one in arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout, [line for line in done.stderr.splitlines() if line.startswith("warning: ")], done.return_value


@pytest.mark.parametrize(
    ("open_", "lost", "lag", "told"),
    [
        ([], None, 0, []),
        ([], "topic fair.scans was deleted while it was read", 3, [LOST]),
        ([], None, 12, [LAG]),
        ([OpenTransaction(("fair.scans", 3), 2)], None, 0, [OPEN]),
        ([OpenTransaction(("fair.scans", 3), 2)], None, 12, [OPEN, LAG]),
    ],
    ids=["all", "a log lost", "ended with a lag", "open", "open and a lag"],
)
def test_what_a_recording_has_not_taken_is_told_in_sentences(
    open_: list[OpenTransaction], lost: str | None, lag: int, told: list[str]
) -> None:
    assert Taken(6, 600, lag, 1.0, open_, None if lost is None else LogLost(lost, hint=AGAIN)).left_out == told


@pytest.mark.parametrize("left_out", [(), (LOST,), (LAG,), (OPEN, HEAD)], ids=["nothing", "lost", "lag", "two"])
@pytest.mark.parametrize("ends", [True, False], ids=["complete", "interrupted"])
def test_inspect_prints_what_is_left_out_and_check_fails_for_it(
    tmp_path: Path, left_out: tuple[str, ...], *, ends: bool
) -> None:
    path = copied(tmp_path / "day.fairrec", left_out, ends=ends)
    assert Recording(path).header.left_out == left_out
    said, _, code = ran("recording", "inspect", path, "--check")
    assert [line for line in said.splitlines() if "LEFT OUT" in line] == [f"LEFT OUT  {one}" for one in left_out]
    assert code == (1 if left_out or not ends else 0)
    assert ran("recording", "inspect", path)[2] == 0, "only --check judges"


READERS: dict[str, Callable[[Path, Path], list[str]]] = {
    "audit": lambda path, _: ran("audit", path)[1],
    "backfill": lambda path, _: ran("backfill", path)[1],
    "kpis": lambda path, _: ran("kpis", path, "visits")[1],
    "kpis at a time": lambda path, _: ran("kpis", path, "visits", "--at", "2025-10-25T08:36:00+02:00")[1],
    "export": lambda path, folder: ran("recording", "export", path, "--to", folder / "lines.jsonl")[1],
    "conform": lambda path, _: ran("topics", "conform", path, "--fair", SMALL)[1],
}


@pytest.mark.parametrize("left_out", [(), (LOST,), (OPEN, HEAD)], ids=["nothing", "one", "two"])
@pytest.mark.parametrize("name", READERS)
def test_every_reader_of_a_whole_recording_says_what_it_lacks(
    tmp_path: Path, name: str, left_out: tuple[str, ...]
) -> None:
    path = copied(tmp_path / "day.fairrec", left_out)
    told = [f"warning: day.fairrec holds a part only: {one}" for one in left_out]
    assert READERS[name](path, tmp_path) == told


@pytest.mark.parametrize("how", ["left out", "interrupted", "cut", "damaged"])
def test_an_import_of_a_part_is_a_part(tmp_path: Path, how: str) -> None:
    path = copied(tmp_path / "day.fairrec", (OPEN, LOST) if how == "left out" else (), ends=how != "interrupted")
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content + b"x" * 60)
    elif how == "damaged":
        path.write_bytes(content + content[HEADER_BYTES:])
    lines, again = tmp_path / "lines.jsonl", tmp_path / "again.fairrec"
    ran("recording", "export", path, "--to", lines)
    ran("recording", "import", lines, again, "--fair", SMALL)
    found = Recording(again).header.left_out
    if how == "left out":
        assert found == (OPEN, LOST)
    else:
        assert [one.startswith("the file it was exported from was ") for one in found] == [True]
    assert ran("recording", "inspect", again, "--check")[2] == 1
    assert ran("kpis", again, "visits")[1] == [f"warning: again.fairrec holds a part only: {one}" for one in found]
    ran("recording", "export", again, "--to", lines)
    ran("recording", "import", lines, again, "--fair", SMALL, "--force")
    assert Recording(again).header.left_out == found, "as often as it is exported"


@pytest.mark.parametrize("ends", [True, False], ids=["complete", "interrupted"])
@pytest.mark.parametrize(("since", "told"), [(0, 0), (2, 1)])
def test_a_recording_that_begins_later_is_known_even_if_its_writing_was_interrupted(
    tmp_path: Path, since: int, told: int, *, ends: bool
) -> None:
    missing = missing_in(Recording(copied(tmp_path / "day.fairrec", (), since, ends=ends)))
    assert len(missing) == told
    assert all("begins at offset 2 of fair." in one for one in missing)


def test_a_recording_of_a_version_that_noted_nothing_is_read_as_before() -> None:
    assert b"left_out" not in RUSH.read_bytes()[:SIZE]
    assert Recording(RUSH).header.left_out == ()
    assert missing_in(Recording(RUSH)) == []


def test_a_header_has_room_for_as_many_sentences_as_there_may_be(tmp_path: Path) -> None:
    many = tuple(f"fair.scans[{number}] has an open transaction" for number in range(3_000))
    found = Recording(copied(tmp_path / "day.fairrec", many)).header.left_out
    assert found == (*many[:MOST_LEFT_OUT], f"and {3_000 - MOST_LEFT_OUT:,} more sentences like these")
