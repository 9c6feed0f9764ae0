"""A recording counts what lies by another number of partitions than its header has, as a replay of it would."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from click.testing import CliRunner

from schemas.console import program
from schemas.partitioning import partition_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from schemas.topics import EVENT_TOPICS, named_key
from streams.history.backfill_run import backfill_recording
from streams.history.placed import placed_by
from streams.history.replay import LATENESS, Replay

RUSH = Path(__file__).parents[1] / "recordings" / "opening_rush.fairrec"
SCANS = "fair.scans"
Choose = Callable[[bytes, int], int]
"""Returns the partition for a key and the number of the record."""


def by(count: int) -> Choose:
    return lambda key, _: partition_of(key, count)


def stored(path: Path, choose: Choose, count: int) -> Path:
    """Write the rush as it would lie if a program chose partitions so, in topics that have `count` of them."""
    whole = Recording(RUSH)
    counts = {topic.name: count for topic in EVENT_TOPICS}
    with RecordingWriter(path, whole.header.fair_id, counts, whole.fair_file()) as writer:
        offsets = Counter[tuple[str, int]]()
        for number, one in enumerate(whole.records()):
            key = named_key(one.topic, one.value)
            assert key is not None
            place = choose(key, number)
            offset = offsets[one.topic, place]
            offsets[one.topic, place] += 1
            writer.write(RecordedRecord(one.topic, place, offset, one.timestamp_ms, key, one.value, one.headers))
    return path


COUNTED = {
    "by 8 of 12: partitions were added": (by(8), 12),
    "by 8 of 16": (by(8), 16),
    "by 8 of 9": (by(8), 9),
    "by 8 of 3: made anew with fewer": (by(8), 3),
    "by 3 of 8": (by(3), 8),
    "by 8 first, then by 12": (lambda key, number: partition_of(key, 8 if number < 540 else 12), 12),
    "by 8 of 8": (by(8), 8),
}


@pytest.fixture(scope="module")
def right() -> tuple[bytes, str]:
    """Return the numbers of the rush, and what its audit prints."""
    return numbers_of(RUSH)


def numbers_of(path: Path) -> tuple[bytes, str]:
    audited = CliRunner().invoke(program, ["audit", str(path)], standalone_mode=False)
    assert "720 records" in audited.stdout
    assert audited.stdout.endswith(" 0 differences\n")
    return Replay.of(path).final().canonical(), audited.stdout


@pytest.mark.parametrize("name", COUNTED)
def test_events_that_lie_by_another_number_of_partitions_all_count(
    tmp_path: Path, name: str, right: tuple[bytes, str]
) -> None:
    path = stored(tmp_path / "day.fairrec", *COUNTED[name])
    assert numbers_of(path) == right


def test_a_backfill_counts_them_too(tmp_path: Path) -> None:
    path = stored(tmp_path / "day.fairrec", by(8), 12)
    lines = list(backfill_recording(Recording(path), None, LATENESS))
    assert any(line.startswith("fair_visits{") for line in lines)
    assert not [line for line in lines if "misplaced" in line]


JUDGED: dict[str, Choose] = {
    "every third by CRC32": lambda key, number: crc32(key) % 8 if number % 3 == 0 else partition_of(key, 8),
    "all by CRC32": lambda key, _: crc32(key) % 8,
    "all at random": lambda _, number: number * 7919 % 8,
}


@pytest.mark.parametrize("name", JUDGED)
def test_a_producer_with_another_partitioner_is_still_refused(tmp_path: Path, name: str) -> None:
    path = stored(tmp_path / "day.fairrec", JUDGED[name], 8)
    assert placed_by(Recording(path)) == {topic.name: 8 for topic in EVENT_TOPICS}
    assert Replay.of(path).final().value("rejected_events", topic=SCANS, reason="misplaced") > 0


def test_a_few_events_prove_nothing_about_the_number_of_partitions(tmp_path: Path) -> None:
    path = tmp_path / "day.fairrec"
    with RecordingWriter(path, "small-2025", {SCANS: 8}) as writer:
        for number, one in enumerate(one for one in Recording(RUSH).records() if one.topic == SCANS):
            key = named_key(one.topic, one.value)
            if number < 20 and key is not None:
                writer.write(RecordedRecord(one.topic, partition_of(key, 3), number, 0, key, one.value))
    assert placed_by(Recording(path)) == {SCANS: 8}
