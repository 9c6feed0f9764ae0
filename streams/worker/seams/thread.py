"""The thread in which Faust runs aiokafka's consumer: how long a fetch waits, and leaving when Kafka says no.

Read with faust-streaming 0.15.3 and aiokafka 0.14.0.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from typing_extensions import override

from schemas.errors import Refused
from streams.worker.failstop import leave

FETCH_WAIT_MS = 200
"""How long a broker collects records before it answers a fetch: small chunks cost more than they are worth."""
FETCH_MIN_BYTES = 32_768
"""Enough records for a fetch to be answered at once."""
LOOK_S = 1.0
"""Pause between two looks for an error that aiokafka keeps to itself."""

Denial = Callable[[BaseException, str], Refused | None]
"""Error and operation to which right is missing; None if it is another error."""


class PatientThread(AIOKafkaConsumerThread):
    """The consumer thread, with a fetch that collects for `FETCH_WAIT_MS` instead of long-polling for 1.5 s.

    A right that is taken away ends the process: Faust would log a crash without a name, or wait in silence.

    Args:
        denial: tells which right an error says is missing.
    """

    mundane_level = "debug"

    def __init__(self, *args: Any, denial: Denial, **kwargs: Any) -> None:
        self._denial = denial
        super().__init__(*args, **kwargs)

    @override
    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        """Set how a fetch waits, and hear of a commit that is refused.

        Faust writes 1.5 s and one byte into its call, with no setting for either; other requests to the broker,
        ListOffsets for one, queue behind a waiting fetch. aiokafka hands both on to its fetcher when it is started,
        which is after this. Faust catches whatever a commit raises and crashes without saying what it was.
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - settings that Faust does not hand on
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
        """Hear of a fetch that is refused: Faust runs every fetch through here, in this thread."""
        try:
            return await super()._fetch_records(*args, **kwargs)
        except KafkaError as error:
            self._leave_if_denied(error)
            raise

    async def watch(self) -> None:
        """Leave when the consumer is no longer well; it is cancelled when the worker stops."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._consumer is None or (error := hidden_error(self._consumer)) is None:
                continue
            self._leave_if_denied(error)
            leave("the consumer has come to a standstill", error)

    def _leave_if_denied(self, error: BaseException) -> None:
        if (told := self._denial(error, "Read")) is not None:
            leave("a right was taken away", told)


def hidden_error(consumer: AIOKafkaConsumer) -> BaseException | None:
    """Return an error of the group or of a topic's metadata that the consumer keeps to itself; None if it is well.

    aiokafka keeps an error of the group for whoever calls its own `getmany`, which Faust never does, and stops fetching
    a topic that it may no longer see: a worker would stand still in silence.
    """
    coordinator: Any = consumer._coordinator  # noqa: SLF001 - there is no public sign of any of these
    task: asyncio.Task[None] | None = getattr(coordinator, "_coordination_task", None)
    if task is not None and task.done() and not task.cancelled() and (ended := task.exception()):
        return ended
    pending: BaseException | None = getattr(coordinator, "_pending_exception", None)
    if pending is not None:
        return pending
    unseen = consumer._client.cluster.unauthorized_topics  # noqa: SLF001 - same
    return TopicAuthorizationFailedError(frozenset(unseen)) if unseen else None
