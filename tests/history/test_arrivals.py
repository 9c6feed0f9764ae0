"""Looking back: an event that says it arrived much later than it did holds back none of those behind it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from schemas.errors import InvalidRecording
from schemas.fair.model import Fair
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from schemas.times import from_epoch_ms, instant_text
from streams.fold.engine import Engine
from streams.history.arrivals import MOST_WRONG, TOLERANCE_MS, with_arrivals
from streams.history.backfill import openmetrics
from streams.history.kpis_cli import kpis
from streams.history.replay import Replay
from tests.support.builders import LATENESS

RUSH = Path(__file__).parents[1] / "recordings" / "opening_rush.fairrec"
S = 1_000
NOON = 1_761_386_400_000
NONE = None

# Kafka's time of each record and the arrival that it names, in s after noon; then the arrival that is believed.
ROWS: dict[str, tuple[list[tuple[float, float | None]], list[float]]] = {
    "as a gateway writes them": ([(0, 0), (1, 0.9), (2, 2)], [0, 0.9, 2]),
    "a clock that is little ahead": ([(0, 4), (1, 5), (2, 6)], [4, 5, 6]),
    "one far ahead": ([(0, 0), (1, 9_000), (2, 2)], [0, 6, 2]),
    "the first far ahead": ([(0, 9_000), (1, 1)], [5, 1]),
    "the last far ahead": ([*((n, n) for n in range(10)), (10, 9_000)], [*range(10), 15]),
    "a fast simulation overtakes Kafka's clock": (
        [*((n, n) for n in range(10)), (10, 60), (11, 120)],
        [*range(10), 60, 120],
    ),
    "three far ahead": ([(0, 0), (1, 9_000), (2, 9_500), (3, 9_001), (4, 4)], [0, 6, 7, 8, 4]),
    "events that were sent again": ([(0, 0), (9_000, 5), (9_001, 9_001)], [0, 5, 9_001]),
    "what is not an event": ([(0, 0), (1, NONE), (2, 9_000), (3, NONE), (4, 4)], [0, 0, 7, 7, 4]),
    "a simulation of next year's fair": ([(0, 9e6), (0, 9e6 + 60), (1, 9e6 + 90)], [9e6, 9e6 + 60, 9e6 + 90]),
    "one far ahead in a simulation": ([(0, 9e6), (0, 9e7), (1, 9e6 + 90)], [9e6, 9e6, 9e6 + 90]),
    "the first far ahead in a simulation": ([(0, 9e7), (0, 9e6), (1, 9e6 + 90)], [9e6, 9e6, 9e6 + 90]),
    "a night in a simulation": ([(0, 9e6), (0, 9.1e6), (1, 9.1e6 + 9)], [9e6, 9.1e6, 9.1e6 + 9]),
    "no time of Kafka's": ([(-NOON / S, 0), (-NOON / S, 60)], [0, 60]),
}


def record(offset: int, kafka_s: float, arrival_s: float | None) -> RecordedRecord:
    at = None if arrival_s is None else instant_text(from_epoch_ms(int(NOON + arrival_s * S)))
    value = b"not an event" if at is None else b'{"received_at":"%s"}' % at.encode()
    return RecordedRecord("fair.scans", 0, offset, int(NOON + kafka_s * S), b"k", value)


@pytest.mark.parametrize(("stream", "believed"), ROWS.values(), ids=ROWS)
def test_an_arrival_is_believed_unless_kafka_s_time_or_its_neighbours_refute_it(
    stream: list[tuple[float, float | None]], believed: list[float]
) -> None:
    records = [record(number, *one) for number, one in enumerate(stream)]
    found = list(with_arrivals(records))
    assert [one for one, _ in found] == records, "each once, in their order"
    assert [ms for _, ms in found] == [int(NOON + seconds * S) for seconds in believed]


def test_what_came_before_the_cut_of_a_recording_of_a_simulation_is_given() -> None:
    def cut() -> Iterator[RecordedRecord]:
        yield from (record(number, number, 9e6 + number) for number in range(9))
        raise InvalidRecording("cut", hint="")

    taken: list[int] = []
    with pytest.raises(InvalidRecording):
        taken.extend(one.offset for one, _ in with_arrivals(cut()))
    assert taken == list(range(9))


@pytest.mark.parametrize("noise", [1, 3])
def test_a_long_simulation_keeps_its_clock_with_few_records_in_memory(noise: int) -> None:
    length, taken = 3 * MOST_WRONG, 0

    def stream() -> Iterable[RecordedRecord]:
        nonlocal taken
        for number in range(length):
            taken += 1
            yield record(number, 0, None if noise > 1 and number % noise else 9e6 + number)

    for number, (_, ms) in enumerate(with_arrivals(stream())):
        assert ms == NOON + (9_000_000 + number // noise * noise) * S
        assert taken - number <= MOST_WRONG + 2


def far(numbers: Sequence[int], by: timedelta) -> Callable[[list[RecordedRecord]], list[RecordedRecord]]:
    """Return what moves both times of some events ahead, as a gateway whose clock is wrong does."""

    def changed(records: list[RecordedRecord]) -> list[RecordedRecord]:
        for number in numbers:
            one = records[number]
            assert one.value is not None
            event = msgspec.json.decode(one.value)
            at = instant_text(from_epoch_ms(one.timestamp_ms) + by)
            value = msgspec.json.encode(event | {"occurred_at": at, "received_at": at})
            records[number] = msgspec.structs.replace(one, value=value)
        return records

    return changed


def events_of(report: Any) -> int:
    return sum(one["value"] for one in report["kpis"]["events"]["windows"]["fair"])


@pytest.fixture(scope="module")
def rush() -> Recording:
    return Recording(RUSH)


def steps_of(records: Iterable[RecordedRecord], fair: Fair) -> list[str]:
    """Return the times for which a backfill has visits."""
    lines = openmetrics(fair, LATENESS, records, timedelta(minutes=5))
    return list(dict.fromkeys(line.rsplit(" ", 1)[1] for line in lines if line.startswith("fair_visits{")))


@pytest.fixture(scope="module")
def usual(rush: Recording) -> tuple[int, int, list[str]]:
    """Return how many events there are at the end and at nine, and the steps of a backfill."""
    replay = Replay.of(RUSH)
    early = events_of(replay.at(NINE).report)
    return events_of(replay.final().report), early, steps_of(rush.records(), rush.fair())


NINE, NIGHT = "2025-10-25T09:00", "2025-10-26T00:00"
DECADE, YEAR = timedelta(days=3_650), timedelta(days=365)
# Which events have a wrong time, how far it is ahead, and how far Kafka's clock is behind that of the fair.
WRONG: dict[str, tuple[list[int], timedelta, timedelta]] = {
    "none": ([], DECADE, timedelta()),
    "one in the middle": ([55], DECADE, timedelta()),
    "one an hour ahead": ([55], timedelta(hours=1), timedelta()),
    "the first": ([0], DECADE, timedelta()),
    "the last": ([-1], DECADE, timedelta()),
    "several": ([30, 31, 32, 90, 400], timedelta(days=30), timedelta()),
    "none, in a simulation": ([], DECADE, YEAR),
    "one in a simulation": ([55], DECADE, YEAR),
    "the first in a simulation": ([0], DECADE, YEAR),
}


@pytest.mark.parametrize(("numbers", "ahead", "behind"), WRONG.values(), ids=WRONG)
def test_events_from_a_wrong_clock_leave_all_others_in_the_numbers(
    numbers: list[int],
    ahead: timedelta,
    behind: timedelta,
    rush: Recording,
    usual: tuple[int, int, list[str]],
    tmp_path: Path,
) -> None:
    earlier_ms = behind // timedelta(milliseconds=1)
    records = [
        msgspec.structs.replace(one, timestamp_ms=one.timestamp_ms - earlier_ms)
        for one in far(numbers, ahead)(list(rush.records()))
    ]
    path = tmp_path / "rush.fairrec"
    with RecordingWriter(path, "small-2025", rush.header.partitions, rush.fair_file()) as writer:
        for one in records:
            writer.write(one)
    whole, early, steps = usual
    replay = Replay.of(path)
    assert abs(events_of(replay.at(NINE).report) - early) <= len(numbers)
    assert events_of(replay.at(NIGHT).report) == whole
    said = CliRunner().invoke(kpis, [str(path), "--at", NIGHT, "--json"], standalone_mode=False)
    assert events_of(msgspec.json.decode(said.stdout)) == whole
    found = steps_of(records, rush.fair())
    assert found[: len(steps)] == steps
    assert len(found) <= len(steps) + 1, "a last event that happened later may bring one more"


def test_a_bound_is_as_wide_as_the_clocks_of_gateways_and_brokers_may_differ() -> None:
    (_, first), _ = with_arrivals([record(0, 0, 9_000), record(1, 1, 1)])
    assert first == NOON + TOLERANCE_MS


def test_the_numbers_after_the_last_record_do_not_depend_on_what_was_asked_before(rush: Recording) -> None:
    replay = Replay(Engine(rush.fair(), LATENESS), lambda: list(rush.records()))
    fresh = replay.final().canonical()
    replay.at("2025-10-25T09:30")
    assert replay.final().canonical() == replay.final().canonical() == fresh
