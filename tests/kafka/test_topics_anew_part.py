"""Event topics whose beginning is gone: no cure hides it, and an older recording brings the first events back."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from producers.records import RawRecord
from schemas.cures import MAKE_PART_ANEW, OLDER
from schemas.partitioning import partition_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from schemas.topics import DEALS, EVENT_TOPICS, INTERACTIONS, SCANS
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle
from streams.kafka.lacking import lacking_heads
from streams.kafka.logs import Extent
from streams.local.kafka import LocalKafka
from streams.worker.failstop import EXIT_MUST_STOP
from tests.support.builders import LATENESS
from tests.support.fairpulse import fairpulse
from tests.support.logs import PARTITIONS, clean, day_of, drop_before, send_raw, sent_as
from tests.support.remedies import told
from tests.support.workers import WATCHFUL, WorkerProcess, must_equal_the_oracle, read_back

GONE: Final = 5
"""How many of the first records of each partition of scans are gone."""

TWICE: Final = ("duplicate_events", "rejected_events")
"""The numbers that count what both recordings have twice, as they count every record."""


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    with LocalKafka.start() as local:
        yield local.bootstrap_servers


@pytest.fixture
def command(servers: str, tmp_path: Path) -> Callable[..., str]:
    """Run commands for the fair of this test, on topics without records."""
    clean(servers)
    file = str(day_of(tmp_path, "part")[0])

    def run(*words: str, code: int = 0) -> str:
        return fairpulse(servers, *words, code=code, partitions=str(PARTITIONS), fair_file=file)

    return run


@pytest.mark.broker
def test_a_fresh_fold_counts_all_events_once_the_topics_are_made_anew_and_an_older_recording_is_replayed(
    servers: str, command: Callable[..., str], tmp_path: Path
) -> None:
    file, records = day_of(tmp_path, "part")
    older, left = str(tmp_path / "older.fpr"), str(tmp_path / "left.fpr")
    send_raw(servers, sent_as(records[:200]))
    command("record", older, "--until", "end")
    send_raw(servers, sent_as(records[200:]))
    drop_before(servers, SCANS.name, GONE)
    settings = {"partitions": PARTITIONS, "program": WATCHFUL, "fair_file": str(file)}
    worker = WorkerProcess(servers, tmp_path / "first.log", **settings)
    try:
        assert worker.wait_exit() == EXIT_MUST_STOP
    finally:
        worker.kill()
    assert MAKE_PART_ANEW in worker.said()
    command("record", left, "--until", "end")
    refused = command("topics", "--anew", left, "--yes", code=1)
    lacks = f"the first {GONE} offsets of fair.scans[0] and {GONE} of 1 more partitions"
    assert f"left.fpr lacks {lacks}, which Kafka does not keep any more; name a recording that has them" in refused
    assert len(read_back(servers)) == len(records) - 2 * GONE, "nothing was deleted"
    said = command("topics", "--anew", left, "--yes", "--part").splitlines()
    assert said[-2] == f"next: run `fairpulse replay {left}`, then start gateways and workers"
    assert said[-1] == f"missing: {lacks}; {OLDER}"
    command("replay", left)
    command("replay", older)
    worker = WorkerProcess(servers, tmp_path / "second.log", **settings)
    try:
        must_equal_the_oracle(servers, worker.wait_ready(), fair_file=file)
        report = worker.report()
    finally:
        assert worker.stop() == 0, worker.said()
    assert report is not None
    whole = Oracle(file, LATENESS, {topic.name: PARTITIONS for topic in EVENT_TOPICS}).read(
        (one.topic, place_of(one), offset, one.key, one.value) for offset, one in enumerate(records)
    )
    assert told(one for one in differences(whole, [report]) if one.name not in TWICE) == ""


def place_of(record: RawRecord) -> int:
    return partition_of(record.key, PARTITIONS) if record.key is not None else 0


@pytest.mark.broker
def test_a_recording_that_ran_from_the_beginning_needs_no_part_and_an_import_without_a_record_does(
    servers: str, command: Callable[..., str], tmp_path: Path
) -> None:
    records = day_of(tmp_path, "part")[1]
    whole, lines, imported = str(tmp_path / "whole.fpr"), tmp_path / "whole.jsonl", str(tmp_path / "imported.fpr")
    send_raw(servers, sent_as(records))
    command("record", whole, "--until", "end")
    before = Counter((topic, key, value) for topic, _, _, key, value in read_back(servers))
    drop_before(servers, SCANS.name, GONE)
    drop_before(servers, INTERACTIONS.name, -1)
    command("recording", "export", whole, "--to", str(lines))
    kept = lines.read_text().splitlines(keepends=True)
    kept.remove(next(line for line in kept if '"topic":"fair.scans"' in line.replace(" ", "")))
    lines.write_text("".join(kept))
    command("recording", "import", str(lines), imported)
    refused = command("topics", "--anew", imported, "--yes", code=1)
    assert "imported.fpr lacks the first 1 offsets of fair.scans[" in refused
    assert "missing" not in command("topics", "--anew", whole, "--yes")
    command("replay", whole)
    assert Counter((topic, key, value) for topic, _, _, key, value in read_back(servers)) == before


LIVE: Final = {topic.name: PARTITIONS for topic in EVENT_TOPICS}


@pytest.mark.parametrize(
    ("partitions", "held", "extent", "part", "lacking"),
    [
        (LIVE, range(10), Extent(0, 10, 10), False, 0),
        (LIVE, range(10), Extent(4, 10, 10), False, 0),
        (LIVE, [0, 2, 9], Extent(4, 10, 10), False, 0),  # markers of transactions hold no record
        (LIVE, range(4, 10), Extent(4, 10, 10), False, 4),
        (LIVE, range(2, 10), Extent(4, 10, 10), False, 2),
        (LIVE, [], Extent(10, 10, 10), False, 10),
        (LIVE, range(7), Extent(10, 10, 10), False, 3),
        (LIVE, range(2, 7), Extent(10, 10, 10), False, 5),
        (LIVE, range(20, 30), Extent(10, 10, 10), False, 10),
        ({}, range(10), Extent(4, 10, 10), False, 0),
        ({}, [0, *range(2, 10)], Extent(4, 10, 10), False, 1),
        (LIVE, range(4, 10), None, False, 0),
        (LIVE, range(4, 10), None, True, 4),
        (LIVE, range(4, 10), Extent(0, 0, 0), True, 4),
        (LIVE, range(10), Extent(0, 0, 0), True, 0),
        (LIVE, [3, 4], Extent(0, 5, 5), True, 0),
    ],
)
def test_what_nobody_has_are_the_offsets_that_neither_the_log_nor_the_recording_covers(
    tmp_path: Path, partitions: dict[str, int], held: range | list[int], extent: Extent | None, part: bool, lacking: int
) -> None:
    with RecordingWriter(tmp_path / "made.fpr", "part", partitions) as writer:
        for offset in held:
            writer.write(RecordedRecord(DEALS.name, 1, offset, 0, b"k", b"v"))
    place = DEALS.name, 1
    extents = {} if extent is None else {place: extent}
    found = lacking_heads(Recording(tmp_path / "made.fpr"), extents, part=part)
    assert found == ({place: lacking} if lacking else {})
