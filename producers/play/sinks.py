"""Where a player sends events. Every sink keeps the same promise: what it says is acknowledged, is there.

A sink sends events, or any record with topic, key and value (a broken one, a recorded one, a copy).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from typing_extensions import override

from producers.kafka import end, let_go, no_kafka, start
from producers.records import Record, record_of
from schemas.cloud_events import KafkaHeaders
from schemas.cures import JUDGE
from schemas.errors import Unavailable
from schemas.events import Event
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_reach import learn_topics
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, partitioner_of

PATIENCE_S = 20.0
"""How long starting, flushing and stopping may take. An idempotent producer itself never gives up."""

IN_FLIGHT = 20_000
"""Records sent and not yet acknowledged: about 10 MB, a second of a fast laptop."""

LINGER_MS = 5
"""How long a batch waits for more records."""

METADATA_S = 10.0
"""How old the client's knowledge of a topic's partitions may become."""


class Kept(NamedTuple):
    """What a `MemorySink` keeps of a record."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: KafkaHeaders = ()


Acknowledged = Callable[[Record], None]
"""Told of each record once it is safe. Records of one key come in order; others may not."""


class EventSink(Protocol):
    """Takes records and says when they are safe. Use it as `async with`, which starts, flushes and stops it.

    Attributes:
        sent: records taken so far.
        acknowledged: records that are safe; `acknowledged` of the constructor was called for each.
        rejected: records that the other side refused for good.
    """

    sent: int
    acknowledged: int
    rejected: int

    async def start(self) -> None:
        """Make ready to send. Raises Unavailable if the other side is not there."""
        ...

    async def send(self, record: Event | Record) -> None:
        """Take a record; waits when too many are under way. Raises Unavailable if one was not delivered."""
        ...

    async def flush(self) -> None:
        """Return when all records taken are acknowledged. Raises Unavailable if one is not."""
        ...

    async def stop(self) -> None:
        """Let go of everything, within bounded time. Raises Unavailable if a record is not acknowledged."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class CountingSink:
    """What all sinks share: counting, and flushing before they stop."""

    def __init__(self, acknowledged: Acknowledged | None = None) -> None:
        self.sent = 0
        self.acknowledged = 0
        self.rejected = 0
        self._tell = acknowledged

    async def start(self) -> None:
        """Make ready to send."""

    async def flush(self) -> None:
        """Return when all records taken are acknowledged."""

    async def stop(self) -> None:
        """Let go of everything."""

    def _confirm(self, record: Record) -> None:
        self.acknowledged += 1
        if self._tell is not None:
            self._tell(record)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                await self.flush()
            except BaseException:
                with suppress(Unavailable):
                    await self.stop()
                raise
            await self.stop()
        else:
            # The error under way says more than what stopping after it could add.
            with suppress(Unavailable):
                await self.stop()


class MemorySink(CountingSink):
    """Keeps what it is sent in `records`; safe at once. For tests."""

    def __init__(self, acknowledged: Acknowledged | None = None) -> None:
        super().__init__(acknowledged)
        self.records: list[Kept] = []

    async def send(self, record: Event | Record) -> None:
        """Keep the record."""
        if isinstance(record, Event):
            record = record_of(record)
        self.records.append(Kept(record.topic, record.key, record.value, getattr(record, "headers", ())))
        self.sent += 1
        self._confirm(record)


class NowhereSink(CountingSink):
    """Drops what it is sent; safe at once. For dry runs of any length."""

    async def send(self, record: Event | Record) -> None:
        """Count the record and forget it."""
        if isinstance(record, Event):
            record = record_of(record)
        self.sent += 1
        self._confirm(record)


class KafkaSink(CountingSink):
    """Sends to Kafka: every record acknowledged by all replicas in sync, none doubled by a retry.

    Each record goes where its topic's declaration says, among the partitions that the topic had at the start. If their
    number changes, nothing more is sent: what belongs together would lie apart.

    Args:
        kafka: where the brokers are, and who we are.
        acknowledged: told of each record that Kafka has.
        patience_s: how long starting, flushing, stopping and waiting for room may take.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        acknowledged: Acknowledged | None = None,
        *,
        patience_s: float = PATIENCE_S,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        super().__init__(acknowledged)
        self._kafka = kafka
        self._patience_s = patience_s
        self._in_flight = in_flight
        self._producer: Any = None
        self._under_way: deque[tuple[asyncio.Future[Any], Record]] = deque()
        self._failed = 0
        self._partitions: dict[str, int] = {}

    @override
    async def start(self) -> None:
        """Connect, and count the partitions of the event topics.

        Raises:
            Unavailable: no broker answers in time, or lets us in; or the event topics differ in their partitions.
        """
        self._producer = AIOKafkaProducer(
            **client_arguments(self._kafka),
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_batch_size=131_072,
            request_timeout_ms=int(self._patience_s * 1_000),
            metadata_max_age_ms=int(METADATA_S * 1_000),
        )
        try:
            async with asyncio.timeout(self._patience_s):
                await self._count()
        except (KafkaError, OSError, TimeoutError):
            producer, self._producer = self._producer, None
            await let_go(producer)
            raise await no_kafka(self._kafka) from None
        counts = [(count, topic) for topic, count in self._partitions.items()]
        if counts and min(counts)[0] != max(counts)[0]:
            (least, one), (most, other) = min(counts), max(counts)
            with suppress(Unavailable):
                await self.stop()
            raise Unavailable(f"topic {one} has {least} partitions, and topic {other} has {most}", hint=JUDGE)

    async def _count(self) -> None:
        await start(self._producer)
        await learn_topics(self._producer.client, [topic.name for topic in EVENT_TOPICS])
        for topic in EVENT_TOPICS:
            if there := self._known(topic.name):
                self._partitions[topic.name] = there

    async def send(self, record: Event | Record) -> None:
        """Hand the record to Kafka's client; waits while `in_flight` records are not acknowledged.

        Raises:
            Unavailable: a record sent earlier was refused, Kafka has not answered for too long, or the topic has
                another number of partitions than before.
        """
        if isinstance(record, Event):
            record = record_of(record)
        if len(self._under_way) >= self._in_flight:
            await self._wait_for(self._in_flight // 2)
        elif self.sent % 256 == 0:
            self._collect()
        try:
            there = self._known(record.topic)
            if not there:  # the client itself looks for a topic that is not there for longer than anybody waits
                async with asyncio.timeout(self._patience_s):
                    there = len(await self._producer.partitions_for(record.topic))
            count = self._partitions.setdefault(record.topic, there)
            if there != count:
                raise Unavailable(
                    f"topic {record.topic} has {there} partitions now, and had {count} when the first record was sent",
                    hint=JUDGE,
                )
            key = record.key
            if key is None and record.value is None:
                key = b""  # the client refuses to send nothing at all, and a recording may hold it
            future = await self._producer.send(
                record.topic,
                value=record.value,
                key=key,
                partition=None if key is None else partitioner_of(record.topic).choose(key, count, None),
                headers=list(getattr(record, "headers", ())),
            )
        except (KafkaError, TimeoutError) as error:
            raise self._undelivered(record.topic, error) from error
        self._under_way.append((future, record))
        self.sent += 1

    @override
    async def flush(self) -> None:
        """Return when Kafka has acknowledged every record. Raises Unavailable when it does not in time."""
        await self._wait_for(0)

    @override
    async def stop(self) -> None:
        """Close the connections, within `patience_s`, whether or not a broker answers.

        Raises:
            Unavailable: says how many records were not acknowledged. Kafka may still have some of them.
        """
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            await end(producer, self._patience_s)
        finally:
            self._collect(raising=False)
        missing = len(self._under_way) + self._failed
        self._under_way.clear()
        self._failed = 0
        if missing:
            raise self._unanswered(missing)

    def _known(self, topic: str) -> int:
        """Return how many partitions the client knows of a topic; 0 if it knows none."""
        return len(self._producer.client.cluster.partitions_for_topic(topic) or ())

    async def _wait_for(self, allowed: int) -> None:
        """Wait until at most `allowed` records are under way; every record that arrives renews the patience."""
        self._collect()
        while len(self._under_way) > allowed:
            oldest = self._under_way[0][0]
            await asyncio.wait([oldest], timeout=self._patience_s)
            if not oldest.done():
                raise self._unanswered(len(self._under_way))
            self._collect()

    def _collect(self, *, raising: bool = True) -> None:
        """Book what is done, oldest first; with `raising`, raise Unavailable for a record that failed."""
        under_way = self._under_way
        while under_way and under_way[0][0].done():
            future, record = under_way.popleft()
            error = None if future.cancelled() else future.exception()
            if error is None and not future.cancelled():
                self._confirm(record)
                continue
            self._failed += 1
            if raising:
                raise self._undelivered(record.topic, error) from error

    def _unanswered(self, count: int) -> Unavailable:
        return Unavailable(
            f"Kafka at {self._kafka.bootstrap_servers} has not acknowledged {count:,} records",
            hint="it may have stored some of them; see that it runs (`fairpulse kafka`), then send them again",
        )

    def _undelivered(self, topic: str, error: BaseException | None) -> Unavailable:
        return refused(self._kafka, error, f"Write on topic {topic}") or Unavailable(
            f"Kafka at {self._kafka.bootstrap_servers} did not take a record for {topic} ({reason(error)})",
            hint="create the topics with `fairpulse topics`, and see that the broker runs",
        )
