"""A worker's real Faust app on a Kafka in which nothing moves: no broker, no thread, no start."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from aiokafka import ConsumerRecord
from faust.types import TP
from mode.utils.futures import maybe_async

from schemas.topics import SCANS
from streams.worker.app import Worker
from streams.worker.chunks import Chunk, chunk_of
from streams.worker.seams.consumer import ChunkConsumer

EVENTS = TP(SCANS.name, 0)
"""A partition of an event topic."""


class Standing:
    """Where the client stands in a partition, as aiokafka keeps it."""

    has_valid_position = True
    highwater = 100

    def __init__(self) -> None:
        self.position = 0


class StillKafka:
    """A stand-in for aiokafka's consumer, with the calls that Faust makes, without a broker.

    Attributes:
        sought: partitions and offsets that it was sent to, in order.
        fetched: results of the next fetches, in order; afterwards nothing.
    """

    def __init__(self, tps: Iterable[TP], earliest: int = 0) -> None:
        self.sought: list[tuple[TP, int]] = []
        self.fetched: list[Mapping[TP, list[Any]]] = []
        self._tps, self._earliest = frozenset(tps), earliest
        self._fetcher = self._subscriptions = self._subscription = self
        self._stands = {tp: Standing() for tp in self._tps}
        assignment = SimpleNamespace(tps=self._tps, state_value=lambda tp: self._stands[tp])
        self.subscription = SimpleNamespace(assignment=assignment)
        self.noted: dict[TP, int] = {}
        self._client = SimpleNamespace(cluster=SimpleNamespace(leader_for_partition=lambda _: 1), _conns={})
        self._closed = False
        self._max_poll_records = None

    def assignment(self) -> frozenset[TP]:
        return self._tps

    def seek(self, tp: TP, offset: int) -> None:
        self.sought.append((tp, offset))
        self._stands[tp].position = offset
        self.noted[tp] = offset  # as PatientThread notes it

    def highwater(self, _: TP) -> int:
        return 100

    async def position(self, _: TP) -> int:
        return 0

    async def beginning_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, self._earliest)

    async def end_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 100)

    @contextmanager
    def fetch_context(self) -> Iterator[None]:
        yield

    async def fetched_records(self, *_: Any, **__: Any) -> Mapping[TP, list[Any]]:
        await asyncio.sleep(0)
        found = self.fetched.pop(0) if self.fetched else {}
        for tp, run in found.items():
            self._stands[tp].position = run[-1].offset + 1
        return found


def on_still_kafka(worker: Worker, *tps: TP, earliest: int = 0) -> tuple[ChunkConsumer, StillKafka]:
    """Give a worker partitions of a Kafka in which nothing moves; return its own consumer and that Kafka."""
    kafka = StillKafka(tps, earliest)
    consumer = worker.app.consumer
    assert isinstance(consumer, ChunkConsumer)
    thread: Any = consumer._thread

    async def call(function: Callable[..., Awaitable[Any] | Any], *args: Any, **kwargs: Any) -> Any:
        return await maybe_async(function(*args, **kwargs))

    thread._consumer, thread.call_thread = kafka, call
    kafka.noted = thread._positions
    consumer._set_active_tps(set(tps))
    return consumer, kafka


def journal_chunk(follows: int, *values: bytes) -> Chunk:
    """Return journal records with these values, one behind the other, as the consumer hands them on."""
    run = [ConsumerRecord("", 0, at, 0, 0, b"k", value, None, 1, 1, ()) for at, value in enumerate(values, follows)]
    return chunk_of(follows, run)


def records(tp: TP, *offsets: int) -> list[Any]:
    """Return records as aiokafka hands them over."""
    return [ConsumerRecord(tp.topic, tp.partition, at, 0, 0, b"k", b"%d" % at, None, 1, 1, ()) for at in offsets]
