"""A damaged recording is refused by every reader before it gives a number, and so are the events of another fair."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from producers.play.replay import replayed
from schemas.console import program
from schemas.environment import known_names
from schemas.errors import FairpulseError
from schemas.fair.file import example_fair_path
from schemas.recording.frames import HEADER_BYTES, RecordedRecord, header_frame
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from streams.history.pytest_plugin import replays
from streams.history.replay import Replay

RUSH = Path(__file__).parents[1] / "recordings" / "opening_rush.fairrec"
EACH = 60
BLOCKS = 4

Body = list[bytes]
"""The fair file's block, and the blocks of records."""
Damaged = Callable[[Body, Body], tuple[bytes, ...] | Body]
"""Makes a damaged body of a recording's own blocks and of those of another one."""

CUT, DAMAGED = "is cut at byte ", "is damaged: "
TWICE = "a block is there twice or in the wrong place: fair."
DAMAGES: dict[str, tuple[Damaged, str]] = {
    "cut at the end of a block": (lambda own, _: own[:-1], f"{DAMAGED}60 of its 240 records are missing"),
    "cut in a block": (lambda own, _: [*own[:-1], own[-1][:-9]], CUT),
    "a block doubled": (lambda own, _: [*own[:3], *own[2:]], DAMAGED + TWICE),
    "all blocks doubled": (lambda own, _: [*own, *own[1:]], DAMAGED + TWICE),
    "blocks exchanged": (lambda own, _: [*own[:2], own[3], own[2], own[4]], DAMAGED + TWICE),
    "a block removed": (lambda own, _: [*own[:2], *own[3:]], f"{DAMAGED}60 of its 240 records are missing"),
    "a block of another recording": (lambda own, other: [*own[:2], other[2], *own[3:]], DAMAGED),
    "no block of records": (lambda own, _: own[:1], f"{DAMAGED}240 of its 240 records are missing"),
    "no block at all": (lambda own, _: [], f"{CUT}65,544: it ends after its header"),
    "bytes behind the end": (lambda own, _: [*own, b"x" * 60], CUT),
    "a changed byte": (lambda own, _: [*own[:3], own[3][:70] + bytes([own[3][70] ^ 1]) + own[3][71:], own[4]], CUT),
}


def recording_of(path: Path, records: Sequence[RecordedRecord]) -> tuple[bytes, Body]:
    """Write a recording with a block for every `EACH` records; return its header and its blocks."""
    whole = Recording(RUSH)
    partitions = {name: part.partitions for name, part in whole.header.topics.items()}
    ends = []
    with RecordingWriter(path, whole.header.fair_id, partitions, whole.fair_file()) as writer:
        for number, record in enumerate(records, 1):
            writer.write(record)
            if number % EACH == 0 or number == len(records):
                ends.append(writer.bytes)
                writer.flush()
        ends.append(writer.bytes)
    content = path.read_bytes()
    cuts = [HEADER_BYTES + end for end in ends] if records else []
    pieces = [content[start:end] for start, end in zip([HEADER_BYTES, *cuts], [*cuts, len(content)], strict=True)]
    return content[:HEADER_BYTES], [piece for piece in pieces if piece]


RECORDS = list(Recording(RUSH).records())[: EACH * BLOCKS]
OTHERS = list(Recording(RUSH).records())[EACH * BLOCKS : 2 * EACH * BLOCKS]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_names():
        monkeypatch.delenv(name, raising=False)


def told(*arguments: str | Path) -> tuple[str, str, int]:
    """Return what a command printed, the error that ended it, and its exit code."""
    result = CliRunner().invoke(program, [str(one) for one in arguments], standalone_mode=False)
    assert result.exception is None or isinstance(result.exception, FairpulseError), result.exception
    return result.stdout, str(result.exception or ""), result.return_value or 0


def fixture(path: Path) -> tuple[str, str, int]:
    try:
        Replay.of(path).final()
    except FairpulseError as error:
        return "", str(error), 1
    return "numbers", "", 0


def replay(path: Path) -> tuple[str, str, int]:
    try:
        return str(next(replayed(Recording(path)))), "", 0
    except FairpulseError as error:
        return "", str(error), 1


READERS: dict[str, Callable[[Path], tuple[str, str, int]]] = {
    "audit": lambda path: told("audit", path),
    "backfill": lambda path: told("backfill", path),
    "kpis": lambda path: told("kpis", path, "visits"),
    "kpis at a time": lambda path: told("kpis", path, "visits", "--at", "2025-10-25T09:30"),
    "fixture": fixture,
    "replay": replay,
    "conform": lambda path: told("topics", "conform", path, "--fair", example_fair_path("small")),
}


HEADERS = {
    "another number of partitions": (b'"partitions": 8', b'"partitions": 9'),
    "the number of partitions lost": (b'"partitions": 8', b'"partitions": 0'),
    "a field that nobody reads": (b'"left_out"', b'"lift_out"'),
    "another fair": (b'"fair_id": "small-2025"', b'"fair_id": "small-2026"'),
    "another first time": (b'"first": "2025', b'"first": "2015'),
    "another own checksum": (b'"header_sha256": "', b'"header_sha256": "f'),
}


def must_be_refused(path: Path, why: str) -> None:
    for name, read in READERS.items():
        printed, error, _ = read(path)
        assert error.startswith(f"{path.name} {why}"), f"{name}: {error or printed[:200]}"
        assert "; " in error, f"{name} names no cure"
        assert not printed, f"{name} gave something before it refused"


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_recording_is_refused_before_any_number(tmp_path: Path, name: str) -> None:
    damage, why = DAMAGES[name]
    header, own = recording_of(tmp_path / "day.fairrec", RECORDS)
    assert len(own) == 1 + BLOCKS
    _, other = recording_of(tmp_path / "other.fairrec", OTHERS)
    path = tmp_path / "day.fairrec"
    path.write_bytes(header + b"".join(damage(own, other)))
    must_be_refused(path, why)
    inspected, _, code = told("recording", "inspect", path, "--check")
    assert code == 1
    assert inspected.splitlines()[-1].startswith(("CUT", "DAMAGED"))
    lines = tmp_path / "lines.jsonl"
    assert told("recording", "export", path, "--to", lines)[2] == 1, "what can be read is there, and is not all"


@pytest.mark.parametrize("name", HEADERS)
def test_a_changed_header_is_refused_before_any_number(tmp_path: Path, name: str) -> None:
    path, (old, new) = tmp_path / "day.fairrec", HEADERS[name]
    header, own = recording_of(path, RECORDS)
    assert old in header
    changed = header.replace(old, new, 1)
    path.write_bytes(changed[: len(header)].rstrip(b" ").ljust(len(header)) + b"".join(own))
    must_be_refused(path, f"{DAMAGED}its header was changed: its checksum does not match")
    assert told("recording", "inspect", path, "--check")[2] == 1


@pytest.mark.parametrize("field", ["records", "topics"])
def test_a_header_whose_counts_are_not_those_of_the_records_is_refused(tmp_path: Path, field: str) -> None:
    path = tmp_path / "day.fairrec"
    _, own = recording_of(path, RECORDS)
    header = Recording(path).header
    changed: object = header.records + 1
    if field == "topics":
        changed = {**header.topics, "fair.deals": msgspec.structs.replace(header.topics["fair.deals"], records=999)}
    path.write_bytes(header_frame(msgspec.structs.replace(header, **{field: changed})) + b"".join(own))
    must_be_refused(path, f"{DAMAGED}the counts in its header are not those of its 240 records")


@pytest.mark.parametrize("name", ["a block doubled", "blocks exchanged"])
def test_an_interrupted_recording_is_refused_if_its_blocks_are_not_in_order(tmp_path: Path, name: str) -> None:
    damage, _ = DAMAGES[name]
    path = tmp_path / "day.fairrec.part"
    _, own = recording_of(path, RECORDS)
    header = header_frame(msgspec.structs.replace(Recording(path).header, complete=False))
    path.write_bytes(header + b"".join(damage(own, [])))
    must_be_refused(path, DAMAGED + TWICE)
    path.write_bytes(header + b"".join(own))
    assert replay(path)[0], "in order it may be replayed"
    for read in ("audit", "backfill", "kpis", "conform"):
        assert READERS[read](path)[1].startswith(f"{path.name} {CUT}"), read
    assert told("recording", "export", path, "--to", tmp_path / "lines.jsonl")[2] == 1


def test_after_a_cut_was_reached_earlier_moments_are_right_and_later_ones_refused_again(tmp_path: Path) -> None:
    path = tmp_path / "day.fairrec.part"
    _, own = recording_of(path, RECORDS)
    header = header_frame(msgspec.structs.replace(Recording(path).header, complete=False))
    path.write_bytes(header + b"".join(own[:-1]))
    early, late = "2025-10-25T08:36:00+02:00", "2025-10-25T20:00:00+02:00"
    replayed_rush = Replay.of(path)
    expected = replayed_rush.at(early).report
    for _ in range(2):
        for ask in (replayed_rush.final, lambda: replayed_rush.at(late)):
            with pytest.raises(FairpulseError, match="is cut at byte"):
                ask()
            assert replayed_rush.at(early).report == expected


def test_an_export_of_a_whole_recording_ends_well(tmp_path: Path) -> None:
    assert told("recording", "export", RUSH, "--to", tmp_path / "lines.jsonl") == ("", "", 0)


def test_an_export_of_a_damaged_recording_says_so(tmp_path: Path) -> None:
    path = tmp_path / "day.fairrec"
    header, own = recording_of(path, RECORDS)
    path.write_bytes(header + b"".join([*own, *own[1:]]))
    done = CliRunner().invoke(program, ["recording", "export", str(path)], standalone_mode=False)
    assert done.stdout.count("\n") == 2 * len(RECORDS) + 1, "the last line says it as well"
    assert done.stderr.startswith(f"warning: day.fairrec is damaged: {TWICE}")


def test_a_recording_without_records_compares_nothing_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.fairrec"
    recording_of(path, [])
    _, error, _ = told("audit", path)
    assert error.startswith("nothing was compared: ")
    for command in ("kpis", "backfill"):
        done = CliRunner().invoke(program, [command, str(path)], standalone_mode=False)
        assert done.exception is None
        assert "warning: empty.fairrec holds no events" in done.stderr


@pytest.mark.parametrize("records", [0, 3])
def test_the_fixture_warns_of_a_recording_without_events(
    request: pytest.FixtureRequest, tmp_path: Path, records: int
) -> None:
    path = tmp_path / "empty.fairrec"
    letters = [RecordedRecord("fair.rejected", 0, number, 0, b"k", b"{}") for number in range(records)]
    recording_of(path, letters)
    with pytest.warns(UserWarning, match=r"^empty.fairrec holds no events$"):
        replays(request)(path)


def test_a_writer_that_could_not_write_a_block_never_calls_its_file_complete(tmp_path: Path) -> None:
    path = tmp_path / "day.fairrec"
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with RecordingWriter(path, "small-2025", {}) as writer:
        file, writer._file = writer._file, full.open("wb", buffering=0)
        writer.write(RECORDS[0])
        with pytest.raises(FairpulseError, match="cannot be written"):
            writer.flush()
        writer._file.close()
        writer._file = file
    assert not path.exists()
    assert not Recording(writer.part).header.complete


OTHER_FAIR = "the events are of the fair small-2025, not of ciftis-2025, whose "
NAMED = f"{OTHER_FAIR}fair file is named; name its fair file with --fair or FAIRPULSE_FAIR_FILE"
DEFAULT = (
    f"{OTHER_FAIR}example is used because no fair file is named; name its fair file with --fair or FAIRPULSE_FAIR_FILE"
)
EXAMPLE = example_fair_path()
FAIR_READERS: dict[str, Callable[[Path, Path], tuple[str, str]]] = {
    "audit": lambda path, _: (told("audit", path, "--fair", EXAMPLE)[1], NAMED),
    "backfill": lambda path, _: (told("backfill", path, "--fair", EXAMPLE)[1], NAMED),
    "kpis": lambda path, _: (told("kpis", path, "--fair", EXAMPLE)[1], NAMED),
    "import": lambda _, lines: (told("recording", "import", lines, lines.with_name("new.fairrec"))[1], DEFAULT),
    "import, named": lambda _, lines: (
        told("recording", "import", lines, lines.with_name("new.fairrec"), "--fair", EXAMPLE)[1],
        NAMED,
    ),
}


@pytest.mark.parametrize("name", FAIR_READERS)
def test_events_of_another_fair_than_the_fair_file_s_are_refused(tmp_path: Path, name: str) -> None:
    lines = tmp_path / "day.jsonl"
    told("recording", "export", RUSH, "--to", lines)
    said, expected = FAIR_READERS[name](RUSH, lines)
    assert said == expected
    assert not list(tmp_path.glob("new.fairrec*")), "no file is left that calls them events of the example"
    again = tmp_path / "again.fairrec"
    assert told("recording", "import", lines, again, "--fair", example_fair_path("small"))[1] == ""
    assert told("audit", again)[0].endswith(" 0 differences\n"), "the cure"


def test_the_fixture_refuses_a_fair_file_of_another_fair() -> None:
    with pytest.raises(FairpulseError, match="not of ciftis-2025"):
        Replay.of(RUSH, fair_file=EXAMPLE)
