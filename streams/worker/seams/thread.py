"""The thread in which Faust runs aiokafka's consumer: it sets how long a fetch waits, and reacts to denied rights.

Read with faust-streaming 0.15.3 and aiokafka 0.14.0.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.consumer.fetcher import OffsetResetStrategy
from aiokafka.errors import (
    InconsistentGroupProtocolError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.types import TP
from typing_extensions import override

from schemas.errors import Refused
from streams.kafka.preflight import stranger
from streams.worker.chunks import FetchedTo
from streams.worker.failstop import leave

FETCH_WAIT_MS = 200
"""How long a broker collects records before it answers a fetch: many small chunks would cost more than they gain."""
FETCH_MIN_BYTES = 32_768
"""A broker with this many bytes answers a fetch at once."""
OUT_OF_RANGE_S = 0.1
"""Pause after a fetch at an offset that the log does not have; Kafka refuses it at once."""
LOOK_S = 1.0
"""Pause between two checks for an error that aiokafka does not report."""

Denial = Callable[[BaseException, str], Refused | None]
"""Takes an error and the operation; returns which right is missing, None for any other error."""


class PatientThread(AIOKafkaConsumerThread):
    """The consumer thread, with a fetch that collects for `FETCH_WAIT_MS` instead of long-polling for 1.5 s.

    A right that is taken away ends the process: Faust would log a crash without saying which right, or wait silently.

    Args:
        denial: tells which right an error says is missing.

    Attributes:
        reached: how far each partition was read when the last fetch ended; the consumer takes it away.
        out_of_range: partitions whose log does not have the offset that is read next; the consumer takes them away.
    """

    mundane_level = "debug"

    def __init__(self, *args: Any, denial: Denial, **kwargs: Any) -> None:
        self._denial = denial
        self._positions: dict[TP, int] = {}
        self.reached: dict[TP, FetchedTo] = {}
        self.out_of_range: set[TP] = set()
        self.reconnected: set[TP] = set()
        self._lines: dict[TP, Any] = {}
        super().__init__(*args, **kwargs)

    @override
    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        """Set how long a fetch waits, and notice a commit that is refused.

        Faust passes 1.5 s and one byte to aiokafka and has no setting for either. Other requests to the broker, such as
        ListOffsets, queue behind a waiting fetch. aiokafka passes both values to its fetcher only later, when it is
        started. Faust catches any error of a commit and crashes without saying what it was.
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - Faust has no settings for these
        consumer._fetch_min_bytes = FETCH_MIN_BYTES  # noqa: SLF001 - same
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust's setting for it would make it write so too
        commit, seek = consumer.commit, consumer.seek

        def noted_seek(place: Any, offset: int) -> None:
            seek(place, offset)
            self._positions[TP(place.topic, place.partition)] = offset

        async def commit_or_leave(offsets: Any = None) -> None:
            try:
                await commit(offsets)
            except KafkaError as error:
                self._leave_if_denied(error)
                raise

        consumer.commit, consumer.seek = commit_or_leave, noted_seek
        return consumer

    async def seek_in_thread(self, tp: TP, offset: int) -> None:
        """Move the client in its own thread.

        Faust moves it from the app's thread, while the client may be looking through what it has fetched. Once in a
        while that ended in `KeyError: TopicPartition(...)` from aiokafka's fetcher.
        """
        consumer = self._ensure_consumer()

        async def move() -> None:
            consumer.seek(tp, offset)

        await self.call_thread(move)

    @override
    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        """Notice a fetch that is refused, or finds no log where it reads.

        Faust makes every fetch with this method, in this thread. While events flow, aiokafka must not go to the
        earliest record by itself if an offset is out of range: then records would be skipped, or another log be read.
        """
        fetcher: Any = self._ensure_consumer()._fetcher  # noqa: SLF001 - Faust passes on one setting for all times
        resets = OffsetResetStrategy.EARLIEST if self.app.rebalancing else OffsetResetStrategy.NONE
        fetcher._default_reset_strategy = resets  # noqa: SLF001 - same
        self.reached = {}
        try:
            records = await super()._fetch_records(*args, **kwargs)
        except OffsetOutOfRangeError as error:
            self.out_of_range |= {TP(place.topic, place.partition) for place in error.args[0]}
            await asyncio.sleep(OUT_OF_RANGE_S)
            return {}
        except NoOffsetForPartitionError:  # it was not sought yet
            await asyncio.sleep(OUT_OF_RANGE_S)
            return {}
        except KafkaError as error:
            self._leave_if_denied(error)
            raise
        self.reached = self._reached()
        self._note_lines()
        return records

    def _note_lines(self) -> None:
        """Notice the partitions whose leader is read over another connection than before."""
        client: Any = self._ensure_consumer()._client  # noqa: SLF001 - nothing public tells of connections
        for tp in self.reached:
            leader = client.cluster.leader_for_partition(TopicPartition(tp.topic, tp.partition))
            line = client._conns.get((leader, ConnectionGroup.DEFAULT))  # noqa: SLF001 - same
            if line is not None and self._lines.setdefault(tp, line) is not line:
                self._lines[tp] = line
                self.reconnected.add(tp)

    def _reached(self) -> dict[TP, FetchedTo]:
        """Return how far every partition has been read, before anything else can move the client."""
        subscription: Any = self._ensure_consumer()._subscription.subscription  # noqa: SLF001 - nothing public is that quick
        assignment: Any = None if subscription is None else subscription.assignment
        found: dict[TP, FetchedTo] = {}
        for place in () if assignment is None else assignment.tps:
            state = assignment.state_value(place)
            if state.has_valid_position:
                tp = TP(place.topic, place.partition)
                found[tp] = FetchedTo(self._positions.get(tp), state.position, state.highwater)
        self._positions.clear()
        self._positions.update((tp, reached.position) for tp, reached in found.items())
        return found

    async def watch(self) -> None:
        """End the process when the consumer has failed. The task is cancelled when the worker stops."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._consumer is None or (error := hidden_error(self._consumer)) is None:
                continue
            self._leave_if_denied(error)
            if isinstance(error, InconsistentGroupProtocolError):
                leave("another program is in the group", stranger(self.app.conf.id))
            leave("the consumer has stopped working", error)

    def _leave_if_denied(self, error: BaseException) -> None:
        if (told := self._denial(error, "Read")) is not None:
            leave("a right was taken away", told)


def hidden_error(consumer: AIOKafkaConsumer) -> BaseException | None:
    """Return an error of the group or of a topic's metadata that the consumer does not report; None if it works.

    aiokafka raises an error of the group only from its own `getmany`, which Faust never calls. It also stops fetching
    a topic that it may no longer see. In both cases a worker would silently stand still.
    """
    coordinator: Any = consumer._coordinator  # noqa: SLF001 - nothing public shows any of these
    task: asyncio.Task[None] | None = getattr(coordinator, "_coordination_task", None)
    if task is not None and task.done() and not task.cancelled() and (ended := task.exception()):
        return ended
    pending: BaseException | None = getattr(coordinator, "_pending_exception", None)
    if pending is not None:
        return pending
    unseen = consumer._client.cluster.unauthorized_topics  # noqa: SLF001 - same
    return TopicAuthorizationFailedError(frozenset(unseen)) if unseen else None
