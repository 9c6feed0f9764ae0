"""A log that is another one than the state was read from: the worker ends, names the cure, and the cure works."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NoReturn
from unittest.mock import AsyncMock

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from producers.records import RawRecord
from schemas.cures import FOLD_ANEW
from schemas.errors import MustStop
from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings
from schemas.topics import DEALS, INTERACTIONS, SCANS, journal_topic
from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal
from streams.kafka.logs import log_reader
from streams.local.kafka import LocalKafka
from streams.shown.checks import Checks
from streams.worker import watching
from streams.worker.assumptions import StateFault
from streams.worker.failstop import EXIT_MUST_STOP
from streams.worker.store import States
from streams.worker.watching import Watching
from tests.support.builders import LATENESS
from tests.support.logs import (
    PARTITIONS,
    clean,
    day_of,
    growing,
    journal_of,
    make,
    make_again,
    send_raw,
    sent_as,
    settings_of,
)
from tests.support.workers import FORGETFUL, WATCHFUL, WorkerProcess, eventually, must_equal_the_oracle, read_back

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def shorter(records: list[RawRecord]) -> list[RawRecord]:
    """Return a third of the records, others than the first ones."""
    return records[-len(records) // 3 :]


def equal(records: list[RawRecord]) -> list[RawRecord]:
    """Return as many records in each partition."""
    return records[::-1]


def nothing(records: list[RawRecord]) -> list[RawRecord]:
    """Return no record: the topic is left empty."""
    return records[:0]


def longer(records: list[RawRecord]) -> list[RawRecord]:
    """Return the same records in another order, and again."""
    return records[::-1] + records


@pytest.mark.parametrize(
    ("topic", "again", "when"),
    [
        (SCANS.name, shorter, "running"),
        pytest.param(INTERACTIONS.name, equal, "running", marks=pytest.mark.long),
        (INTERACTIONS.name, nothing, "running"),
        (SCANS.name, longer, "running"),
        pytest.param(SCANS.name, longer, "frozen", marks=pytest.mark.long),
        pytest.param(DEALS.name, shorter, "stopped", marks=pytest.mark.long),
        (SCANS.name, equal, "stopped"),
        (SCANS.name, shorter, "busy"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_topic_of_events_that_is_deleted_and_filled_again_ends_the_worker_until_it_counts_anew(
    kafka_here: str,
    start_watchful: Start,
    tmp_path: Path,
    topic: str,
    again: Callable[[list[RawRecord]], list[RawRecord]],
    when: str,
) -> None:
    clean(kafka_here)
    fair_id = f"id-{topic[5:]}-{again.__name__}-{when}"
    file, records = day_of(tmp_path, fair_id)
    worker = start_watchful(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, sent_as(records) * (20 if when == "busy" else 1))
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    if when == "stopped":
        assert worker.stop() == 0
    elif when == "frozen":
        worker.freeze()
    make_again(kafka_here, topic)
    of_topic = sent_as(again([one for one in records if one.topic == topic]))
    send_raw(kafka_here, of_topic)
    if when == "busy":
        with growing(kafka_here, of_topic):
            eventually(lambda: worker.process.poll() is not None, "the worker ends while the log grows")
    if when == "stopped":
        worker = start_watchful(fair_file=str(file))
    elif when == "frozen":
        worker.wake()
    assert worker.wait_exit() == EXIT_MUST_STOP
    said = worker.said()
    assert "is another log" in said or "ends at offset" in said
    assert FOLD_ANEW in said
    assert "Traceback" not in said
    must_equal_the_oracle(kafka_here, start_watchful(fair_file=str(file), generation="2").wait_ready(), fair_file=file)


@pytest.mark.parametrize("again", ["shorter", "equal"])
def test_a_journal_that_is_deleted_and_made_again_ends_the_worker_until_it_counts_anew(
    kafka_here: str, start_watchful: Start, tmp_path: Path, again: str
) -> None:
    clean(kafka_here)
    file, records = day_of(tmp_path, f"journal-{again}")
    worker = start_watchful(fair_file=str(file)).wait_ready()
    send_raw(kafka_here, sent_as(records[:300]))
    must_equal_the_oracle(kafka_here, worker, fair_file=file)
    journal = journal_of(kafka_here, f"journal-{again}")
    kept = read_back(kafka_here, journal)
    make_again(kafka_here, journal)
    if again == "equal":
        send_raw(kafka_here, [(journal, partition, key, value) for _, partition, _, key, value in kept])
    send_raw(kafka_here, sent_as(records[300:]))
    assert worker.wait_exit() == EXIT_MUST_STOP
    assert FOLD_ANEW in worker.said()
    must_equal_the_oracle(kafka_here, start_watchful(fair_file=str(file), generation="2").wait_ready(), fair_file=file)


@pytest.mark.parametrize("when", ["running", pytest.param("stopped", marks=pytest.mark.long)])
def test_logs_that_lost_their_ends_end_the_worker_until_it_counts_anew(tmp_path: Path, when: str) -> None:
    file, records = day_of(tmp_path, "tail")
    settings = {"fair_file": str(file)}
    with LocalKafka.start(data_dir=tmp_path / "kafka") as local, ExitStack() as workers:
        broker, data, earlier = local.bootstrap_servers, tmp_path / "kafka" / "node-1" / "data", tmp_path / "earlier"

        def begin(name: str, **more: str) -> WorkerProcess:
            how = {**settings, **more}
            one = WorkerProcess(broker, tmp_path / name, partitions=PARTITIONS, program=WATCHFUL, **how)
            workers.callback(one.kill)
            return one

        clean(broker)
        send_raw(broker, sent_as(records[:200]))
        worker = begin("first.log").wait_ready()
        must_equal_the_oracle(broker, worker, fair_file=file)
        local.kill()
        shutil.copytree(data, earlier)
        local.restart()
        send_raw(broker, sent_as(records[200:]))
        try:
            must_equal_the_oracle(broker, worker, fair_file=file)
        except AssertionError:  # an append was stored just as the broker died, and a supervisor would start it again
            assert "nothing is lost; the supervisor restarts this worker" in worker.said()
            worker = begin("restarted.log").wait_ready()
            must_equal_the_oracle(broker, worker, fair_file=file)
        if when == "stopped":
            assert worker.stop() == 0
        local.kill()
        for lost in earlier.glob(
            "fair.*" if when == "stopped" else "*"
        ):  # a journal may be on a broker that lost nothing
            if lost.is_dir():
                shutil.rmtree(data / lost.name)
                shutil.copytree(lost, data / lost.name)
        local.restart()
        if when == "stopped":
            send_raw(broker, sent_as(records[300:]))
            worker = begin("stopped.log")
        assert worker.wait_exit() == EXIT_MUST_STOP
        assert FOLD_ANEW in worker.said()
        must_equal_the_oracle(broker, begin("anew.log", generation="2").wait_ready(), fair_file=file)


async def test_a_log_is_recognised_by_a_journal_of_which_faust_has_dropped_every_record(
    kafka_here: str, start_watchful: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill() -> Path:
        clean(kafka_here)
        file, records = day_of(tmp_path, "dropped")
        worker = start_watchful(fair_file=str(file)).wait_ready()
        send_raw(kafka_here, sent_as(records))
        must_equal_the_oracle(kafka_here, worker, fair_file=file)
        assert worker.stop() == 0
        make_again(kafka_here, SCANS.name)
        send_raw(kafka_here, sent_as([one for one in records if one.topic == SCANS.name][::-1]))
        return file

    def leave(_: str, error: BaseException) -> NoReturn:
        raise error

    file = await asyncio.to_thread(fill)
    monkeypatch.setattr(watching, "leave", leave)
    journal = await asyncio.to_thread(journal_of, kafka_here, "dropped")
    states = States(Engine(load_fair(file), LATENESS), AsyncMock())
    checks = Checks(CollectorRegistry(), kafka_here)
    looking = Watching(settings_of(kafka_here), "dropped", journal_topic(journal), states, checks, AsyncMock(), dict)
    with pytest.raises(MustStop, match=r"fair\.scans\[[01]\] is another log") as stopped:
        await looking.before_events_flow(frozenset(range(PARTITIONS)))
    assert stopped.value.hint == FOLD_ANEW
    await looking._close()


async def test_a_partition_that_is_held_during_a_look_is_read_on_after_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early, late, idle = TP("fair.scans", 0), TP("fair.scans", 1), TP("fair.scans", 2)
    engine, registry = Engine(load_fair(example_fair_path("small")), LATENESS), CollectorRegistry()
    states, checks = States(engine, AsyncMock()), Checks(registry, "kafka:9092")
    for number in (0, 1):
        states.journals[number] = PartitionJournal(engine)
    looked, read_from = list[int](), AsyncMock()
    seen = Watching(KafkaSettings(), "small-2025", journal_topic("j"), states, checks, read_from, dict)

    async def look(_: frozenset[int], *, recovering: bool) -> list[StateFault]:
        looked.append(len(looked))
        if len(looked) == 1:
            seen.hold(late, reconnected=True)  # its broker dies while the logs are being looked at
        return []

    monkeypatch.setattr(seen, "_look", look)
    seen.hold(early, reconnected=True)
    seen.hold(idle, reconnected=True)
    assert await seen.before_events_flow(frozenset({0, 1}))
    assert [call.args for call in read_from.await_args_list] == [(early, 0)]
    assert await seen.before_events_flow(frozenset({0, 1}))
    assert [call.args for call in read_from.await_args_list] == [(early, 0), (late, 0)]
    seen.hold(idle, reconnected=True)
    assert await seen.before_events_flow(frozenset({2}))
    assert [call.args for call in read_from.await_args_list][2:] == [(idle, 0)], "it was forgotten when it went away"


async def test_much_of_a_journal_that_faust_has_dropped_is_read_part_by_part(
    kafka_here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(clean, kafka_here)
    await asyncio.to_thread(make, kafka_here, SCANS)
    sent = [(SCANS.name, number % 2, b"%d" % number, b"x" * 9_000) for number in range(120)]
    await asyncio.to_thread(send_raw, kafka_here, sent)
    places = {(SCANS.name, number): 0 for number in range(2)}
    found: dict[tuple[str, int], list[bytes | None]] = {place: [] for place in places}
    async with log_reader(settings_of(kafka_here)) as logs:
        ends = await logs.extents(places)
        within_s = 0.1
        while missing := {at: (start, ends[at].end) for at, start in places.items() if start < ends[at].end}:
            within_s *= 2  # at first it is too short, also on a quick machine
            monkeypatch.setattr("streams.kafka.logs.READ_WITHIN_S", within_s)
            with suppress(TimeoutError):
                for place, (records, position) in (await logs.read(missing)).items():
                    found[place] += [one.key for one in records]
                    places[place] = position
    assert found == {(SCANS.name, at): [b"%d" % number for number in range(at, 120, 2)] for at in (0, 1)}


def test_the_last_events_of_a_log_are_read_again_if_they_are_lost_on_their_way_to_the_fold(
    kafka_here: str, tmp_path: Path
) -> None:
    clean(kafka_here)
    file, records = day_of(tmp_path, "lost-on-the-way")
    lose = tmp_path / "lose"
    worker = WorkerProcess(
        kafka_here, tmp_path / "w.log", partitions=PARTITIONS, program=FORGETFUL, environment={"LOSE": str(lose)},
        fair_file=str(file),
    )  # fmt: skip
    try:
        worker.wait_ready()
        send_raw(kafka_here, sent_as(records[:-1]))
        must_equal_the_oracle(kafka_here, worker, fair_file=file)
        lose.touch()
        send_raw(kafka_here, sent_as(records[-1:]))
        must_equal_the_oracle(kafka_here, worker, fair_file=file)
        assert not lose.exists()
        assert "events were fetched and did not arrive" in worker.said()
    finally:
        worker.kill()


@pytest.mark.long
def test_a_broker_that_is_replaced_by_an_empty_one_ends_the_worker_until_it_counts_anew(tmp_path: Path) -> None:
    file, records = day_of(tmp_path, "replaced")
    with LocalKafka.start() as first:
        clean(first.bootstrap_servers)
        port = int(first.bootstrap_servers.rpartition(":")[2])
        worker = WorkerProcess(
            first.bootstrap_servers, tmp_path / "w.log", partitions=PARTITIONS, program=WATCHFUL, fair_file=str(file)
        ).wait_ready()
        try:
            send_raw(first.bootstrap_servers, sent_as(records))
            must_equal_the_oracle(first.bootstrap_servers, worker, fair_file=file)
        except BaseException:
            worker.kill()
            raise
    with LocalKafka.start(port=port) as second:
        try:
            clean(second.bootstrap_servers)
            assert worker.wait_exit() == EXIT_MUST_STOP
            assert FOLD_ANEW in worker.said()
            send_raw(second.bootstrap_servers, sent_as(records))
            worker = WorkerProcess(
                second.bootstrap_servers,
                tmp_path / "again.log",
                partitions=PARTITIONS,
                program=WATCHFUL,
                fair_file=str(file),
                generation="2",
            ).wait_ready()
            must_equal_the_oracle(second.bootstrap_servers, worker, fair_file=file)
        finally:
            worker.kill()
