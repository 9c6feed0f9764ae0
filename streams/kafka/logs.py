"""Looks into logs beside their readers: where each begins and ends, and whether it still is the log that was read."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.kafka_access import client_arguments
from schemas.kafka_reach import connect_whole
from schemas.settings import KafkaSettings
from schemas.topics import PartitionPlace, place_text
from schemas.witness import Witness, witness_of
from streams.kafka.topics import stop_consumer

POLL_MS: Final = 100
BACKOFF_MS: Final = 20
"""Pause before a question is asked again, for example while a partition has no leader."""
BATCH_BYTES: Final = 8_192
"""How much of each log comes at once: in a quiet hour, a batch is smaller. A larger one comes whole, but alone."""
READ_WITHIN_S: Final = 8.0
"""How long the records of one round may take to arrive."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a log begins and ends.

    Attributes:
        first: offset of the oldest record that is kept; the end if there is none.
        stable: from here on, records wait for the end of a transaction; the end if none is open.
        end: offset that the next record will get.
    """

    first: int
    stable: int
    end: int


@dataclass(frozen=True, slots=True)
class LogChanged:
    """A log that is not the one that was read.

    Attributes:
        offset: of the record that was read, and is not there.
        what: what is there, to follow the log's name.
    """

    place: PartitionPlace
    offset: int
    what: str

    @property
    def message(self) -> str:
        """The fault in a sentence, without its cure."""
        return f"{place_text(self.place)} {self.what}"


class LogReader:
    """Asks for the extents of logs, and reads single records of them. Use `log_reader` to make one."""

    def __init__(self, committed: AIOKafkaConsumer, uncommitted: AIOKafkaConsumer) -> None:
        self._committed = committed
        self._uncommitted = uncommitted

    async def extents(self, places: Iterable[PartitionPlace]) -> dict[PartitionPlace, Extent]:
        """Return where logs begin and end. Their topics must exist.

        Raises:
            KafkaError: Kafka does not answer.
        """
        tps = [TopicPartition(*place) for place in places]
        if not tps:
            return {}
        for consumer in (self._committed, self._uncommitted):  # else it learns of the topics one by one
            await consumer._client.set_topics({tp.topic for tp in tps})  # noqa: SLF001 - nothing public does only that
        first, end = await asyncio.gather(self._uncommitted.beginning_offsets(tps), self._uncommitted.end_offsets(tps))
        stable = await self._committed.end_offsets(tps)  # after the end: else records that come now seem to wait
        return {(tp.topic, tp.partition): Extent(first[tp], min(stable[tp], end[tp]), end[tp]) for tp in tps}

    async def changed(
        self, witnesses: Mapping[PartitionPlace, Sequence[Witness]], extents: Mapping[PartitionPlace, Extent]
    ) -> list[LogChanged]:
        """Return the logs that are not those in which the witnesses were read, each once.

        A witness that retention has removed says nothing. All witnesses of a log are looked for, in some rounds.

        Raises:
            KafkaError: Kafka does not answer.
            TimeoutError: it does not send the records in time.
        """
        found: dict[PartitionPlace, LogChanged] = {}
        rounds = zip_longest(*([(place, one) for one in reversed(kept)] for place, kept in witnesses.items()))
        for together in rounds:
            sought: dict[PartitionPlace, Witness] = {}
            for place, witness in filter(None, together):
                extent = extents[place]
                if place in found or witness.offset < extent.first:
                    continue
                if extent.stable <= witness.offset < extent.end:
                    continue  # behind an open transaction nothing can be read; our own appends may be there
                if witness.offset >= extent.end:
                    what = f"ends at offset {extent.end}, and a record at offset {witness.offset} was read from it"
                    found[place] = LogChanged(place, witness.offset, what)
                else:
                    sought[place] = witness
            there = await self._read(sought)
            for place, witness in sought.items():
                if there.get(place) != witness:
                    what = (
                        f"is another log: it has another record at offset {witness.offset} than the one that was read"
                    )
                    found[place] = LogChanged(place, witness.offset, what)
        return list(found.values())

    async def read(
        self, spans: Mapping[PartitionPlace, tuple[int, int]]
    ) -> dict[PartitionPlace, tuple[list[ConsumerRecord], int]]:
        """Return the committed records of some spans of logs, and where each was read to.

        That may be beyond its end; or before it, if not all came within `READ_WITHIN_S`: then read on from there.

        Args:
            spans: first offset, and the offset behind the last one, of each.

        Raises:
            KafkaError: Kafka does not answer.
            TimeoutError: it sends nothing in time.
        """
        waiting = {TopicPartition(*place): span for place, span in spans.items()}
        records: dict[PartitionPlace, list[ConsumerRecord]] = {place: [] for place in spans}
        read_to = {place: start for place, (start, _) in spans.items()}
        self._committed.assign(list(waiting))
        for tp, (start, _) in waiting.items():
            self._committed.seek(tp, start)
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                while waiting:
                    for tp, fetched in (await self._fetched()).items():
                        if tp in waiting and fetched:
                            records[tp.topic, tp.partition].extend(fetched)
                            read_to[tp.topic, tp.partition] = fetched[-1].offset + 1
                    for tp, (_, end) in list(waiting.items()):
                        if (position := await self._committed.position(tp)) >= end:
                            read_to[tp.topic, tp.partition] = position
                            self._committed.pause(tp)
                            del waiting[tp]
        except TimeoutError:
            if not any(records.values()):
                raise
        finally:
            self._committed.assign([])
        return {place: (records[place], read_to[place]) for place in spans}

    async def _fetched(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Return what came of all partitions: the client waits before it fetches more if some of it is left."""
        fetched: dict[TopicPartition, list[ConsumerRecord]] = await self._committed.getmany(timeout_ms=POLL_MS)
        return fetched

    async def _read(self, sought: Mapping[PartitionPlace, Witness]) -> dict[PartitionPlace, Witness]:
        """Return the witness of the record at each offset, as it is now; nothing for an offset without a record."""
        waiting = {TopicPartition(*place): witness.offset for place, witness in sought.items()}
        there: dict[PartitionPlace, Witness] = {}
        if not waiting:
            return there
        self._committed.assign(list(waiting))
        for tp, offset in waiting.items():
            self._committed.seek(tp, offset)
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                while waiting:
                    for tp, records in (await self._fetched()).items():
                        for one in records:
                            if one.offset == waiting.get(tp):
                                witness = witness_of(one.offset, one.timestamp, one.key, one.value)
                                there[tp.topic, tp.partition] = witness
                    for tp, offset in list(waiting.items()):
                        if await self._committed.position(tp) > offset:
                            self._committed.pause(tp)
                            del waiting[tp]
        finally:
            self._committed.assign([])  # a client that waits for a topic that is gone asks without a pause
        return there


@asynccontextmanager
async def log_reader(kafka: KafkaSettings) -> AsyncIterator[LogReader]:
    """Open connections for a block, without a group.

    Raises:
        KafkaError: no broker answers.
    """
    async with AsyncExitStack() as connections:
        made = []
        for level in ("read_committed", "read_uncommitted"):
            consumer = AIOKafkaConsumer(
                **client_arguments(kafka),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level=level,
                max_partition_fetch_bytes=BATCH_BYTES,
                fetch_max_wait_ms=POLL_MS,
                retry_backoff_ms=BACKOFF_MS,
                request_timeout_ms=int(READ_WITHIN_S * 1_000),
            )
            connections.push_async_callback(stop_consumer, consumer)
            await connect_whole(consumer.start())
            made.append(consumer)
        yield LogReader(*made)
