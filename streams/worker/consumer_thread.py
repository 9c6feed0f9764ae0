"""The thread of Faust's Kafka consumer: how long a fetch waits, and leaving when Kafka says no."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiokafka
from aiokafka.errors import KafkaError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from typing_extensions import override

from schemas.errors import Refused
from streams.kafka.denials import hidden_error
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

    Attributes:
        denial: set before it starts.
    """

    denial: Denial

    @override
    def _create_worker_consumer(self, transport: Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust fixes both; other requests to the broker, ListOffsets for one, queue behind a waiting fetch.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001
        consumer._fetch_min_bytes = FETCH_MIN_BYTES  # noqa: SLF001
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
        if (told := self.denial(error, "Read")) is not None:
            leave("a right was taken away", told)
