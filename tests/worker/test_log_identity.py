"""A log that is another one than the state was read from: the worker ends, names the cure, and the cure works."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn
from unittest.mock import AsyncMock

import pytest
from prometheus_client import CollectorRegistry

from producers.records import RawRecord
from schemas.cures import FOLD_ANEW
from schemas.errors import MustStop
from schemas.fair.file import load_fair
from schemas.topics import DEALS, INTERACTIONS, SCANS, journal_topic
from streams.fold.engine import Engine
from streams.local.kafka import LocalKafka
from streams.shown.checks import Checks
from streams.worker import watching
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
        (INTERACTIONS.name, equal, "running"),
        (INTERACTIONS.name, nothing, "running"),
        (SCANS.name, longer, "running"),
        (SCANS.name, longer, "frozen"),
        (DEALS.name, shorter, "stopped"),
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


@pytest.mark.parametrize("when", ["running", "stopped"])
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
