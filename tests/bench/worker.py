"""The product's own worker, started as its users start it.

Nobody asks it for figures while it folds: its journal has them. Kafka stamps every journal record when it stores it,
so the stamps say when the first and the last chunk were durable.
"""

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from processes import PATIENCE_S, Bench, Failed, cpu_seconds, get, resident_bytes

from schemas.fair.model import Fair
from schemas.ports import free_port
from schemas.settings import KafkaSettings, WorkerSettings
from schemas.topics import EVENT_TOPICS, PARTITIONS, Topic
from streams.kafka.topics import ensure_topics
from streams.worker.app import create_worker


class DeltaHead(msgspec.Struct, array_like=True):
    """The beginning of a change."""

    topic: str
    first: int
    last: int


class RecordHead(msgspec.Struct, array_like=True):
    """The beginning of a journal record; the rest is skipped."""

    seq: int
    writer: bytes
    after: bytes
    keys: msgspec.Raw
    delta: DeltaHead


@dataclass
class Journal:
    """The figures of a finished journal.

    Attributes:
        first_ms, last_ms: when its first and its last record were stored.
        first_chunk: source records that the first one covers: they were folded before the clock started.
    """

    first_ms: int = 0
    last_ms: int = 0
    first_chunk: int = 0
    records: int = 0
    bytes: int = 0

    def rate(self, records: int) -> float:
        """Return source records per second, from the first stored to the last stored."""
        return (records - self.first_chunk) / max(0.001, (self.last_ms - self.first_ms) / 1_000)


@dataclass
class Running:
    """A worker process, its address, and its memory and processor time when it became ready."""

    process: subprocess.Popen[bytes]
    port: int
    empty_bytes: int = 0
    empty_cpu: float = 0.0

    @property
    def used_cpu(self) -> float:
        """Processor seconds since it was ready."""
        return cpu_seconds(self.process.pid) - self.empty_cpu

    @property
    def grown_bytes(self) -> int:
        """Memory taken since it was ready."""
        return resident_bytes(self.process.pid) - self.empty_bytes

    def kpis(self) -> dict[str, Any]:
        """Return what it shows on /kpis."""
        page = get(f"http://127.0.0.1:{self.port}/kpis")
        if page is None:
            raise Failed("the worker shows no KPIs")
        shown: dict[str, Any] = msgspec.json.decode(page)["kpis"]
        return shown


@dataclass(frozen=True)
class Group:
    """Workers that share one journal. The lateness is part of its name, so another one makes another group."""

    bench: Bench
    fair: Fair
    lateness_ms: int

    def kafka(self) -> KafkaSettings:
        """Return where the broker is."""
        return KafkaSettings.load(bootstrap_servers=self.bench.servers)

    async def journal(self) -> Topic:
        """Return the journal topic, made if it is missing."""
        lateness = timedelta(milliseconds=self.lateness_ms)
        topic = create_worker(self.fair, self.kafka(), WorkerSettings.load(allowed_lateness=lateness)).journal
        await ensure_topics(self.kafka(), (topic,))
        return topic

    def launch(self, core: int = 0) -> Running:
        """Start a worker."""
        port = free_port()
        program: list[str | Path] = [sys.executable, "-m", "streams", "worker", "--clock", "event"]
        program += ["--bootstrap-servers", self.bench.servers, "--port", str(port)]
        program += ["--lateness", f"{self.lateness_ms / 1_000:.3f}"]
        return Running(self.bench.start(program, core), port)

    def await_ready(self, worker: Running) -> None:
        """Return as soon as a worker says that it is ready."""
        deadline = time.monotonic() + PATIENCE_S
        while get(f"http://127.0.0.1:{worker.port}/readyz", 5.0) is None:
            if worker.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"the worker did not become ready: {self.bench.last_words(worker.process)}")
            time.sleep(0.01)
        worker.empty_bytes = resident_bytes(worker.process.pid)
        worker.empty_cpu = cpu_seconds(worker.process.pid)


async def watch(group: Group, ends: dict[tuple[str, int], int], *workers: Running) -> Journal:
    """Read a group's journal until it covers all source records, and return what it says."""
    topic = (await group.journal()).name
    consumer = AIOKafkaConsumer(
        bootstrap_servers=group.bench.servers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    decode = msgspec.msgpack.Decoder(RecordHead).decode
    missing, found = {tp for tp, end in ends.items() if end}, Journal()
    deadline = time.monotonic() + PATIENCE_S
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        while missing:
            for tp, run in (await consumer.getmany(timeout_ms=200)).items():
                for record in run:
                    delta = decode(record.value).delta
                    if not found.first_ms or record.timestamp < found.first_ms:
                        found.first_ms, found.first_chunk = record.timestamp, delta.last - delta.first + 1
                    found.last_ms = max(found.last_ms, record.timestamp)
                    found.records, found.bytes = found.records + 1, found.bytes + len(record.value)
                    if delta.last >= ends[delta.topic, tp.partition] - 1:
                        missing.discard((delta.topic, tp.partition))
            ended = [worker for worker in workers if worker.process.poll() is not None]
            if ended:
                raise Failed(f"a worker ended: {group.bench.last_words(ended[0].process)}")
            if time.monotonic() > deadline:
                raise Failed(f"after {PATIENCE_S:.0f} s the journal does not cover {sorted(missing)}")
    finally:
        await consumer.stop()
    return found


async def source_ends(servers: str) -> dict[tuple[str, int], int]:
    """Return how many records each partition of the event topics holds."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    try:
        parts = [TopicPartition(topic.name, number) for topic in EVENT_TOPICS for number in range(PARTITIONS)]
        return {(tp.topic, tp.partition): end for tp, end in (await consumer.end_offsets(parts)).items()}
    finally:
        await consumer.stop()


def finish(group: Group, ends: dict[tuple[str, int], int], *workers: Running) -> Journal:
    """Wait until the journal covers everything."""
    return asyncio.run(watch(group, ends, *workers))
