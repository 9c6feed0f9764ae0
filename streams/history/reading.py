"""Reads whole topics, without a consumer group, in the order in which Kafka appended the records."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from schemas.errors import Unavailable
from schemas.kafka_access import client_arguments, names_in, refused
from schemas.recording.frames import RecordedRecord
from schemas.settings import KafkaSettings
from schemas.times import wall_ms
from streams.kafka.topics import admin, no_kafka, partitions_of, stop_consumer

AHEAD: Final = 4_000
"""Records of one partition that may wait for the others. With more it is paused, so that memory stays bounded."""

POLL_MS: Final = 200

PartitionPlace = tuple[str, int]
"""Topic and partition."""


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

    Attributes:
        next: offset of the next record to fetch.
        end: offset after the last record to read; None while following.
        known_end: offset after the last record in Kafka, as far as known.
    """

    tp: TopicPartition
    next: int
    end: int | None
    known_end: int
    queue: deque[RecordedRecord] = field(default_factory=deque)
    paused: bool = False

    @property
    def done(self) -> bool:
        return self.end is not None and self.next >= self.end

    @property
    def waits(self) -> bool:
        """Whether it may still deliver records that are older than those of other partitions."""
        return not self.queue and not self.done and self.next < self.known_end


class TopicReader:
    """Reads topics in the order of Kafka's own time for each record, then of topic and partition.

    Use `reading` to make one. It does not wait for partitions that are read to their end.
    """

    def __init__(self, consumer: AIOKafkaConsumer, lanes: Mapping[TopicPartition, _Lane], until_ms: int | None) -> None:
        self._consumer = consumer
        self._lanes = lanes
        self._until_ms = until_ms

    @property
    def partitions(self) -> dict[str, int]:
        """The number of partitions of each topic."""
        counts: dict[str, int] = {}
        for tp in self._lanes:
            counts[tp.topic] = counts.get(tp.topic, 0) + 1
        return counts

    @property
    def lag(self) -> int:
        """Records in Kafka that were not yielded yet, as far as known."""
        return sum(
            len(lane.queue) + max(0, (lane.known_end if lane.end is None else lane.end) - lane.next)
            for lane in self._lanes.values()
        )

    @classmethod
    async def open(cls, consumer: AIOKafkaConsumer, counts: Mapping[str, int], span: Span) -> Self:
        """Find out where every partition begins and ends, and return a reader."""
        tps = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
        if span.upto is not None:
            tps = [tp for tp in tps if (tp.topic, tp.partition) in span.upto]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps) if tps else {}
        starts = await _starts(consumer, tps, span.since_ms, ends)
        lanes = {}
        for tp in tps:
            end: int | None = None if span.follow else ends[tp]
            if span.upto is not None:
                end = span.upto[tp.topic, tp.partition] + 1
            start = max(starts[tp], span.after.get((tp.topic, tp.partition), -1) + 1)
            lanes[tp] = _Lane(tp, start, end, ends[tp])
            consumer.seek(tp, start)
        return cls(consumer, lanes, span.until_ms)

    async def _note_until(self) -> None:
        """Once `until_ms` has passed, note the end of each partition, so that quiet ones need not be waited for."""
        if self._until_ms is None or wall_ms() < self._until_ms:
            return
        tps = list(self._lanes)
        times = await self._consumer.offsets_for_times(dict.fromkeys(tps, self._until_ms))
        ends = await self._consumer.end_offsets(tps)
        for tp, lane in self._lanes.items():
            end = ends[tp] if times[tp] is None else times[tp].offset
            lane.end = end if lane.end is None else min(lane.end, end)
        self._until_ms = None

    async def batches(self) -> AsyncGenerator[list[RecordedRecord], None]:
        """Yield records in order, and an empty list now and then while there are none. Ends when all are read."""
        heap: list[tuple[int, str, int]] = []
        lanes = self._lanes
        while True:
            await self._note_until()
            for lane in lanes.values():
                self._breathe(lane)
            yield self._ready(heap)
            if all(lane.done and not lane.queue for lane in lanes.values()):
                return
            if all(lane.done or lane.paused for lane in lanes.values()):
                continue
            for tp, fetched in (await self._consumer.getmany(timeout_ms=POLL_MS)).items():
                self._take(lanes[tp], fetched, heap)
            for lane in lanes.values():
                if (known := self._consumer.highwater(lane.tp)) is not None:
                    lane.known_end = max(lane.known_end, known)

    def _take(self, lane: _Lane, fetched: Sequence[ConsumerRecord], heap: list[tuple[int, str, int]]) -> None:
        was_empty = not lane.queue
        for record in fetched:
            one = _recorded(record)
            if lane.done:
                break
            if lane.end is not None and one.offset >= lane.end:
                lane.next = lane.end
                break
            lane.queue.append(one)
            lane.next = one.offset + 1
        if was_empty and lane.queue:
            heappush(heap, (lane.queue[0].timestamp_ms, lane.tp.topic, lane.tp.partition))

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
    """Read topics within a span.

    Raises:
        Unavailable: no broker answers, or a topic does not exist or may not be read.
    """
    async with admin(kafka) as client:
        counts = await partitions_of(client, kafka, topics)
    for topic in topics:
        if topic not in counts:
            raise Unavailable(f"Kafka has no topic {topic}", hint="create the topics with `fairpulse topics --create`")
    consumer = AIOKafkaConsumer(
        **client_arguments(kafka),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=POLL_MS,
        request_timeout_ms=15_000,
    )
    try:
        try:
            await consumer.start()
            reader = await TopicReader.open(consumer, counts, span)
        except (KafkaError, OSError) as error:
            raise await no_kafka(kafka) from error
        yield reader
    except TopicAuthorizationFailedError as error:
        raise refused(kafka, error, f"Read on topic {names_in(error)}") or error from error
    finally:
        await stop_consumer(consumer)


async def _starts(
    consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition], since_ms: int | None, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    if since_ms is None or not tps:
        return dict(ends)
    if since_ms == 0:
        found: dict[TopicPartition, int] = await consumer.beginning_offsets(tps)
        return found
    times = await consumer.offsets_for_times(dict.fromkeys(tps, since_ms))
    return {tp: ends[tp] if times[tp] is None else times[tp].offset for tp in tps}


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
