"""A Kafka producer that is replaced when it is stuck.

aiokafka 0.14 never gives up on an idempotent batch, and cannot be stopped while brokers are away. After a batch that
found no leader, it goes on with a gap in its sequence. So every delivery has a deadline, and stopping has one too. A
failed or late delivery retires the producer, and a fresh one with a new producer id takes over. The outcome of a late
delivery is unknown; the stream counts each event once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from producers.gateway.outbox import Outbox, error_of
from producers.kafka import let_go, no_kafka, start
from producers.records import RawRecord
from schemas.errors import FairpulseError, InvalidSettings, Refused, Unavailable
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_reach import LET_GO_S, learn_topics
from schemas.logs import logger
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topics import RECORDED_TOPICS, REJECTED, partitioner_of

log = logger(__name__)

Cause = Literal["deadline", "failed", "sender_ended"]

DEADLINE_S: Final = 8.0
"""If the records of a request are not all acknowledged by then, its outcome is unknown."""
CONNECT_S: Final = 5.0
"""How long a fresh producer may take to reach a broker."""
REQUEST_S: Final = 5.0
"""aiokafka's own limit for an answer, and for a batch without a leader."""
BATCH_BYTES: Final = 786_432
"""Largest batch of a partition. The gateway limits how much waits in all."""
PROBE_S: Final = 2.0
"""Pause between two checks of the producer."""
FRESH_S: Final = 10.0
"""The gateway is ready only if Kafka has answered within this time."""
DENIED_S: Final = 10.0
"""How long the gateway is not ready after Kafka has denied a delivery."""
TELL_S: Final = 60.0
"""Pause before the log repeats why there is still no producer."""

ENDED_S: Final = 4 * LET_GO_S
"""How long what runs in the background has to end: a client that is connecting first, then its sender."""

METADATA_S: Final = 10.0
"""How old the client's knowledge of a topic's partitions may become."""

TOPICS: Final = tuple(topic.name for topic in RECORDED_TOPICS)


class NotStored(Exception):
    """Kafka did not acknowledge every record.

    Attributes:
        unknown: Kafka may have stored some of them.
        misfit: a topic has another number of partitions than the settings say, so nothing was handed over.
    """

    def __init__(self, *, unknown: bool, misfit: bool = False) -> None:
        super().__init__("unknown outcome" if unknown else "not stored")
        self.unknown = unknown
        self.misfit = misfit


async def _always() -> bool:
    return True


class Supervisor:
    """Delivers records with acks=all, through one producer after another.

    A record goes where its key belongs by FAIRPULSE_PARTITIONS, whatever its topic has: a record beside those is read
    by nobody, and one that is spread over more partitions lies apart from the others of its key.

    Args:
        kafka: where the brokers are, and who we are.
        rebuilt: called with the cause each time a producer is replaced.
        deadline_s: how long a delivery may take.
        topics: must exist before anything is delivered.
        connected: called for a fresh producer; it is not used yet if the answer is no.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        rebuilt: Callable[[Cause], None] = lambda _: None,
        deadline_s: float = DEADLINE_S,
        topics: Iterable[str] = TOPICS,
        connected: Callable[[], Awaitable[bool]] = _always,
    ) -> None:
        self._kafka = kafka
        self._rebuilt = rebuilt
        self._deadline_s = deadline_s
        self._topics = tuple(topics)
        self._connected = connected
        self._outbox: Outbox | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._answered_at = float("-inf")
        self._denied: dict[str, float] = {}
        self._told = ("", float("-inf"))
        self._without_since = float("-inf")

    @property
    def is_ready(self) -> bool:
        """Whether there is a producer, and Kafka has recently answered and not denied a delivery."""
        now_s = asyncio.get_running_loop().time()
        return (
            self._outbox is not None
            and now_s - self._answered_at < FRESH_S
            and all(now_s - denied_at > DENIED_S for denied_at in self._denied.values())
        )

    @property
    def is_connected(self) -> bool:
        """Whether there is a producer; without one, a delivery fails at once."""
        return self._outbox is not None

    def start(self) -> None:
        """Begin to connect. Kafka may still be away; until it answers, deliveries fail at once."""
        self._without_since = asyncio.get_running_loop().time()
        self._spawn(self._renew())
        self._spawn(self._watch())

    async def deliver(self, records: Sequence[RawRecord]) -> None:
        """Return when Kafka has acknowledged every record with all replicas in sync.

        Raises:
            NotStored: Kafka did not acknowledge them within the deadline, or a topic has other partitions.
        """
        outbox, partitions = self._outbox, self._kafka.partitions
        if outbox is None:
            raise NotStored(unknown=False)
        chosen = {record.topic: partitioner_of(record.topic).choose for record in records}
        waiting: dict[asyncio.Future[None], str] = {}
        topic = ""
        try:
            async with asyncio.timeout(self._deadline_s):
                for topic in chosen:
                    if not self._fits(topic, len(await outbox.producer.partitions_for(topic))):
                        raise NotStored(unknown=False, misfit=True)
                for topic, key, value, headers in records:
                    partition = chosen[topic](key, partitions, None)
                    waiting[outbox.add((topic, partition), key, value, headers)] = topic
                for future in waiting:  # most are done together with the first
                    if not future.done():
                        with suppress(Exception):  # checked below
                            await asyncio.shield(future)
        except TimeoutError:
            self._retire(outbox, "deadline")
            raise NotStored(unknown=True) from None
        except KafkaError as error:
            self._retire(outbox, "failed", error, topic)
            raise NotStored(unknown=True) from None
        for future, topic in waiting.items():
            if (failure := error_of(future)) is not None:
                self._retire(outbox, "failed", failure, topic)
                raise NotStored(unknown=True)
        self._answered_at = asyncio.get_running_loop().time()
        if self._denied:
            for record in records:
                self._denied.pop(record.topic, None)

    async def stop(self) -> None:
        """Release everything within `STOP_S` and a few seconds, whether or not a broker answers."""
        self._stopping = True
        outbox, self._outbox = self._outbox, None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=ENDED_S)
        if outbox is not None:
            await outbox.stop()

    def _fits(self, topic: str, partitions: int) -> bool:
        """Return whether all partitions of a topic are read. Dead letters are, however many there are."""
        wanted = self._kafka.partitions
        return partitions == wanted or (topic == REJECTED.name and partitions > wanted)

    def _retire(self, outbox: Outbox, cause: Cause, error: BaseException | None = None, topic: str = "") -> None:
        """Replace the producer, once; deliveries that still wait for it fail or succeed within `STOP_S`.

        After Kafka has denied a delivery, the gateway is not ready until one to the same topic succeeds, or until
        `DENIED_S` have passed without another denial.
        """
        if (told := refused(self._kafka, error, f"Write on topic {topic}")) is not None:
            self._tell(told)
            self._denied[topic] = asyncio.get_running_loop().time()
        if outbox is not self._outbox:
            return
        self._outbox = None
        self._without_since = asyncio.get_running_loop().time()
        log.warning("the Kafka producer is replaced", cause=cause, error=error, topic=topic or None)
        self._rebuilt(cause)
        self._spawn(outbox.stop())
        self._spawn(self._renew())

    async def _renew(self) -> None:
        pause_s = 0.2
        while not self._stopping:
            producer = await self._connect()
            if producer is not None and not await self._connected():
                await let_go(producer)
            elif producer is not None:
                self._outbox = Outbox(producer)
                self._answered_at = asyncio.get_running_loop().time()
                self._told = ("", float("-inf"))
                log.info(
                    "connected to Kafka",
                    brokers=self._kafka.bootstrap_servers,
                    topics=self._topics,
                    after_seconds=round(self._answered_at - self._without_since, 1),
                )
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, 1.0)

    async def _connect(self) -> AIOKafkaProducer | None:
        try:
            arguments = client_arguments(self._kafka)
        except InvalidSettings as error:  # the password is read each time, and its file may be gone
            self._tell(error)
            return None
        producer = AIOKafkaProducer(
            **arguments,
            client_id="fairpulse-gateway",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(REQUEST_S * 1_000),
            retry_backoff_ms=200,
            linger_ms=0,  # the outbox waits instead
            max_batch_size=BATCH_BYTES,
            metadata_max_age_ms=int(METADATA_S * 1_000),
        )
        topic, is_connected = "", False
        try:
            async with asyncio.timeout(CONNECT_S):
                await start(producer)
                await learn_topics(producer.client, self._topics)
                for topic in self._topics:
                    await producer.partitions_for(topic)
            is_connected = True
        except (KafkaError, OSError, TimeoutError) as error:
            self._tell(await self._why(error, topic))
        finally:
            if not is_connected:
                await let_go(producer)
        return producer if is_connected else None

    async def _why(self, error: BaseException, topic: str) -> FairpulseError:
        """Return why there is no producer; `topic` is the topic being checked, empty before the first."""
        if (told := refused(self._kafka, error, f"Write on topic {topic}")) is not None:
            return told
        if not topic:
            return await no_kafka(self._kafka)
        return Unavailable(
            f"no topic {topic} yet ({reason(error)})", hint="create the topics with `fairpulse topics --create`"
        )

    def _tell(self, why: FairpulseError) -> None:
        """Log why there is no producer; repeat the same reason only after `TELL_S`."""
        now_s = asyncio.get_running_loop().time()
        text, told_at = self._told
        if text == str(why) and now_s - told_at <= TELL_S:
            return
        if isinstance(why, Refused):
            log.error("Kafka denies a right", error=why)
        else:
            log.warning("no producer yet", error=why)
        self._told = str(why), now_s

    async def _watch(self) -> None:
        """Ask Kafka for its metadata when nothing else proves that it is there.

        This also finds a sender that has ended, and a topic that we lost access to while nobody posts.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PROBE_S)
            outbox = self._outbox
            if outbox is None:
                continue
            producer = outbox.producer
            task = producer._sender.sender_task  # noqa: SLF001 - aiokafka has no public way to see it
            if task is None or task.done():
                self._retire(outbox, "sender_ended")
            elif loop.time() - self._answered_at > PROBE_S:
                with suppress(KafkaError, OSError, TimeoutError):
                    async with asyncio.timeout(CONNECT_S):
                        if await producer.client.force_metadata_update():
                            self._answered_at = loop.time()
                for topic in sorted(producer.client.cluster.unauthorized_topics):
                    self._retire(outbox, "failed", TopicAuthorizationFailedError(topic), topic)
                    self._denied.pop(topic)  # the next producer finds out for itself

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
