"""The worker's loop: take a chunk, decode, refuse, fold, journal. Nothing counts before it is journalled."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import cast

from faust import Stream
from faust.types import TP, EventT

from schemas.events import Event
from schemas.logs import logger
from streams.fold.decoding import Decoding, RefusedRecord
from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal, confirm
from streams.shown.health import Health
from streams.worker.appended import Appended
from streams.worker.chunks import Chunk
from streams.worker.failstop import leave
from streams.worker.rejects import RejectLimit, letters

log = logger(__name__)

IN_FLIGHT = 4
"""Most chunks that are folded but not yet acknowledged by Kafka. More would cost memory and gain nothing."""

Append = Callable[[int, bytes, bytes], Awaitable[Appended]]
"""Appends a record to a partition, given its key and value; returns its place once Kafka has acknowledged it."""


@dataclass(slots=True)
class FoldedChunk:
    """Counts since the worker was started: chunks, their records, and the refused ones among these."""

    chunks: int = 0
    records: int = 0
    refused: int = 0


class Folding:
    """Folds chunks and appends their changes to the journal.

    Args:
        engine: the fold.
        partitions: how many each event topic has.
        journal_of: returns the journal of a partition that this worker folds; None for another partition.
        append: appends to the journal topic.
        bury: writes a dead letter to fair.rejected; returns once Kafka has acknowledged it.
        read_from: makes the consumer read a partition again from an offset.
        limit: stops the worker when too many records in a row are refused.
        health: told of every chunk.

    Attributes:
        folded: counts for the log.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        partitions: Mapping[str, int],
        journal_of: Callable[[int], PartitionJournal | None],
        append: Append,
        bury: Append,
        read_from: Callable[[TP, int], Awaitable[None]],
        limit: RejectLimit,
        health: Health,
    ) -> None:
        self._engine = engine
        self._journal_of = journal_of
        self._append = append
        self._bury = bury
        self._read_from = read_from
        self._limit = limit
        self._health = health
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._appends: set[asyncio.Task[None]] = set()
        self._decoding = Decoding(engine.fair, partitions)
        self.folded = FoldedChunk()

    @property
    def in_flight(self) -> int:
        """Chunks that are folded but not yet acknowledged by Kafka."""
        return len(self._appends)

    async def run(self, stream: Stream[Chunk]) -> None:
        """Take every chunk of the stream. Any error except a bad event ends the process.

        A chunk is acknowledged to Faust when its journal record is stored, so a rebalance waits for it.
        """
        async for event in stream.noack().events():
            await self._room.acquire()
            try:
                append = await self.take(event.message.tp, event.value)
            except Exception as error:  # noqa: BLE001 - continuing would leave a hole
                leave("a chunk could not be folded", error, **_place(event))
            task = asyncio.create_task(self._finish(append, event))
            self._appends.add(task)
            task.add_done_callback(self._appends.discard)

    async def _finish(self, append: Awaitable[None] | None, event: EventT[Chunk]) -> None:
        """Wait until a chunk is stored, then acknowledge it."""
        try:
            if append is not None:
                await append
        except Exception as error:  # noqa: BLE001 - refused, or outcome unknown: the state is ahead of the log
            leave("a chunk could not be journalled", error, **_place(event))
        event.ack()
        self._room.release()

    async def take(self, tp: TP, chunk: Chunk) -> Awaitable[None] | None:
        """Fold one chunk into state. The result is done when its journal record is stored; None if there is no record.

        Raises:
            MustStop: too many records in a row were refused.
        """
        journal = self._journal_of(tp.partition)
        if journal is None:
            return None  # left over from before a rebalance: the partition's new owner reads it
        upto = journal.state.upto.get(tp.topic)
        begin = 0 if upto is None else upto + 1  # a state without events begins with the log
        if chunk.follows > begin:
            log.info("reading events again", topic=tp.topic, partition=tp.partition, offset=begin, got=chunk.follows)
            await self._read_from(tp, begin)
            return None
        records = chunk.records if upto is None else [record for record in chunk.records if record[0] > upto]
        if not records:
            return None
        started = perf_counter()
        events, refused = self._decoding.read(tp.topic, records)
        decoded = perf_counter()
        await self._refuse(tp, chunk, refused)
        folding = perf_counter()
        newcomers: list[Event] = []
        astray: list[RefusedRecord] = []
        delta = self._engine.fold(journal.state, tp.topic, events, newcomers)
        if any(self._decoding.in_place(tp.topic, event, tp.partition) is not event for event in newcomers):
            events, astray = self._decoding.all_in_place(tp.topic, records, events, tp.partition)
            await self._refuse(tp, chunk, astray)
            folding = perf_counter()  # without the time that the letters took
            delta = self._engine.fold(journal.state, tp.topic, events)
        delta.witness = chunk.witness
        expected, raw = journal.write(delta)
        folded = perf_counter()
        self._health.chunk_done(
            records=len(records), journal_bytes=len(raw), decode=decoded - started, fold=folded - folding
        )
        self.folded.chunks += 1
        self.folded.records += len(records)
        self.folded.refused += len(refused) + len(astray)
        # Records in a wrong partition say nothing against this worker, and another start would meet them again.
        self._limit.note(good=len(records) - len(refused) - len(astray), refused=len(refused))
        return self._journal(tp, journal, expected, raw)

    async def _refuse(self, tp: TP, chunk: Chunk, refused: Sequence[RefusedRecord]) -> None:
        """Return once there is a dead letter for each refused record."""
        if refused:
            written = letters(tp.topic, tp.partition, refused, chunk.headers_at)
            await asyncio.gather(*(self._bury(tp.partition, key, value) for key, value in written))

    async def _journal(self, tp: TP, journal: PartitionJournal, expected: int, raw: bytes) -> None:
        began = perf_counter()
        key = tp.topic.encode()
        stored = await self._append(tp.partition, key, raw)
        confirm(expected, stored.offset)
        journal.stored(stored.offset, stored.time_ms, key, raw)
        self._health.appended(perf_counter() - began)


def _place(event: EventT[Chunk]) -> dict[str, object]:
    """Return the place of a chunk in Kafka, for the log."""
    message, records = event.message, cast("Chunk", event.value).records
    return {"topic": message.topic, "partition": message.partition, "first": records[0][0], "last": records[-1][0]}
