"""Reads whole topics, without a consumer group, in the order in which Kafka appended the records."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from time import monotonic
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, TopicAuthorizationFailedError

from schemas.cures import CREATE
from schemas.errors import Unavailable
from schemas.kafka_access import client_arguments, names_in, refused
from schemas.kafka_reach import connect_whole
from schemas.recording.frames import RecordedRecord
from schemas.settings import KafkaSettings
from schemas.times import wall_ms
from schemas.topics import PartitionPlace, place_text
from streams.history.read_logs import AGAIN, LogLost, OpenTransaction, ReadLogs, headless, open_in, outside
from streams.kafka.logs import Extent, log_reader
from streams.kafka.topics import admin, no_kafka, partitions_of, stop_consumer

AHEAD: Final = 4_000
"""Records of one partition that may wait for the others. With more it is paused, so that memory stays bounded."""

POLL_MS: Final = 200

STILL_S: Final = 30.0
"""How long a reader that has an end may get nothing from any partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which records to read.

    Attributes:
        since_ms: start with the first record that Kafka took at or after this time, in ms since 1970. 0 starts with
            the oldest record, None with the next new one.
        after: by partition, the last offset to skip; takes precedence over `since_ms`.
        until_ms: stop before the first record at or after this time, in ms since 1970; None reads all.
        upto: by partition, the last offset to read; takes precedence over `until_ms`. If given, partitions that it
            does not name are not read at all.
        follow: also read records that come after reading began, until `until_ms` or without end.
    """

    since_ms: int | None = 0
    until_ms: int | None = None
    after: Mapping[PartitionPlace, int] = field(default_factory=dict)
    upto: Mapping[PartitionPlace, int] | None = None
    follow: bool = False


@dataclass(slots=True)
class _Lane:
    """One partition: its fetched records, and how far it is read.

    Offsets are those of positions: a position passes the markers and the aborted records of transactions, which no
    reader ever gets.

    Attributes:
        next: the next offset to fetch.
        end: where to stop; None while following.
        stable: up to where Kafka gives records now; behind it they wait for the end of a transaction.
        known_end: offset after the last record in Kafka, as far as known.
    """

    tp: TopicPartition
    next: int
    end: int | None
    stable: int
    known_end: int
    queue: deque[RecordedRecord] = field(default_factory=deque)
    paused: bool = False

    @property
    def place(self) -> PartitionPlace:
        return self.tp.topic, self.tp.partition

    @property
    def done(self) -> bool:
        return self.end is not None and self.next >= self.end

    @property
    def waits(self) -> bool:
        """Whether it may still deliver records that are older than those of other partitions."""
        return not self.queue and not self.done and self.next < self.stable


class TopicReader:
    """Reads topics in the order of Kafka's own time for each record, then of topic and partition.

    Use `reading` to make one. It does not wait for partitions that are read to their end, nor while following for one
    in which a transaction is open: its records come when that has ended.

    Attributes:
        partitions: the number of partitions of each topic.
        heads: partitions whose older records are gone, each with its first offset.
        open: transactions before which reading ends, because they were open when the end was set.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        kafka: KafkaSettings,
        logs: ReadLogs,
        counts: Mapping[str, int],
        span: Span,
    ) -> None:
        self.partitions = dict(counts)
        self.heads: Mapping[PartitionPlace, int] = {}
        self.open: list[OpenTransaction] = []
        self._consumer = consumer
        self._kafka = kafka
        self._logs = logs
        self._span = span
        self._until_ms = span.until_ms
        self._lanes: dict[TopicPartition, _Lane] = {}
        self._heap: list[tuple[int, str, int]] = []
        self._still_s = 0.0

    @property
    def silence(self) -> str:
        """Why Kafka has given no answer for a while, in words; empty if it has. The reader waits, and goes on then."""
        return self._logs.silence

    @property
    def lag(self) -> int:
        """Records in Kafka that were not yielded yet, as far as known."""
        return sum(
            len(lane.queue) + max(0, (lane.known_end if lane.end is None else lane.end) - lane.next)
            for lane in self._lanes.values()
        )

    async def open_lanes(self) -> None:
        """Find out where every partition begins and ends.

        Raises:
            LogLost: the span lies outside of a log.
        """
        span, consumer = self._span, self._consumer
        places = [(topic, number) for topic, count in self.partitions.items() for number in range(count)]
        if span.upto is not None:
            places = [place for place in places if place in span.upto]
        tps = [TopicPartition(*place) for place in places]
        consumer.assign(tps)
        extents = await self._logs.extents(places)
        self.heads = headless(extents)
        if span.upto is None and not span.follow:
            self.open = open_in(extents)
        starts = await _starts(consumer, tps, span.since_ms, extents)
        for tp, place in zip(tps, places, strict=True):
            extent = extents[place]
            start = span.after.get(place, -1) + 1 or starts[tp]
            if place in span.after and (told := outside(place, start, extent)) is not None:
                raise told
            self._lanes[tp] = _Lane(tp, start, _end(place, extent, span), extent.stable, extent.end)
            consumer.seek(tp, start)

    def end_here(self) -> None:
        """While following: stop at what Kafka has now, as far as known, and note the transactions that are open."""
        for lane in self._lanes.values():
            if lane.end is None:
                lane.end = max(lane.next, lane.stable)
                if lane.stable < lane.known_end:
                    self.open.append(OpenTransaction(lane.place, lane.end))

    async def _note_until(self) -> None:
        """Once `until_ms` has passed, note the end of each partition, so that quiet ones need not be waited for."""
        if self._until_ms is None or wall_ms() < self._until_ms:
            return
        tps = list(self._lanes)
        try:
            times = await self._consumer.offsets_for_times(dict.fromkeys(tps, self._until_ms))
            extents = await self._logs.extents(lane.place for lane in self._lanes.values())
        except (KafkaError, OSError, TimeoutError):
            return  # it is asked again: a reader that follows waits for Kafka
        for tp, lane in self._lanes.items():
            extent = extents[lane.place]
            end = extent.stable if times[tp] is None else times[tp].offset
            if times[tp] is None and extent.stable < extent.end:
                self.open.append(OpenTransaction(lane.place, extent.stable))
            lane.end = end if lane.end is None else min(lane.end, end)
        self._until_ms = None

    async def batches(self) -> AsyncGenerator[list[RecordedRecord], None]:
        """Yield records in order, and an empty list now and then while there are none. Ends when all are read.

        Raises:
            LogLost: a log was deleted, replaced or cut meanwhile, or has another number of partitions.
            Unavailable: Kafka sends nothing for `STILL_S`, and the end is not reached.
        """
        lanes = self._lanes
        while True:
            await self._note_until()
            for lane in lanes.values():
                self._breathe(lane)
            yield self._ready(self._heap)
            if all(lane.done and not lane.queue for lane in lanes.values()):
                if lanes:
                    await self._logs.look({})
                return
            if all(lane.done or lane.paused for lane in lanes.values()):
                continue
            began = monotonic()
            if await self._fetch():
                self._still_s = 0.0
            else:
                self._still_s += monotonic() - began
                await self._must_not_stand_still()
            await self._logs.look_now_and_then(self._positions())

    def _positions(self) -> dict[PartitionPlace, int]:
        return {lane.place: lane.next for lane in self._lanes.values() if not lane.done}

    async def _fetch(self) -> bool:
        """Take what Kafka has sent, or wait a moment for it; return whether any partition went on."""
        moved = False
        try:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS)
        except OffsetOutOfRangeError as error:
            await self._logs.look(self._positions())
            raise LogLost("a log was cut while it was read", hint=AGAIN) from error
        for tp, run in fetched.items():
            self._take(self._lanes[tp], run)
        for tp, lane in self._lanes.items():
            position = await self._consumer.position(tp)
            moved |= tp in fetched or position > lane.next
            lane.next = max(lane.next, position)
            if (known := self._consumer.highwater(tp)) is not None:
                lane.known_end = max(lane.known_end, known)
            if (stable := self._consumer.last_stable_offset(tp)) is not None:
                lane.stable = max(lane.stable, stable)
        return moved

    def _take(self, lane: _Lane, fetched: Sequence[ConsumerRecord]) -> None:
        was_empty = not lane.queue
        for record in fetched:
            one = _recorded(record)
            if lane.end is not None and one.offset >= lane.end:
                lane.next = lane.end
                break
            lane.queue.append(one)
            lane.next = one.offset + 1
        if lane.queue:
            self._logs.note(lane.queue[-1])
            if was_empty:
                heappush(self._heap, (lane.queue[0].timestamp_ms, lane.tp.topic, lane.tp.partition))

    async def _must_not_stand_still(self) -> None:
        """Raise Unavailable if partitions that have an end have not gone on for a long time."""
        late = [lane for lane in self._lanes.values() if lane.end is not None and not lane.done and not lane.paused]
        if not late or self._still_s < STILL_S:
            return
        await self._logs.look(self._positions())
        lane = min(late, key=lambda one: one.place)
        raise Unavailable(
            f"{place_text(lane.place)} was read up to offset {lane.next} of {lane.end}, and then Kafka sent nothing "
            f"for {STILL_S:.0f} s, although it answers",
            hint=f"see the log of the broker that leads this partition, then {AGAIN}",
        )

    def _breathe(self, lane: _Lane) -> None:
        """Pause a partition that is done or far ahead of the others; resume it once it is not."""
        wanted = len(lane.queue) >= AHEAD or lane.done
        if wanted and not lane.paused:
            self._consumer.pause(lane.tp)
        elif lane.paused and not wanted and len(lane.queue) < AHEAD // 2:
            self._consumer.resume(lane.tp)
        else:
            return
        lane.paused = wanted

    def _ready(self, heap: list[tuple[int, str, int]]) -> list[RecordedRecord]:
        """Return the records before which no older record can come any more."""
        lanes = self._lanes
        waiting = sum(lane.waits for lane in lanes.values())
        ready: list[RecordedRecord] = []
        while heap and not waiting:
            _, topic, partition = heappop(heap)
            lane = lanes[TopicPartition(topic, partition)]
            ready.append(lane.queue.popleft())
            if lane.queue:
                heappush(heap, (lane.queue[0].timestamp_ms, topic, partition))
            elif lane.waits:
                waiting += 1
        return ready


@asynccontextmanager
async def reading(kafka: KafkaSettings, topics: Sequence[str], span: Span) -> AsyncIterator[TopicReader]:
    """Read topics within a span; only records whose transaction was committed.

    Raises:
        Unavailable: no broker answers, or a topic does not exist or may not be read.
        LogLost: the span lies outside of a log.
    """
    async with admin(kafka) as client:
        counts = await partitions_of(client, kafka, topics)
    for topic in topics:
        if topic not in counts:
            raise Unavailable(f"Kafka has no topic {topic}", hint=CREATE)
    consumer = AIOKafkaConsumer(
        **client_arguments(kafka),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        fetch_max_wait_ms=POLL_MS,
        request_timeout_ms=15_000,
    )
    connections = AsyncExitStack()
    connections.push_async_callback(stop_consumer, consumer)
    try:
        try:
            await connect_whole(consumer.start())
            logs = ReadLogs(kafka, await connections.enter_async_context(log_reader(kafka)), counts)
            connections.push_async_callback(logs.close)
            reader = TopicReader(consumer, kafka, logs, counts, span)
            await reader.open_lanes()
        except (KafkaError, OSError) as error:
            raise await no_kafka(kafka) from error
        yield reader
    except TopicAuthorizationFailedError as error:
        raise refused(kafka, error, f"Read on topic {names_in(error)}") or error from error
    except KafkaError as error:
        raise await no_kafka(kafka) from error
    finally:
        await connections.aclose()


def _end(place: PartitionPlace, extent: Extent, span: Span) -> int | None:
    """Return where to stop reading a partition; None while following.

    Raises:
        LogLost: it is to be read further than Kafka has records.
    """
    if span.upto is None:
        return None if span.follow else extent.stable
    last = span.upto[place]
    if last >= extent.stable:
        raise LogLost(f"{place_text(place)} ends at offset {extent.stable}, and offset {last} is asked for", hint=AGAIN)
    return last + 1


async def _starts(
    consumer: AIOKafkaConsumer,
    tps: Sequence[TopicPartition],
    since_ms: int | None,
    extents: Mapping[PartitionPlace, Extent],
) -> dict[TopicPartition, int]:
    stable = {tp: extents[tp.topic, tp.partition].stable for tp in tps}
    if since_ms is None or not tps:
        return stable
    if since_ms == 0:
        return {tp: extents[tp.topic, tp.partition].first for tp in tps}
    times = await consumer.offsets_for_times(dict.fromkeys(tps, since_ms))
    return {tp: end if times[tp] is None else min(times[tp].offset, end) for tp, end in stable.items()}


def _recorded(record: ConsumerRecord) -> RecordedRecord:
    return RecordedRecord(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )
