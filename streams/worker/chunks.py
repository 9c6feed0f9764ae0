"""Chunks instead of records: Faust's Kafka consumer, delivering a run of records of one partition as one event.

Stock Faust spends 70-100 us on moving one record (four asyncio tasks, a lock and an ack each), and 140 us on one that
it recovers from; a chunk of a thousand shares that. Four guards make the delivery of events gapless where stock Faust
can lose records after a rebalance:

* reading starts where the partition's own state ends, not at the group's committed offset (that one is a hint);
* a partition without state starts at the earliest offset (stock Faust leaves it where the fetcher has run to);
* nothing is delivered while Faust rebalances (what is, it throws away: faust-streaming issue 596);
* a chunk says which offset it follows, so that the agent notices a lost one and reads it again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import faust
from faust import Service
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer
from faust.types import TP, Message, ServiceT
from typing_extensions import override

from schemas.errors import MustStop
from streams.worker.consumer_thread import Denial, PatientThread
from streams.worker.failstop import leave

POLL_S = 0.1
"""How long a fetch waits for partitions that may be empty while others regain room. Stock Faust waits a second."""
PAUSE_S = 0.02
"""Before looking again whether a partition has room in the queue."""
JOURNAL_RECORDS = 500
"""Most journal records that are handed to the store at once. A slow fair writes one for every event or two."""


class Chunk(NamedTuple):
    """A run of records of one partition, ascending.

    Attributes:
        follows: the offset from which reading was contiguous; it is the first record's unless the log has a gap.
        records: offset and value of each.
    """

    follows: int
    records: list[tuple[int, bytes | None]]


class ChunkConsumer(Consumer):
    """Faust's consumer for the event topics of a worker and its journal.

    Class attributes are set by `consumer_for`.
    """

    chunk_topics: frozenset[str] = frozenset()
    chunk_records: int
    """Most records of an event topic in a chunk."""
    position_of: Callable[[TP], int | None]
    """Last offset that a partition's state has applied; None without state."""
    denial: Denial

    _next: dict[TP, int]

    @override
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        self._next = {}
        thread = PatientThread(self, loop=self.loop, beacon=self.beacon)
        thread.denial = type(self).denial
        return thread

    @Service.task
    async def _watch_thread(self) -> None:
        """Leave when the consumer is no longer well."""
        thread = self._thread
        assert isinstance(thread, PatientThread)
        await thread.watch()

    @override
    async def perform_seek(self) -> None:
        """Seek every event partition to where its state ends; ask for all their first offsets in one call."""
        mine = [tp for tp in self.assignment() if tp.topic in self.chunk_topics]
        first = await self.earliest_offsets(*mine) if mine else {}
        for tp in mine:
            await self.read_from(tp, self._start(tp, first.get(tp) or 0))

    def _start(self, tp: TP, earliest: int) -> int:
        last = type(self).position_of(tp)
        if last is None:
            return earliest
        if last + 1 < earliest:
            error = MustStop(
                f"{tp.topic}[{tp.partition}] lost offsets {last + 1} to {earliest - 1}: retention was too short",
                hint="restore them, or delete the journal topic to count only what is left",
            )
            leave("records are gone before they were read", error)
        return last + 1

    async def read_from(self, tp: TP, offset: int) -> None:
        """Read an event partition from an offset on, whatever was read before."""
        await self._seek(tp, offset)
        self._read_offset[tp] = offset or None
        self._committed_offset[tp] = offset or None
        self._next[tp] = offset

    @override
    async def _wait_next_records(self, timeout: float) -> tuple[Any, set[TP] | None]:
        """Fetch from the partitions that have room; look again soon when none has (stock Faust sleeps a second)."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # anything with wait() will do
        active = self._get_active_partitions()
        if not active:
            await asyncio.sleep(PAUSE_S)
            return {}, active
        return await self._getmany(active_partitions=active, timeout=timeout), active

    @override
    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        for tp, run in records.items():
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                continue
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            for chunk in self._events(tp, run) if tp.topic in self.chunk_topics else self._changes(tp, run):
                if not self.flow_active or self.app.consumer_generation_id != generation:
                    return
                yield tp, chunk

    def _events(self, tp: TP, run: list[Any]) -> Iterator[Message]:
        expected = self._next.get(tp)
        if expected is None or self.app.rebalancing:
            return  # perform_seek has yet to come; these will be fetched again
        if run and run[0].offset < expected:
            run = [record for record in run if record.offset >= expected]
        for at in range(0, len(run), self.chunk_records):
            part = run[at : at + self.chunk_records]
            follows, self._next[tp] = self._next[tp], part[-1].offset + 1
            yield self._chunk(tp, follows, part)

    def _changes(self, tp: TP, run: list[Any]) -> Iterator[Message]:
        """Journal records, as they come: the store that applies them notices a hole by itself."""
        for at in range(0, len(run), JOURNAL_RECORDS):
            part = run[at : at + JOURNAL_RECORDS]
            yield self._chunk(tp, part[0].offset, part)

    def _chunk(self, tp: TP, follows: int, part: list[Any]) -> Message:
        message = self._to_message(tp, part[-1])
        cast("Any", message).value = Chunk(follows, [(record.offset, record.value) for record in part])
        return message

    @override
    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Hand messages on: Faust's loop, without four asyncio tasks a message."""
        callback = self.callback
        try:
            while not (self.should_stop or cast("Any", fetcher).should_stop):
                batch = self.getmany(timeout=POLL_S)
                await asyncio.sleep(0)
                if self.should_stop:
                    return
                async for tp, message in batch:
                    read = self._read_offset[tp]
                    if read is not None and message.offset < read:
                        continue
                    if tp.topic in self.chunk_topics:
                        await self._add_gap(tp, cast("Chunk", message.value).follows, message.offset - 1)
                    if self._commit_every is not None and self._n_acked >= self._commit_every:
                        self._n_acked = 0
                        await self.commit()
                    if self.app.flow_control.is_active() and not self.suspend_flow.is_set():
                        await callback(message)
                    else:
                        await self.wait_first(callback(message), self.suspend_flow.wait())
                    self._read_offset[tp] = message.offset
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.transport.app.should_stop:
                raise


class RawChunks(faust.Schema[bytes, Chunk]):
    """A chunk is no message to decode; hand it on as it is."""

    @override
    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.value

    @override
    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.key


def consumer_for(
    topics: frozenset[str], chunk_records: int, position_of: Callable[[TP], int | None], denial: Denial
) -> type[ChunkConsumer]:
    """Return the consumer class of one app (Faust makes the instance itself)."""
    members: Mapping[str, object] = {
        "chunk_topics": topics,
        "chunk_records": chunk_records,
        "position_of": staticmethod(position_of),
        "denial": staticmethod(denial),
    }
    return type("WorkerConsumer", (ChunkConsumer,), dict(members))
