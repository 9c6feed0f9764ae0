"""Faust's Kafka consumer, made to deliver chunks. Read with faust-streaming 0.15.3 and aiokafka 0.14.0."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import faust
from faust import Service
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, AppT, Message, ServiceT
from faust.types.transports import ConsumerCallback
from typing_extensions import override
from yarl import URL

from schemas.errors import MustStop
from streams.worker.chunks import Chunk, Fetched, Reading, chunk_of, cut_journal
from streams.worker.failstop import leave
from streams.worker.seams.thread import Denial, PatientThread

POLL_S = 0.1
"""How long a fetch waits for partitions that may be empty while others regain room. Stock Faust waits a second."""
PAUSE_S = 0.02
"""Before looking again whether a partition has room in the queue. Stock Faust sleeps a second: a worker under load was
idle for 40 % of the time."""


class WorkerTransport(Transport):
    """Faust's transport, which makes our consumer.

    Faust asks the app's transport for the one consumer of an app, at its first use.
    """

    def __init__(self, url: list[URL], app: AppT, reading: Reading, denial: Denial) -> None:
        super().__init__(url, app)
        self._reading = reading
        self._denial = denial

    @override
    def create_consumer(self, callback: ConsumerCallback, **kwargs: Any) -> "ChunkConsumer":
        return ChunkConsumer(
            self, callback=callback, loop=self.loop, reading=self._reading, denial=self._denial, **kwargs
        )


def read_chunks(app: faust.App, reading: Reading, denial: Denial) -> None:
    """Make an app read chunks; to be called before the app is started."""
    app.transport = WorkerTransport(app.conf.broker_consumer, app, reading, denial)


async def read_events_from(app: faust.App, tp: TP, offset: int) -> None:
    """Make the consumer of a running app read an event partition from an offset on."""
    consumer = app.consumer
    assert isinstance(consumer, ChunkConsumer)
    await consumer.read_from(tp, offset)


class ChunkConsumer(Consumer):
    """Faust's consumer for the event topics of a worker and its journal.

    Attributes:
        reading: where each event partition is read.
    """

    mundane_level = "debug"

    def __init__(self, *args: Any, reading: Reading, denial: Denial, **kwargs: Any) -> None:
        self.reading = reading
        self._denial = denial
        super().__init__(*args, **kwargs)

    @override
    def _new_consumer_thread(self) -> PatientThread:
        """Make our thread. Faust asks for it once, while the consumer is made."""
        return PatientThread(self, loop=self.loop, beacon=self.beacon, denial=self._denial)

    @Service.task
    async def _watch_thread(self) -> None:
        """Leave when the consumer is no longer well. mode runs it from the consumer's start to its stop."""
        thread = self._thread
        assert isinstance(thread, PatientThread)
        await thread.watch()

    @override
    async def perform_seek(self) -> None:
        """Seek every event partition to where its state ends; ask for all their first offsets in one call.

        Faust calls this once the tables are recovered, with the event partitions resumed and before it says that the
        rebalance is over. Its own seeks to the committed offset, and leaves a partition that has none where the fetcher
        has run to: what was fetched and dropped in the rebalance is never read (issue 596).
        """
        mine = [tp for tp in self.assignment() if tp.topic in self.reading.topics]
        first = await self.earliest_offsets(*mine) if mine else {}
        for tp in mine:
            try:
                offset = self.reading.start(tp, first.get(tp) or 0)
            except MustStop as error:
                leave("records are gone before they were read", error, topic=tp.topic, partition=tp.partition)
            await self.read_from(tp, offset)

    async def read_from(self, tp: TP, offset: int) -> None:
        """Read an event partition from an offset on, whatever was read before.

        Faust keeps two positions beside the client's own: what it has read (it drops what lies before) and what is
        committed (it ignores an ack that lies before, and adds no gap). None stands for the beginning in both. Its
        `_seek` moves aiokafka's consumer from this thread, whatever the consumer's own thread is doing with it.
        """
        await self._seek(tp, offset)
        self._read_offset[tp] = offset or None
        self._committed_offset[tp] = offset or None
        self.reading.reads_from(tp, offset)

    @override
    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Fetch, and give what came as one message for every chunk.

        Faust's own gives one for every record, a topic at a time in turn. What it checks is checked here: that a
        partition is being read, that the flow goes on, and that no newer generation of the group has begun. While the
        app rebalances nothing is given at all: streams throw away what comes then (issue 596).
        """
        records, active = await self._fetch_where_there_is_room(timeout)
        generation = self.app.consumer_generation_id
        if self.should_stop:
            return
        for tp, run in records.items():
            if tp not in active and tp not in self._buffered_partitions:
                continue
            is_event = tp.topic in self.reading.topics
            if is_event:
                self.reading.ends[tp] = self.highwater(tp) or 0
                if self.app.rebalancing:
                    continue
            for follows, part in self.reading.cut(tp, run) if is_event else cut_journal(run):
                if not self.flow_active or self.app.consumer_generation_id != generation:
                    return
                yield tp, self._message(tp, follows, part)

    async def _fetch_where_there_is_room(self, patience_s: float) -> tuple[Any, set[TP]]:
        """Fetch from the partitions that are being read and not full; look again soon when there is none.

        Faust's own (`_wait_next_records`) without its pause of a second. `not_waiting_next_records`, which it sets as
        well, is read only by `wait_for_stopped_flow`, which nothing calls.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # anything with wait() will do
        active = self._get_active_partitions()
        if not active:
            await asyncio.sleep(PAUSE_S)
            return {}, active
        return await self._getmany(active_partitions=active, timeout=patience_s), active

    def _message(self, tp: TP, follows: int, part: Sequence[Fetched]) -> Message:
        """Return Faust's message of the last record of a chunk, with the chunk as its value."""
        message = self._to_message(tp, part[-1])
        cast("Any", message).value = chunk_of(follows, part)
        return message

    @override
    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Hand messages on: Faust's loop, without the four asyncio tasks that it spends on each (29 us).

        It waits for the callback or for the flow to be suspended, whichever comes first; here only where the flow is
        suspended already, and the callback would wait for it to resume. Offsets between two chunks are told as a gap:
        Faust commits no further than to the first offset that is neither acknowledged nor in a gap. Its own gap
        includes the record itself, which then counts twice.
        """
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
                    if tp.topic in self.reading.topics:
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
    """Hands a message's value on as it is: a chunk is not bytes that could be decoded.

    Faust decodes a message through the schema of its topic, and looks at the value nowhere else on the way.
    """

    @override
    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.value

    @override
    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.key
