"""Faust's Kafka consumer, changed to deliver chunks. Read with faust-streaming 0.15.3 and aiokafka 0.14.0."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Protocol, cast

import faust
from aiokafka import ConsumerRecord
from faust import Service
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, AppT, Message, ServiceT
from faust.types.transports import ConsumerCallback
from typing_extensions import override
from yarl import URL

from schemas.errors import MustStop
from streams.worker.chunks import Chunk, Fetched, FetchedTo, Reading, chunk_of, cut_journal
from streams.worker.failstop import leave
from streams.worker.seams.thread import Denial, PatientThread

POLL_S = 0.1
"""How long a fetch waits. Its partitions may be empty while others get room again. Stock Faust waits a second."""
PAUSE_S = 0.02
"""Pause before checking again whether a partition has room in the queue. Stock Faust sleeps a second: a worker under
load was idle for 40 % of the time."""


class Hold(Protocol):
    """Told of a partition that is read no further until its log was looked at, and then from its state's end on."""

    def __call__(self, tp: TP, *, reconnected: bool) -> None: ...


class WorkerTransport(Transport):
    """Faust's transport, changed to make a `ChunkConsumer`.

    Faust asks the app's transport for the app's only consumer when it first needs it.
    """

    def __init__(self, url: list[URL], app: AppT, reading: Reading, denial: Denial, hold: Hold) -> None:
        super().__init__(url, app)
        self._reading = reading
        self._denial = denial
        self._hold = hold

    @override
    def create_consumer(self, callback: ConsumerCallback, **kwargs: Any) -> "ChunkConsumer":
        return ChunkConsumer(
            self,
            callback=callback,
            loop=self.loop,
            reading=self._reading,
            denial=self._denial,
            hold=self._hold,
            **kwargs,
        )


def read_chunks(app: faust.App, reading: Reading, denial: Denial, hold: Hold) -> None:
    """Make an app read chunks. Call it before the app is started.

    Args:
        app: the app.
        reading: the positions of the event partitions.
        denial: tells which right an error says is missing.
        hold: told of a partition that is read no further until its log was looked at.
    """
    app.transport = WorkerTransport(app.conf.broker_consumer, app, reading, denial, hold)


async def read_events_from(app: faust.App, tp: TP, offset: int) -> None:
    """Make the consumer of a running app read an event partition from an offset on."""
    consumer = app.consumer
    assert isinstance(consumer, ChunkConsumer)
    await consumer.read_from(tp, offset)


class ChunkConsumer(Consumer):
    """Faust's consumer for a worker's event topics and its journal.

    Attributes:
        reading: the positions of the event partitions.
    """

    mundane_level = "debug"

    def __init__(self, *args: Any, reading: Reading, denial: Denial, hold: Hold, **kwargs: Any) -> None:
        self.reading = reading
        self._denial = denial
        self._hold = hold
        super().__init__(*args, **kwargs)

    @override
    def _new_consumer_thread(self) -> PatientThread:
        """Make a `PatientThread`. Faust asks for it once, when it makes the consumer."""
        return PatientThread(self, loop=self.loop, beacon=self.beacon, denial=self._denial)

    @Service.task
    async def _watch_thread(self) -> None:
        """End the process when the consumer has failed. mode runs this from the consumer's start to its stop."""
        await self._patient.watch()

    @override
    async def perform_seek(self) -> None:
        """Seek every event partition to the end of its state; ask for all first offsets in one call.

        Faust calls this once the tables are recovered and the event partitions resumed, before it says that the
        rebalance is over. Faust's own method seeks to the committed offset. It leaves a partition without one where the
        fetcher happens to be, so records that were fetched and dropped in the rebalance are never read (issue 596).
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
        """Read an event partition from an offset on, no matter what was read before.

        Faust keeps two positions besides the client's own. It drops records before its read offset; it ignores acks
        and gaps before its committed offset. In both, None stands for the beginning.
        """
        self.reading.stop(tp)  # what is on its way was fetched before
        self.on_buffer_drop(tp)  # Faust fetches nothing while a queue is full, and forgets it when it empties the queue
        await self._seek(tp, offset)
        self._read_offset[tp] = offset or None
        self._committed_offset[tp] = offset or None
        self.reading.reads_from(tp, offset)

    @override
    async def _seek(self, partition: TP, offset: int) -> None:
        await self._patient.seek_in_thread(partition, offset)

    @property
    def _patient(self) -> PatientThread:
        thread = self._thread
        assert isinstance(thread, PatientThread)
        return thread

    @override
    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Fetch records, and yield one message for every chunk.

        Faust's own method yields one message for every record, taking the topics in turn. Its checks are made here
        too: the partition is being read, the flow is not suspended, and the group has no newer generation. While the
        app rebalances, nothing is yielded: streams would throw it away (issue 596).
        """
        records, active = await self._fetch_where_there_is_room(timeout)
        generation = self.app.consumer_generation_id
        if self.should_stop:
            return
        await self._find_again()
        reached, self._patient.reached = self._patient.reached, {}  # of this fetch, or of none
        for tp in active | self._buffered_partitions:
            run = records.get(tp, ())
            is_event = tp.topic in self.reading.topics
            if is_event:
                if self.app.rebalancing:
                    continue
                if (offset := self.reading.missed(tp, reached.get(tp))) is not None:
                    await self.read_from(tp, offset)
                    continue
                chunks = self._chunks(tp, run, reached.get(tp))
            else:
                chunks = cut_journal(run, reached.get(tp))
            for chunk in chunks:
                if not self.flow_active or self.app.consumer_generation_id != generation:
                    return
                yield tp, self._message(tp, chunk)
            if is_event:
                self.reading.taken(tp, reached.get(tp))

    async def _find_again(self) -> None:
        """Stop reading event partitions whose log does not have the next offset, or whose broker was gone.

        A broker that comes back may have lost the end of a log, and have it filled anew before it is read on. A journal
        is read from its beginning.
        """
        back, self._patient.reconnected = self._patient.reconnected, set()
        for tp in back:
            if tp.topic in self.reading.topics and not self.app.rebalancing:
                self.reading.stop(tp)
                self._hold(tp, reconnected=True)
        lost, self._patient.out_of_range = self._patient.out_of_range, set()
        for tp in lost:
            if tp.topic in self.reading.topics:
                self.reading.stop(tp)
                self._hold(tp, reconnected=False)
            else:
                first = await self.earliest_offsets(tp)
                await self._seek(tp, first.get(tp) or 0)

    def _chunks(self, tp: TP, run: Sequence[Fetched], reached: FetchedTo | None) -> Iterator[Chunk]:
        """Yield the chunks of a fetch of an event partition."""
        for follows, part in self.reading.cut(tp, run):
            yield chunk_of(follows, part)
        if reached is not None and not self.reading.reached(tp, reached):
            self.reading.stop(tp)
            self._hold(tp, reconnected=False)

    async def _fetch_where_there_is_room(self, patience_s: float) -> tuple[Any, set[TP]]:
        """Fetch from the partitions that are being read and have room; if there are none, pause briefly instead.

        This is Faust's `_wait_next_records` without its pause of a second. That method also sets
        `not_waiting_next_records`; only `wait_for_stopped_flow` reads it, and nothing calls that.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # anything with wait() will do
        active = self._get_active_partitions()
        if not active:
            await asyncio.sleep(PAUSE_S)
            return {}, active
        return await self._getmany(active_partitions=active, timeout=patience_s), active

    def _message(self, tp: TP, chunk: Chunk) -> Message:
        """Return Faust's message for a chunk, which is its value.

        Its offset is that of the last record; or the last that has none, so that a recovery can reach the end of a
        journal that ends with the marker of a transaction.
        """
        last = chunk.fetched[-1] if chunk.fetched else _nothing(tp)
        message: Any = self._to_message(tp, last)
        message.offset = max(message.offset, chunk.end - 1)
        message.value = chunk
        return cast("Message", message)

    @override
    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Pass messages on: Faust's loop, without the four asyncio tasks that it spends on each message (29 us).

        Faust always waits for the callback or for the flow to be suspended, whichever comes first. This loop does so
        only if the flow is already suspended, when the callback would wait for it to resume. Offsets between two
        chunks are declared as a gap, because Faust commits only up to the first offset that is neither acknowledged nor
        in a gap. Faust's own gap includes the record itself, which then counts twice.
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


def _nothing(tp: TP) -> ConsumerRecord:
    """Return a record that stands for offsets without one."""
    return ConsumerRecord(tp.topic, tp.partition, -1, 0, 0, None, None, None, -1, -1, ())


class RawChunks(faust.Schema[bytes, Chunk]):
    """Passes a message's value on unchanged, because a chunk is not bytes that could be decoded.

    Faust decodes a message with the schema of its topic, and does not look at the value anywhere else.
    """

    @override
    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.value

    @override
    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.key
