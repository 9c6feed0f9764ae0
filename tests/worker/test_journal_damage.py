"""Journals that are damaged, or hold what no worker wrote; and event topics whose beginning is gone."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
from aiokafka.admin import NewPartitions
from prometheus_client import CollectorRegistry

from schemas.cures import CORRECT, CREATE, FOLD_ANEW, MAKE_ANEW, MAKE_PART_ANEW
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import INTERACTIONS, REJECTED, SCANS, Topic, journal_topic
from streams.fold.engine import Engine
from streams.kafka.topics import admin
from streams.shown.checks import Checks
from streams.worker import watching
from streams.worker.failstop import EXIT_MUST_STOP
from streams.worker.store import States
from streams.worker.watching import Watching
from tests.support.builders import LATENESS
from tests.support.fairpulse import fairpulse
from tests.support.logs import (
    PARTITIONS,
    clean,
    configure,
    day_of,
    drop_before,
    journal_of,
    make,
    make_again,
    remove,
    send_raw,
    sent_as,
    settings_of,
)
from tests.support.workers import PATIENCE_S, WATCHFUL, WorkerProcess, eventually, must_equal_the_oracle, read_back

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


@pytest.fixture
def start(start_watchful: Start) -> Start:
    """Start workers that look every second and write small chunks."""
    return partial(start_watchful, chunk_records="20")


def without_head(broker: str, journal: str) -> None:
    drop_before(broker, journal, 5)


def with_a_hole(broker: str, journal: str) -> None:
    """Leave the first record and those from the fourth on, as a compaction may, in a journal that is made again."""
    kept = read_back(broker, journal)
    make_again(broker, journal)
    for partition in range(PARTITIONS):
        mine = [(journal, partition, key, value) for _, at, _, key, value in kept if at == partition]
        send_raw(broker, mine[:1])
        send_raw(broker, [(journal, partition, b"x", b"x")], end="abort")
        send_raw(broker, mine[3:])


def with_another_count(broker: str, journal: str) -> None:
    async def run() -> None:
        async with admin(settings_of(broker)) as client:
            await client.create_partitions({journal: NewPartitions(PARTITIONS + 1)})

    asyncio.run(run())


@pytest.mark.parametrize(
    ("damage", "when"),
    [
        (without_head, "running"),
        pytest.param(without_head, "stopped", marks=pytest.mark.long),
        (with_a_hole, "stopped"),
        (with_another_count, "running"),
        pytest.param(with_another_count, "stopped", marks=pytest.mark.long),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_damaged_journal_ends_the_worker_until_it_counts_anew(
    kafka_here: str, start: Start, tmp_path: Path, damage: Callable[[str, str], None], when: str
) -> None:
    clean(kafka_here)
    fair_id = f"{damage.__name__.replace('_', '-')}-{when}"
    file, records = day_of(tmp_path, fair_id)
    worker = start(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, sent_as(records))
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    if when == "stopped":
        assert worker.stop() == 0
    damage(kafka_here, journal_of(kafka_here, fair_id))
    if when == "stopped":
        worker = start(fair_file=str(file))
    assert worker.wait_exit() in (1, EXIT_MUST_STOP)
    said = worker.said()
    assert FOLD_ANEW in said
    assert "Traceback" not in said
    must_equal_the_oracle(kafka_here, start(fair_file=str(file), generation="2").wait_ready(), fair_file=file)


def test_a_journal_with_markers_of_transactions_inside_and_at_its_end_is_read_whole(
    kafka_here: str, start: Start, tmp_path: Path
) -> None:
    clean(kafka_here)
    file, records = day_of(tmp_path, "markers")
    worker = start(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, sent_as(records[:200]))
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    assert worker.stop() == 0
    journal = journal_of(kafka_here, "markers")
    foreign = [(journal, partition, b"x", b"no journal record") for partition in range(PARTITIONS)]
    send_raw(kafka_here, foreign, end="abort")
    worker = start(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, sent_as(records[200:]))
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    assert worker.stop() == 0
    worker = start(fair_file=str(file)).wait_ready()
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    assert worker.metric("fair_worker_records_total") == 0, "all is in the journal, on both sides of the markers"


@pytest.mark.parametrize("state", ["fresh", "behind", pytest.param("frozen", marks=pytest.mark.long)])
def test_records_that_are_gone_before_they_are_read_stop_a_worker_until_the_topics_are_made_anew(
    kafka_here: str, start: Start, tmp_path: Path, state: str
) -> None:
    clean(kafka_here)
    file, records = day_of(tmp_path, f"head-{state}")
    if state != "fresh":
        worker = start(fair_file=str(file)).wait_ready()
        send_raw(kafka_here, sent_as(records[:100]))
        must_equal_the_oracle(kafka_here, worker, fair_file=file)
    if state == "behind":
        assert worker.stop() == 0
    elif state == "frozen":
        worker.freeze()
    send_raw(kafka_here, sent_as(records[100:]))
    drop_before(kafka_here, SCANS.name, 60 if state == "fresh" else -1)
    if state == "frozen":
        worker.wake()
    else:
        worker = start(fair_file=str(file))
    assert worker.wait_exit() == EXIT_MUST_STOP
    said = worker.said()
    assert "begins at offset" in said
    assert MAKE_PART_ANEW in said
    make_topics_anew(kafka_here, tmp_path, file, "--part")
    must_equal_the_oracle(kafka_here, start(fair_file=str(file)).wait_ready(), fair_file=file)


def test_records_that_are_gone_after_they_were_read_say_nothing(kafka_here: str, start: Start, tmp_path: Path) -> None:
    clean(kafka_here)
    file, records = day_of(tmp_path, "head-read")
    worker = start(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, sent_as(records[:300]))
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    for topic in (SCANS, INTERACTIONS):
        drop_before(kafka_here, topic.name, -1)
    before = worker.events()
    assert worker.stop() == 0
    worker = start(fair_file=str(file)).wait_ready()
    assert worker.events() == before
    send_raw(kafka_here, sent_as(records[300:]))
    worker.wait_events(before + 50)
    eventually(lambda: worker.metric("fair_worker_lag_records") == 0, "all is read")
    assert worker.get("/readyz") == "ready\n"


@pytest.mark.parametrize(("topic", "when"), [(INTERACTIONS, "running"), (SCANS, "stopped")], ids=["running", "stopped"])
def test_partitions_that_are_added_end_a_worker_until_the_topics_are_made_anew(
    kafka_here: str, start: Start, tmp_path: Path, topic: Topic, when: str
) -> None:
    clean(kafka_here)
    file, records = day_of(tmp_path, f"added-{when}")
    worker = start(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, sent_as(records[:200]))
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    if when == "stopped":
        assert worker.stop() == 0
    with_another_count(kafka_here, topic.name)
    send_raw(kafka_here, sent_as(records[200:]))
    if when == "stopped":
        worker = start(fair_file=str(file))
    assert worker.wait_exit() == (EXIT_MUST_STOP if when == "running" else 1)
    said = worker.said()
    assert f"topic {topic.name} has {PARTITIONS + 1} partitions, not {PARTITIONS}" in said
    assert MAKE_ANEW in said
    make_topics_anew(kafka_here, tmp_path, file)
    must_equal_the_oracle(kafka_here, start(fair_file=str(file)).wait_ready(), fair_file=file)


def make_topics_anew(broker: str, directory: Path, file: Path, *flags: str) -> None:
    """Run the commands of the cure."""
    recording, settings = str(directory / "all.fpr"), {"partitions": str(PARTITIONS), "fair_file": str(file)}
    fairpulse(broker, "record", recording, "--until", "end", **settings)
    fairpulse(broker, "topics", "--anew", recording, "--yes", *flags, **settings)
    fairpulse(broker, "replay", recording, **settings)


WRONG = {
    "cleanup.policy": "compact",
    "retention.ms": "60000000",
    "retention.bytes": "100000000",
    "message.timestamp.type": "CreateTime",
    "max.message.bytes": "900000",
}


@pytest.mark.parametrize("name", [SCANS.name, REJECTED.name, "journal"])
def test_wrong_settings_are_told_while_a_worker_runs_and_refused_at_its_start_until_they_are_corrected(
    kafka_here: str, start: Start, settings_worker: WorkerProcess, settings_fair: Path, name: str
) -> None:
    topic = name if name != "journal" else journal_of(kafka_here, "settings")
    configure(kafka_here, topic, WRONG)
    eventually(lambda: settings_worker.metric("fair_topic_findings") == len(WRONG), "all are found")
    assert settings_worker.get("/readyz") is None
    assert settings_worker.metric("fair_worker_ready") == 0
    assert settings_worker.metric("fair_worker_folding") == 1
    said = settings_worker.said()
    for setting, value in WRONG.items():
        assert f"topic {topic} has {setting}={value}" in said
    refused = start(fair_file=str(settings_fair))
    assert refused.wait_exit() == 1
    assert f"topic {topic} has cleanup.policy=compact, not delete" in refused.said()
    assert CORRECT in refused.said()
    fairpulse(kafka_here, "topics", "--correct", partitions=str(PARTITIONS), fair_file=str(settings_fair))
    settings_worker.wait_ready()
    assert settings_worker.metric("fair_worker_ready") == 1


@pytest.mark.parametrize("partitions", [0, 1])
def test_dead_letters_without_their_topic_wait_until_it_is_created(
    kafka_here: str, start: Start, settings_worker: WorkerProcess, settings_fair: Path, partitions: int
) -> None:
    remove(kafka_here, REJECTED.name)
    if partitions:
        make(kafka_here, replace(REJECTED, partitions=partitions))
    eventually(lambda: settings_worker.metric("fair_topic_findings") == 1, "it is found")
    assert settings_worker.get("/readyz") is None
    assert f"topic {REJECTED.name} " in settings_worker.said()
    assert CREATE in settings_worker.said()
    before = settings_worker.metric("fair_rejected_events")
    send_raw(kafka_here, [(SCANS.name, one, b"x", b"no event") for one in range(PARTITIONS)])
    fairpulse(kafka_here, "topics", "--create", partitions=str(PARTITIONS), fair_file=str(settings_fair))
    settings_worker.wait_ready()
    eventually(lambda: settings_worker.metric("fair_rejected_events") == before + PARTITIONS, "the records are refused")
    assert len(read_back(kafka_here, REJECTED.name)) == PARTITIONS


def test_lost_letters_are_written_again_by_workers_that_count_anew(
    kafka_here: str, start: Start, tmp_path: Path
) -> None:
    """The cure of the alert LettersLost, which compares the two numbers."""
    clean(kafka_here)
    file, _ = day_of(tmp_path, "letters")
    worker = start(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, [(SCANS.name, one % PARTITIONS, b"x", b"no event %d" % one) for one in range(5)])
    eventually(lambda: worker.metric("fair_rejected_events") == 5, "the records are refused")
    letters = {value for *_, value in read_back(kafka_here, REJECTED.name)}
    make_again(kafka_here, REJECTED.name)
    assert worker.stop() == 0
    assert len(letters) == 5
    assert not read_back(kafka_here, REJECTED.name)
    again = start(fair_file=str(file), generation="2").wait_ready()
    eventually(lambda: again.metric("fair_rejected_events") == 5, "the records are refused again")
    assert {value for *_, value in read_back(kafka_here, REJECTED.name)} == letters


async def test_a_worker_without_partitions_goes_on_to_look_at_topics(
    kafka_here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.2)
    journal = journal_topic("fairpulse-spare-00000000-journal-changelog")
    await asyncio.to_thread(clean, kafka_here)
    await asyncio.to_thread(make, kafka_here, journal)
    checks = Checks(CollectorRegistry(), kafka_here)
    states = States(Engine(load_fair(example_fair_path("small")), LATENESS), AsyncMock())
    looking = asyncio.create_task(
        Watching(settings_of(kafka_here), "spare", journal, states, checks, AsyncMock(), dict).run()
    )
    try:
        for settings, found in (WRONG, len(WRONG)), (SCANS.config(), 0):
            await asyncio.to_thread(configure, kafka_here, SCANS.name, settings)
            async with asyncio.timeout(PATIENCE_S):
                while len(checks.wrong) != found:
                    await asyncio.sleep(0.05)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


@pytest.fixture(scope="module")
def settings_fair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fair of the worker that runs while settings change."""
    return day_of(tmp_path_factory.mktemp("settings"), "settings")[0]


@pytest.fixture(scope="module")
def settings_worker(
    kafka_here: str, settings_fair: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """A worker that runs while settings change."""
    clean(kafka_here)
    log = tmp_path_factory.mktemp("settings-log") / "worker.log"
    worker = WorkerProcess(kafka_here, log, partitions=PARTITIONS, program=WATCHFUL, fair_file=str(settings_fair))
    try:
        yield worker.wait_ready()
    finally:
        worker.kill()


def test_records_in_every_codec_are_counted(kafka_here: str, start: Start, tmp_path: Path) -> None:
    clean(kafka_here)
    file, records = day_of(tmp_path, "codecs")
    worker = start(fair_file=str(file)).wait_ready()
    for at, codec in enumerate(("gzip", "snappy", "lz4", "zstd")):
        configure(kafka_here, SCANS.name, {**SCANS.config(), "compression.type": codec})
        send_raw(kafka_here, sent_as(records[at::4]), compression_type=codec)
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
