"""Assumptions about Faust's recovery of a table. If a test fails, compare the seam with the new Faust."""

import asyncio
from typing import Any

import pytest
from faust.assignor.client_assignment import ClientAssignment
from faust.tables.recovery import Recovery
from faust.types import TP

from schemas.cures import FOLD_ANEW
from streams.fold.journal import PartitionJournal
from streams.worker.app import Worker
from streams.worker.chunks import chunk_of
from streams.worker.seams import table as seam
from streams.worker.seams.table import read_journal_from
from tests.support.still_kafka import EVENTS, on_still_kafka, records


class Left(BaseException):
    """Raised where the worker would end."""


def of_recovery(worker: Worker) -> Recovery:
    """Return a worker's recovery service of Faust."""
    tables: Any = worker.app.tables
    recovery: Recovery = tables.recovery
    return recovery


def journal_at(worker: Worker, next_offset: int) -> PartitionJournal:
    """Return a journal that was read up to an offset."""
    journal = PartitionJournal(worker.engine)
    journal.next_offset = next_offset
    return journal


async def test_faust_tells_the_table_what_is_assigned_and_then_asks_where_to_continue(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm, mine, gone = (TP(worker.journal.name, number) for number in range(3))
    on_still_kafka(worker, EVENTS, warm, mine)
    given = ClientAssignment(actives={EVENTS.topic: [0], mine.topic: [1]}, standbys={warm.topic: [0]})
    monkeypatch.setattr(worker.app.assignor, "_assignment", given)
    worker.states.journals = {tp.partition: journal_at(worker, 4) for tp in (warm, mine, gone)}
    worker.states.active = frozenset({1, 2})
    assigned = {EVENTS, warm, mine}
    await worker.app.tables.on_rebalance(assigned, {gone}, assigned, worker.app.consumer_generation_id)
    recovery = of_recovery(worker)
    assert worker.states.journals.keys() == {0, 1}, "on_rebalance: Faust tells the table in another way"
    assert worker.states.active == {1}
    assert (recovery.active_tps, recovery.standby_tps) == ({mine}, {warm})
    assert (recovery.active_offsets[mine], recovery.standby_offsets[warm]) == (3, 3), (
        "persisted_offset: Faust asks in another place where to continue reading, or before it tells the table"
    )


@pytest.mark.parametrize(("there", "ends"), [(0, True), (8, False), (None, False)])
async def test_a_journal_that_is_not_there_when_partitions_are_assigned_ends_the_worker_that_had_some(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, there: int | None, ends: bool
) -> None:
    on_still_kafka(worker, EVENTS)
    monkeypatch.setattr(worker.app.assignor, "_assignment", ClientAssignment(actives={}, standbys={}))
    monkeypatch.setattr(worker.app.consumer, "topic_partitions", lambda _: there)
    said: list[BaseException] = []

    def leave(_: str, error: BaseException) -> None:
        said.append(error)
        raise Left

    monkeypatch.setattr(seam, "leave", leave)
    table = worker.app.tables["journal"]
    await table.on_rebalance(set(), set(), set())
    assert not said, "a worker without partitions waits"
    worker.states.active = frozenset({1})
    if not ends:
        await table.on_rebalance(set(), set(), set())
        assert not worker.states.active
        return
    with pytest.raises(Left):
        await table.on_rebalance(set(), set(), set())
    [error] = said
    assert str(error) == f"topic {worker.journal.name} was not there when partitions were assigned; {FOLD_ANEW}"


async def test_faust_passes_records_to_the_table_and_continues_if_that_fails(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, _ = on_still_kafka(worker, EVENTS)
    tp = TP(worker.journal.name, 0)
    message = consumer._message(tp, chunk_of(0, records(tp, 0, 1)))
    event = await worker.app.tables["journal"].changelog_topic.decode(message, propagate=True)
    recovery, applied = of_recovery(worker), []
    monkeypatch.setattr(worker.states, "apply", lambda *found: applied.append(found))
    recovery.buffers[worker.app.tables["journal"]] = [event]
    recovery.flush_buffers()
    [(place, chunk)] = applied
    assert (place, chunk[:2]) == (tp, (0, [(0, b"0"), (1, b"1")])), (
        "apply_changelog_batch: Faust applies in another way"
    )

    def fails(*_: Any) -> None:
        raise ValueError("not a journal record")

    left: list[Any] = []

    def leave(what: str, error: BaseException, **where: Any) -> None:
        left.append((what, str(error), where["partition"]))
        raise Left

    monkeypatch.setattr(worker.states, "apply", fails)
    monkeypatch.setattr(seam, "leave", leave)
    recovery.buffers[worker.app.tables["journal"]] = [event]
    with pytest.raises(Left):
        recovery.flush_buffers()
    assert left == [("the journal cannot be read", "not a journal record", 0)]


async def test_faust_drops_a_journal_record_that_it_counts_as_recovered_unless_it_is_sent_back(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tp = TP(worker.journal.name, 0)
    consumer, kafka = on_still_kafka(worker, tp)
    table, recovery = worker.app.tables["journal"], of_recovery(worker)
    recovery.add_active(table, tp)
    recovery.active_offsets[tp] = 5
    taken: list[int] = []

    async def take(event: Any) -> None:
        taken.append(event.message.offset)

    monkeypatch.setattr(table, "on_changelog_event", take)
    worker.app.flow_control.resume()
    queue: Any = recovery.tables.changelog_queue
    slurping = asyncio.create_task(type(recovery)._slurp_changelogs.fun(recovery))

    async def comes(offset: int) -> None:
        message = consumer._message(tp, chunk_of(offset, records(tp, offset)))
        queue.force_put_nowait(await table.changelog_topic.decode(message, propagate=True))
        for _ in range(10):
            await asyncio.sleep(0)

    await comes(3)
    assert taken == [], "recovery: Faust applies a record twice; read_journal_from no longer needs to move its offsets"
    await read_journal_from(worker.app, tp, 3)
    assert kafka.sought == [(tp, 3)]
    await comes(3)
    slurping.cancel()
    assert taken == [3], "recovery.active_offsets: Faust counts recovered records in another way"


async def test_faust_throws_away_journal_records_that_are_queued_when_flow_resumes(worker: Worker) -> None:
    """This is why a lost record is read again. If it changes, that is no longer needed."""
    queue: Any = of_recovery(worker).tables.changelog_queue
    worker.app.flow_control.suspend()
    queue.force_put_nowait("a journal record")
    worker.app.flow_control.resume()
    assert queue.empty(), "issue 596: Faust keeps what was queued before flow resumes"
