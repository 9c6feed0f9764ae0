"""The loop of a worker: chunk, decode, refuse, fold, journal. What is not in the journal did not happen."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter

from faust.types import TP, StreamT

from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.topics import EVENT_TOPICS
from schemas.wire import decoder
from streams.chunks import Chunk
from streams.failstop import leave
from streams.health import Health
from streams.journal import PartitionJournal, confirm
from streams.kpis.engine import Engine
from streams.rejects import Refused, RejectLimit, letters

Append = Callable[[int, bytes, bytes], Awaitable[int]]
"""Partition, key and value to the offset at which it came to lie; done when Kafka has acknowledged it."""


class Folding:
    """Takes chunks to the journal.

    Args:
        engine: the fold.
        journal_of: the journal of a partition that this worker folds; None if it is not its own.
        append: appends to the journal topic.
        bury: writes dead letters to fair.rejected; done when Kafka has acknowledged it.
        read_from: makes the consumer read a partition again from an offset.
    """

    def __init__(
        self,
        *,
        engine: Engine,
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
        self._admit = admission(engine.fair)
        self._decoders: Mapping[str, Callable[[bytes | None], Event]] = {t.name: decoder(t.name) for t in EVENT_TOPICS}

    async def run(self, stream: StreamT[Chunk]) -> None:
        """Take every chunk of the stream; leave the process on anything that is not a bad event."""
        async for event in stream.events():
            try:
                await self.take(event.message.tp, event.value)
            except Exception as error:  # noqa: BLE001 - the body must not end: Faust would acknowledge the chunk
                leave(f"a chunk of {event.message.topic}[{event.message.partition}] could not be folded", error)

    async def take(self, tp: TP, chunk: Chunk) -> None:
        """Bring one chunk into state and journal. Done when the journal record is acknowledged.

        Raises:
            MustStop: somebody else writes this journal, or everything is refused.
        """
        journal = self._journal_of(tp.partition)
        if journal is None:
            return  # left over from before a rebalance: its new owner reads it
        upto = journal.state.upto.get(tp.topic)
        if upto is not None and chunk.follows > upto + 1:
            await self._read_from(tp, upto + 1)
            return
        records = chunk.records if upto is None else [record for record in chunk.records if record[0] > upto]
        if not records:
            return
        started = perf_counter()
        events, refused = self._decode(tp.topic, records)
        decoded = perf_counter()
        if refused:
            await asyncio.gather(
                *(self._bury(tp.partition, key, value) for key, value in letters(tp.topic, tp.partition, refused))
            )
        folding = perf_counter()
        delta = self._engine.fold(journal.state, tp.topic, events)
        expected, raw = journal.write(delta)
        folded = perf_counter()
        confirm(expected, await self._append(tp.partition, tp.topic.encode(), raw))
        self._health.chunk_done(
            records=len(records),
            journal_bytes=len(raw),
            decode=decoded - started,
            fold=folded - folding,
            journal=perf_counter() - folded,
        )
        self._limit.note(good=len(records) - len(refused), refused=len(refused))

    def _decode(
        self, topic: str, records: list[tuple[int, bytes | None]]
    ) -> tuple[list[tuple[int, Event | InvalidEvent]], list[Refused]]:
        decode, admit = self._decoders[topic], self._admit
        events: list[tuple[int, Event | InvalidEvent]] = []
        refused: list[Refused] = []
        for offset, raw in records:
            try:
                event = decode(raw)
                admit(event)
            except InvalidEvent as error:
                events.append((offset, error))
                refused.append((offset, raw, error))
            else:
                events.append((offset, event))
        return events, refused
