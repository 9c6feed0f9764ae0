"""Records on their way to Kafka, sent in one batch per partition.

aiokafka's own `send` makes a future and looks up topic and partition for every record: twice the work of writing it
into a batch. Here a request waits for the few batches that hold its records, and shares them with other requests.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder

from producers.kafka import end

LINGER_S: Final = 0.005
"""How long the first record of a batch waits for others."""
BUSY_S: Final = 0.5
"""How long a batch may hold up the next one to the same broker. The client retries a batch for ever."""
STOP_S: Final = 5.0
"""How long a stopped producer may go on delivering the records that it has."""

_GIVEN_UP: Final = "dropped before it was sent"

Place = tuple[str, int]
"""A partition: its topic and its number."""


class Batch(NamedTuple):
    """Records of one partition that are sent together.

    Attributes:
        due_s: when it may be sent, by the loop's clock.
        records: in Kafka's format; takes no more once it is full or sent.
        stored: done when Kafka has acknowledged all of them; fails if it has not.
    """

    due_s: float
    records: BatchBuilder
    stored: asyncio.Future[None]


class Outbox:
    """Sends through one producer. While each broker has batches under way, the next ones are filled.

    Args:
        producer: connected; nothing else may send through it.
    """

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self._gathering: defaultdict[Place, deque[Batch]] = defaultdict(deque)
        self._under_way: dict[Place, tuple[int | None, float]] = {}
        """Partitions with a batch under way: its broker, and when it was sent by the loop's clock."""
        self._wanted = asyncio.Event()
        self._closed = False
        self._departures = asyncio.create_task(self._depart())

    def add(
        self, place: Place, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> asyncio.Future[None]:
        """Write a record into the next batch of its partition.

        Returns:
            Done when that batch is stored, failed if it is not. Other requests share it, so do not cancel it.

        Raises:
            ProducerClosed: the outbox was stopped.
        """
        if self._closed:
            raise ProducerClosed
        gathering = self._gathering[place]
        one = {"timestamp": None, "key": key, "value": value, "headers": list(headers)}
        if gathering and gathering[-1].records.append(**one) is not None:
            return gathering[-1].stored
        loop = asyncio.get_running_loop()
        batch = Batch(loop.time() + LINGER_S, self.producer.create_batch(), loop.create_future())
        batch.stored.add_done_callback(error_of)  # a request that timed out no longer reads it
        batch.records.append(**one)
        gathering.append(batch)
        self._wanted.set()
        return batch.stored

    async def stop(self) -> None:
        """Drop the records that were not sent yet, and end the producer within `STOP_S`, by force if necessary."""
        self._closed = True
        self._departures.cancel()
        for gathering in self._gathering.values():
            self._give_up(gathering, KafkaError(_GIVEN_UP))
        await end(self.producer, STOP_S)

    async def _depart(self) -> None:
        """Send one batch per partition as soon as one of them has waited long enough."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):  # a broker that was busy for too long, or a partition that has moved
                async with asyncio.timeout(BUSY_S):
                    await self._wanted.wait()
            self._wanted.clear()
            if first := self._next():
                await asyncio.sleep(min(batch.due_s for _, batch in first) - loop.time())
            for place, batch in self._next():
                self._gathering[place].popleft()
                await self._send(place, batch)

    def _next(self) -> list[tuple[Place, Batch]]:
        """Return the batches to send next: the oldest of every partition whose broker has nothing under way.

        The client has one request per broker under way. Another batch would only wait there, closed to more records.
        """
        since_s = asyncio.get_running_loop().time() - BUSY_S
        busy = {broker for broker, left_s in self._under_way.values() if left_s > since_s}
        return [
            (place, gathering[0])
            for place, gathering in self._gathering.items()
            if gathering and place not in self._under_way and self._broker(place) not in busy
        ]

    def _broker(self, place: Place) -> int | None:
        """Return the broker that leads a partition; None or -1 while there is none."""
        broker: int | None = self.producer.client.cluster.leader_for_partition(TopicPartition(*place))
        return broker

    async def _send(self, place: Place, batch: Batch) -> None:
        batch.records.close()
        self._under_way[place] = self._broker(place), asyncio.get_running_loop().time()
        topic, partition = place
        try:
            sent = await self.producer.send_batch(batch.records, topic, partition=partition)
        except asyncio.CancelledError:
            self._arrive(place, batch, KafkaError(_GIVEN_UP))
            raise
        except Exception as error:  # noqa: BLE001 - any error must reach the requests that wait
            self._arrive(place, batch, error)
        else:
            sent.add_done_callback(lambda ended: self._arrive(place, batch, error_of(ended)))

    def _arrive(self, place: Place, batch: Batch, error: BaseException | None) -> None:
        del self._under_way[place]
        _settle(batch, error)
        if error is not None:  # later batches must not overtake it: requests are sent again in order
            self._give_up(self._gathering[place], error)
        if any(self._gathering.values()):
            self._wanted.set()

    @staticmethod
    def _give_up(gathering: deque[Batch], error: BaseException) -> None:
        for batch in gathering:
            _settle(batch, error)
        gathering.clear()


def error_of(future: asyncio.Future[Any]) -> BaseException | None:
    """Return why a finished future failed, None if it did not; asyncio then counts the error as retrieved."""
    return asyncio.CancelledError() if future.cancelled() else future.exception()


def _settle(batch: Batch, error: BaseException | None) -> None:
    if batch.stored.done():
        return
    if error is None:
        batch.stored.set_result(None)
    else:
        batch.stored.set_exception(error)
