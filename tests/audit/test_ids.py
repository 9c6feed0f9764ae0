"""An id that stands for two events is named, with its places; nothing else is."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.events import Event
from schemas.fair.file import example_fair_path
from schemas.partitioning import partition_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.writer import RecordingWriter
from schemas.topics import key_of, topic_of
from schemas.wire import encode
from streams.audit.cli import audit
from streams.audit.ids import MOST_LINES, id_lines
from streams.audit.recount.oracle import Oracle
from tests.support import builders
from tests.support.builders import LATENESS, numbered_id

SMALL = example_fair_path("small")
PARTITIONS = 4


def badge_of(partition: int) -> str:
    return next(f"{n:032x}" for n in range(999) if partition_of(f"{n:032x}".encode(), PARTITIONS) == partition)


def one_id(*partitions: int, number: int = 1) -> list[Event]:
    """Return scans with one id, and a badge in each of the partitions."""
    return [
        builders.scan(badge_of(partition), "booth", terminal="t", event_id=numbered_id(number))
        for partition in partitions
    ]


def recounted(events: list[Event], counts: dict[str, int]) -> Oracle:
    oracle = Oracle(SMALL, LATENESS, counts)
    return oracle.read(
        (topic_of(one).name, partition_of(key_of(one), PARTITIONS), at, key_of(one), encode(one))
        for at, one in enumerate(events)
    )


KNOWN = {"fair.scans": PARTITIONS}
STANDS = f"terminal t: the id {numbered_id(1)} stands for events in "
CASES: dict[str, tuple[list[Event], dict[str, int], list[str]]] = {
    "one event": (one_id(0), KNOWN, []),
    "the same event twice": (one_id(2, 2), KNOWN, []),
    "two badges": (one_id(3, 1), KNOWN, ["fair.scans[1] and fair.scans[3]"]),
    "three badges": (one_id(3, 1, 0), KNOWN, ["fair.scans[0] and fair.scans[1] and fair.scans[3]"]),
    "two badges where the number of partitions is not known": (one_id(3, 1), {}, []),
    "two terminals": ([*one_id(0), builders.scan(badge_of(1), event_id=numbered_id(1), terminal="u")], KNOWN, []),
}


@pytest.mark.parametrize("case", CASES)
def test_an_id_that_stands_for_two_events_is_named_with_its_partitions(case: str) -> None:
    events, counts, places = CASES[case]
    lines = id_lines(recounted(events, counts))
    assert len(lines) == len(places)
    for line, place in zip(lines, places, strict=True):
        assert line.startswith(f"{STANDS}{place}, each in the partition of its own key")


def test_many_ids_of_two_events_are_cut() -> None:
    events = [one for number in range(1, MOST_LINES + 4) for one in one_id(0, 1, number=number)]
    lines = id_lines(recounted(events, KNOWN))
    assert (len(lines), lines[-1]) == (MOST_LINES + 1, "... and 3 more ids that stand for two events")


def recorded(path: Path, first: int) -> Path:
    """Write a recording of two visits, whose first record has an offset."""
    with RecordingWriter(path, "small-2025", {"fair.scans": 1}, SMALL.read_bytes()) as writer:
        for at, one in enumerate((builders.scan("ada"), builders.scan("bob")), first):
            writer.write(RecordedRecord("fair.scans", 0, at, 0, key_of(one), encode(one)))
    return path


@pytest.mark.parametrize(
    ("first", "told"), [(0, ""), (7, "begins at offset 7 of fair.scans[0]: these are the numbers")]
)
def test_a_recording_that_begins_in_the_middle_is_not_taken_for_the_whole_fair(
    tmp_path: Path, first: int, told: str
) -> None:
    done = CliRunner().invoke(audit, [str(recorded(tmp_path / "day.fairrec", first))])
    assert (done.exit_code, told in done.output, "warning" in done.output) == (0, True, bool(told)), done.output


def test_a_day_on_which_nobody_counted_anything_is_not_green(tmp_path: Path) -> None:
    path = str(recorded(tmp_path / "day.fairrec", 0))
    assert CliRunner().invoke(audit, [path, "--day", builders.FIRST_DAY]).exit_code == 0
    done = CliRunner().invoke(audit, [path, "--day", builders.SECOND_DAY])
    assert str(done.exception) == (
        f"nothing was compared: nobody has counted anything on {builders.SECOND_DAY}; audit again when events of that "
        "day have come in, or leave --day out"
    )
