"""A recording gives back exactly what was put in; cut or changed, it gives what is certain and says where it ends."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvalidRecording, InvalidSettings, Unavailable
from schemas.recording.frames import HEADER_BYTES, RecordedRecord
from schemas.recording.jsonl import from_lines, to_line
from schemas.recording.reader import Recording
from schemas.recording.writer import BLOCK_RECORDS, PART, RecordingWriter

FAIR_FILE = b"fair_id: small-2025\n"

bytes_or_null = st.none() | st.binary(max_size=40)
records = st.builds(
    RecordedRecord,
    topic=st.sampled_from(["fair.scans", "fair.deals"]),
    partition=st.integers(0, 511),
    offset=st.integers(0, 2**62),
    timestamp_ms=st.integers(0, 2**42),
    key=bytes_or_null,
    value=bytes_or_null,
    headers=st.lists(st.tuples(st.text(max_size=5), bytes_or_null), max_size=2).map(tuple),
)


def written(path: Path, taken: list[RecordedRecord], *, flush_every: int = 0) -> Path:
    with RecordingWriter(path, "small-2025", {"fair.scans": 8}, FAIR_FILE) as writer:
        for number, record in enumerate(taken, 1):
            writer.write(record)
            if flush_every and number % flush_every == 0:
                writer.flush()
    return path


def plain(number: int) -> RecordedRecord:
    value = json.dumps({"type": "fair.visitor.scanned.v1", "received_at": f"2025-10-25T09:00:{number % 60:02}Z"})
    return RecordedRecord("fair.scans", number % 8, number // 8, 1_000 + number, b"k", value.encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "day.fairrec"


@settings(deadline=None, max_examples=60)
@given(taken=st.lists(records, max_size=12), flush_every=st.integers(0, 3))
def test_every_record_comes_back_whole_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, taken: list[RecordedRecord], flush_every: int
) -> None:
    path = written(tmp_path_factory.mktemp("r") / "one.fairrec", taken, flush_every=flush_every)
    recording = Recording(path)
    assert list(recording.records()) == taken
    assert recording.cut is None
    assert recording.is_intact()
    assert recording.fair_file() == FAIR_FILE
    assert recording.header.records == len(taken)


@settings(deadline=None)
@given(taken=st.lists(records, max_size=6))
def test_json_lines_carry_every_byte_there_and_back(taken: list[RecordedRecord]) -> None:
    lines = [to_line(record) for record in taken]
    assert list(from_lines(lines)) == taken
    assert all(json.loads(line)["topic"] == record.topic for line, record in zip(lines, taken, strict=True))


def test_records_beyond_one_block_come_back_and_any_number_can_be_left_out(path: Path) -> None:
    taken = [plain(number) for number in range(BLOCK_RECORDS * 2 + 5)]
    recording = Recording(written(path, taken))
    assert list(recording.records()) == taken
    for skip in (1, BLOCK_RECORDS - 1, BLOCK_RECORDS, BLOCK_RECORDS + 1, len(taken)):
        assert list(recording.records(skip)) == taken[skip:]


def test_the_header_says_what_is_in_it_and_is_the_first_thing_a_person_sees(path: Path) -> None:
    written(path, [plain(number) for number in range(20)])
    head = json.loads(path.read_bytes()[8:HEADER_BYTES])
    assert head["fair_id"] == "small-2025"
    assert head["records"] == 20
    assert head["types"] == {"fair.visitor.scanned.v1": 20}
    assert head["topics"]["fair.scans"]["records"] == 20
    assert head["topics"]["fair.scans"]["offsets"]["3"] == [0, 2]
    assert (head["first"], head["last"]) == ("1970-01-01T00:00:01.000Z", "1970-01-01T00:00:01.019Z")
    assert (head["first_arrival"], head["last_arrival"]) == ("2025-10-25T09:00:00.000Z", "2025-10-25T09:00:19.000Z")


def test_any_zstandard_tool_unpacks_it(path: Path) -> None:
    written(path, [plain(number) for number in range(20)], flush_every=7)
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes()), read_across_frames=True) as unpacked:
        content = unpacked.read()
    assert content.startswith(FAIR_FILE)
    assert content.count(b"fair.visitor.scanned.v1") == 20


def test_wherever_it_is_cut_the_blocks_before_come_back_and_the_cut_is_named(path: Path) -> None:
    taken = [plain(number) for number in range(40)]
    whole = written(path, taken, flush_every=10).read_bytes()
    seen = set()
    for end in range(HEADER_BYTES, len(whole)):
        path.write_bytes(whole[:end])
        recording = Recording(path)
        found = list(recording.readable())
        assert found == taken[: len(found)]
        seen.add(len(found))
        assert not recording.is_intact()
        with pytest.raises(InvalidRecording, match="is cut at byte" if recording.cut else "records are missing"):
            next(recording.records())
    assert seen == {0, 10, 20, 30}


def test_no_changed_byte_ever_yields_a_wrong_record(path: Path) -> None:
    taken = [plain(number) for number in range(40)]
    whole = written(path, taken, flush_every=10).read_bytes()
    for at in range(HEADER_BYTES, len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        recording = Recording(path)
        found = list(recording.readable())
        assert found == taken[: len(found)]
        assert not recording.is_intact()


def test_what_was_flushed_before_a_crash_is_readable_in_the_part_file(path: Path) -> None:
    writer = RecordingWriter(path, "small-2025", {}, FAIR_FILE)

    def record_until_interrupted() -> None:
        with writer:
            for number in range(10):
                writer.write(plain(number))
            writer.flush()
            writer.write(plain(10))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_until_interrupted()
    assert not path.exists()
    recording = Recording(writer.part)
    assert [record.offset for record in recording.records()] == [number // 8 for number in range(10)]
    assert recording.cut is not None
    assert "interrupted" in recording.cut.why


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a recording"),
        (b"x" * (HEADER_BYTES + 9), "header cannot be read"),
        (b'12345678{"format": "fairpulse recording 9", "fair_id": "a", "written_by": "b"}', "does not know"),
    ],
)
def test_a_file_that_is_not_a_recording_is_refused_in_one_line_with_its_name(
    path: Path, content: bytes, says: str
) -> None:
    path.write_bytes(content if not content.startswith(b"1") else content.ljust(HEADER_BYTES))
    with pytest.raises(InvalidRecording, match=says) as error:
        Recording(path)
    assert str(error.value).startswith("day.fairrec")


def test_a_line_that_is_not_a_record_is_named_by_its_number() -> None:
    with pytest.raises(InvalidRecording, match="line 3 is not a record"):
        list(from_lines([to_line(plain(1)), b"\n", b'{"topic": "fair.scans"}\n']))


def test_a_folder_that_is_not_there_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "none" / "a.fairrec", "small-2025", {})
    with pytest.raises(Unavailable, match="No such file or directory"):
        writer.__enter__()


def test_a_second_recording_into_the_same_file_is_refused_and_takes_nothing_from_the_first(path: Path) -> None:
    with RecordingWriter(path, "small-2025", {}, FAIR_FILE) as first:
        first.write(plain(1))
        second = RecordingWriter(path, "small-2025", {}, FAIR_FILE)
        with pytest.raises(Unavailable) as refused, second.without_rest(InvalidSettings), second:
            pass
        assert str(refused.value) == (
            "another program is writing day.fairrec.part; name another file, or end that program"
        )
        first.flush()
        first.write(plain(2))
    assert [record.offset for record in Recording(path).records()] == [plain(1).offset, plain(2).offset]
    assert Recording(path).is_intact()
    with RecordingWriter(path, "small-2025", {}, FAIR_FILE) as third:
        third.write(plain(3))
    assert Recording(path).header.records == 1, "the lock ended with the first"


def interrupted(path: Path, count: int) -> bytes:
    """Return the `.part` file of a recording that broke off after some records."""

    def write() -> None:
        with RecordingWriter(path, "small-2025", {}, FAIR_FILE) as writer:
            for number in range(count):
                writer.write(plain(number))
            writer.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    return path.with_name(path.name + PART).read_bytes()


LEFT: dict[str, tuple[Callable[[Path], bytes], bool]] = {
    "ten records": (lambda path: interrupted(path, 10), True),
    "ten records, the last block half": (lambda path: interrupted(path, 10)[:-9], True),
    "a file of something else": (lambda _: b"notes\n", True),
    "a large file of something else": (lambda _: b"x" * 100_000, True),
    "no records": (lambda path: interrupted(path, 0), False),
    "an empty file": (lambda _: b"", False),
}
"""Contents of a `.part` file, and whether each must be kept."""


@pytest.mark.parametrize("name", LEFT)
def test_what_a_recording_that_broke_off_has_taken_is_not_written_over(path: Path, name: str) -> None:
    left, kept = LEFT[name]
    content = left(path)
    writer = RecordingWriter(path, "small-2025", {}, FAIR_FILE)
    writer.part.write_bytes(content)
    if kept:
        with pytest.raises(Unavailable) as refused, writer.without_rest(InvalidSettings), writer:
            pass
        assert str(refused.value) == (
            "day.fairrec.part holds what a recording took before it broke off; move it away, or delete it"
        )
        assert writer.part.read_bytes() == content
        writer.part.rename(path.with_name("morning.fairrec.part"))
    with writer:
        writer.write(plain(1))
    assert Recording(path).is_intact(), "after the cure, or if there was nothing to lose"


def test_force_replaces_what_a_recording_that_broke_off_has_taken_and_nothing_of_it_is_left(path: Path) -> None:
    interrupted(path, 1_000)
    with RecordingWriter(path, "small-2025", {}, FAIR_FILE, force=True) as writer:
        writer.write(plain(1))
    assert list(Recording(path).records()) == [plain(1)]
    assert Recording(path).is_intact()


def test_force_takes_nothing_from_a_recording_that_is_being_written(path: Path) -> None:
    with RecordingWriter(path, "small-2025", {}, FAIR_FILE) as first:
        first.write(plain(1))
        with (
            pytest.raises(Unavailable, match="another program is writing"),
            RecordingWriter(path, "small-2025", {}, force=True),
        ):
            pass
    assert list(Recording(path).records()) == [plain(1)]
