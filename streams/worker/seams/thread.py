"""The thread in which Faust runs aiokafka's consumer: it sets how long a fetch waits, and reacts to denied rights.

Read with faust-streaming 0.15.3 and aiokafka 0.14.0.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import InconsistentGroupProtocolError, KafkaError, TopicAuthorizationFailedError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from typing_extensions import override

from schemas.errors import Refused
from streams.kafka.preflight import stranger
from streams.worker.failstop import leave

FETCH_WAIT_MS = 200
"""How long a broker collects records before it answers a fetch: many small chunks would cost more than they gain."""
FETCH_MIN_BYTES = 32_768
"""A broker with this many bytes answers a fetch at once."""
LOOK_S = 1.0
"""Pause between two checks for an error that aiokafka does not report."""

Denial = Callable[[BaseException, str], Refused | None]
"""Takes an error and the operation; returns which right is missing, None for any other error."""


class PatientThread(AIOKafkaConsumerThread):
    """The consumer thread, with a fetch that collects for `FETCH_WAIT_MS` instead of long-polling for 1.5 s.

    A right that is taken away ends the process: Faust would log a crash without saying which right, or wait silently.

    Args:
        denial: tells which right an error says is missing.
    """

    mundane_level = "debug"

    def __init__(self, *args: Any, denial: Denial, **kwargs: Any) -> None:
        self._denial = denial
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
        commit = consumer.commit

        async def commit_or_leave(offsets: Any = None) -> None:
            try:
                await commit(offsets)
            except KafkaError as error:
                self._leave_if_denied(error)
                raise

        consumer.commit = commit_or_leave
        return consumer

    @override
    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        """Notice a fetch that is refused. Faust makes every fetch with this method, in this thread."""
        try:
            return await super()._fetch_records(*args, **kwargs)
        except KafkaError as error:
            self._leave_if_denied(error)
            raise

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
