"""Assumptions of the seam about Faust's consumer. If a test fails, compare the seam with the new Faust."""

import asyncio
from pathlib import Path
from typing import Any, cast

import faust
import pytest
from aiokafka.errors import ConsumerStoppedError
from faust.types import TP

from streams.worker.app import Worker
from streams.worker.chunks import Chunk, chunk_of
from streams.worker.seams import consumer as seam
from streams.worker.seams.consumer import ChunkConsumer, RawChunks, read_events_from
from streams.worker.seams.thread import PatientThread
from tests.support.still_kafka import EVENTS, on_still_kafka, records


class Left(BaseException):
    """Raised where the worker would end."""


async def test_faust_takes_its_consumer_from_the_transport_and_its_thread_from_the_consumer(worker: Worker) -> None:
    app = worker.app
    assert isinstance(app.consumer, ChunkConsumer), "WorkerTransport: Faust makes its consumer elsewhere"
    assert isinstance(app.consumer._thread, PatientThread), "_new_consumer_thread: Faust makes its thread elsewhere"


async def test_mode_runs_the_watch_over_the_thread_as_long_as_the_consumer_runs(worker: Worker) -> None:
    tasks = [task.fun.__name__ for task in worker.app.consumer._get_tasks()]  # type: ignore[attr-defined]
    assert "_watch_thread" in tasks, "mode no longer runs the Service.task of a subclass"
    assert "_commit_handler" in tasks


async def test_faust_seeks_after_the_states_are_recovered_and_before_the_rebalance_is_over(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = worker.app
    journal = TP(worker.journal.name, 0)
    consumer, kafka = on_still_kafka(worker, EVENTS, journal)
    app.on_rebalance_start()
    app.on_rebalance_return()
    recovery: Any = app.tables.recovery  # type: ignore[attr-defined]
    recovery.add_active(app.tables["journal"], journal)
    consumer.pause_partitions({EVENTS, journal})
    seek, seen = consumer.perform_seek, []

    async def noting() -> None:
        seen.append((app.rebalancing, sorted(worker.states.active), consumer._get_active_partitions()))
        await seek()

    monkeypatch.setattr(consumer, "perform_seek", noting)
    checked: list[frozenset[int]] = []

    async def check(active: frozenset[int]) -> bool:
        assert app.rebalancing
        checked.append(active)
        return True

    monkeypatch.setattr(app.tables["journal"], "_check", check)
    await recovery.on_recovery_completed(app.consumer_generation_id)
    await app._fetcher.stop()
    assert seen == [(True, [0], {EVENTS})], (
        "perform_seek: not called, or at another time (rebalancing, active, resumed)"
    )
    assert checked == [frozenset({0})], "on_recovery_completed: Faust tells the table at another time"
    assert kafka.sought == [(EVENTS, 0)], "an event partition without state starts at its first record"
    assert not app.rebalancing


async def test_reading_from_an_offset_moves_all_positions_that_faust_keeps(worker: Worker) -> None:
    consumer, kafka = on_still_kafka(worker, EVENTS)
    await read_events_from(worker.app, EVENTS, 5)
    assert kafka.sought == [(EVENTS, 5)]
    assert consumer._read_offset[EVENTS] == consumer._committed_offset[EVENTS] == 5


async def test_records_that_are_gone_before_they_are_read_end_the_worker(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, kafka = on_still_kafka(worker, EVENTS, earliest=9)
    monkeypatch.setattr(consumer.reading, "_position_of", lambda _: 3)
    left: list[Any] = []

    def leave(what: str, error: BaseException, **where: Any) -> None:
        left.append((what, str(error), where))
        raise Left

    monkeypatch.setattr(seam, "leave", leave)
    with pytest.raises(Left):
        await consumer.perform_seek()
    [(_, error, where)] = left
    assert "the records from offset 4 on are gone" in error
    assert where == {"topic": EVENTS.topic, "partition": 0}
    assert kafka.sought == []


async def test_a_fetch_that_falls_into_a_rebalance_is_made_again(worker: Worker) -> None:
    consumer, kafka = on_still_kafka(worker, EVENTS)
    await consumer.read_from(EVENTS, 0)
    kafka.fetched = [{EVENTS: records(EVENTS, 0, 1)}, {EVENTS: records(EVENTS, 2)}, {EVENTS: records(EVENTS, 0, 1, 2)}]
    worker.app.rebalancing = True
    assert [message async for message in consumer.getmany(0)] == []
    worker.app.rebalancing = False
    assert [message async for message in consumer.getmany(0)] == []
    assert kafka.sought == [(EVENTS, 0), (EVENTS, 0)]
    [(_, message)] = [found async for found in consumer.getmany(0)]
    assert cast("Chunk", message.value).records == [(0, b"0"), (1, b"1"), (2, b"2")]
    assert [message async for message in consumer.getmany(0)] == []
    assert len(kafka.sought) == 2, "nothing was thrown away since"


async def test_a_fetch_becomes_one_message_per_chunk(worker: Worker) -> None:
    app = worker.app
    consumer, kafka = on_still_kafka(worker, EVENTS)
    await consumer.read_from(EVENTS, 0)
    kafka.fetched = [{EVENTS: records(EVENTS, 2, 3, 5)}]
    [(tp, message)] = [found async for found in consumer.getmany(0)]
    assert (tp, message.tp, message.offset) == (EVENTS, EVENTS, 5), "_to_message: the message of the last record"
    chunk = cast("Chunk", message.value)
    assert (chunk.follows, chunk.records) == (0, [(2, b"2"), (3, b"3"), (5, b"5")])
    assert message.generation_id == app.consumer_generation_id


async def test_a_chunk_comes_through_faust_s_decoding_as_it_is(worker: Worker) -> None:
    consumer, _ = on_still_kafka(worker, EVENTS)
    message = consumer._message(EVENTS, chunk_of(0, records(EVENTS, 0, 1)))
    for topic in (worker.app.topic(EVENTS.topic, schema=RawChunks()), worker.app.tables["journal"].changelog_topic):
        event = await topic.decode(message, propagate=True)
        assert event.value is message.value, "RawChunks: Faust decodes a message elsewhere"
        assert event.message is message


async def test_faust_s_fetcher_passes_messages_on_through_our_loop_which_makes_no_tasks(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = worker.app
    consumer, kafka = on_still_kafka(worker, EVENTS)
    await consumer.read_from(EVENTS, 4)
    kafka.fetched = [{EVENTS: records(EVENTS, 4, 5)}, {EVENTS: records(EVENTS, 9)}]
    handed_on: asyncio.Queue[Any] = asyncio.Queue()
    monkeypatch.setattr(consumer, "callback", handed_on.put)
    races: list[object] = []
    monkeypatch.setattr(consumer, "wait_first", lambda *waiting: races.append(waiting))
    app.flow_control.resume()
    consumer.resume_flow()
    await app._fetcher.start()
    messages = [await asyncio.wait_for(handed_on.get(), 5) for _ in range(2)]
    await app._fetcher.stop()
    assert [message.offset for message in messages] == [5, 9]
    assert not races, "_drain_messages: Faust's fetcher drains the consumer elsewhere"
    assert consumer._read_offset[EVENTS] == 9
    assert ConsumerStoppedError in consumer.consumer_stopped_errors


async def test_chunks_that_are_acknowledged_are_committed_whole_with_the_gaps_between_their_records(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = worker.app
    consumer, kafka = on_still_kafka(worker, EVENTS)
    app.topics.add(app.topic(EVENTS.topic, schema=RawChunks()))
    await app.topics._update_indices()  # type: ignore[attr-defined]
    handed_on: asyncio.Queue[Any] = asyncio.Queue()
    monkeypatch.setattr(consumer, "callback", handed_on.put)
    app.flow_control.resume()
    consumer.resume_flow()
    await app._fetcher.start()
    for start in (0, 20):
        await consumer.read_from(EVENTS, start)
        kafka.fetched = [{EVENTS: records(EVENTS, start, start + 3)}, {EVENTS: records(EVENTS, start + 9)}]
        for _ in range(2):
            assert consumer.ack(await asyncio.wait_for(handed_on.get(), 5))
        assert consumer._new_offset(EVENTS) == start + 10, "_add_gap: Faust counts gaps in another way"
    await app._fetcher.stop()


async def test_a_chunk_that_is_not_acknowledged_holds_back_a_rebalance(worker: Worker) -> None:
    consumer, _ = on_still_kafka(worker, EVENTS)
    message = consumer._message(EVENTS, chunk_of(0, records(EVENTS, 0)))
    consumer.track_message(message)
    waiting = asyncio.create_task(consumer.wait_empty())
    await asyncio.sleep(0)
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done, "wait_empty: Faust gives a partition away while its chunk is on its way to the journal"
    message.acked = True
    consumer._unacked_messages.discard(message)
    await asyncio.wait_for(waiting, 5)


async def test_faust_throws_away_events_that_come_while_it_rebalances(worker: Worker) -> None:
    """This is why nothing is passed on during a rebalance. If it changes, the guard is no longer needed."""
    app = worker.app
    queue = app.topic(EVENTS.topic, schema=RawChunks()).queue
    app.flow_control.suspend()
    queue.force_put_nowait("a chunk")
    app.flow_control.resume()
    assert queue.empty(), "issue 596: Faust keeps what was queued before flow resumes"


async def test_a_full_partition_is_left_out_of_the_next_fetch_until_it_has_room(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, kafka = on_still_kafka(worker, EVENTS)
    fetched_from: list[set[TP]] = []

    async def fetched_records(partitions: set[TP], **_: Any) -> dict[TP, Any]:
        fetched_from.append(set(partitions))
        return {}

    async def sleep(_: float) -> None:
        pytest.fail("Faust pauses a second: it fetches in another way")

    monkeypatch.setattr(kafka, "fetched_records", fetched_records)
    monkeypatch.setattr(consumer, "sleep", sleep)
    consumer.on_buffer_full(EVENTS)
    assert [found async for found in consumer.getmany(0)] == []
    assert fetched_from == [], "on_buffer_full: Faust keeps in another way which partitions are full"
    consumer.on_buffer_drop(EVENTS)
    assert [found async for found in consumer.getmany(0)] == []
    assert fetched_from == [{EVENTS}]


def test_nothing_in_faust_waits_for_the_event_that_our_fetch_leaves_out() -> None:
    """Only `wait_for_stopped_flow` reads `not_waiting_next_records`."""
    package = Path(faust.__file__).parent
    calls = {
        path.relative_to(package)
        for path in package.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "wait_for_stopped_flow" in line and "def " not in line
    }
    assert not calls, "_fetch_where_there_is_room: set and clear not_waiting_next_records as Faust's own method does"
