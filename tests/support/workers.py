"""Real workers as processes, a feed that sends a simulated fair, and the oracle's verdict on the workers' numbers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException
from itertools import takewhile
from math import nan
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from producers.play.simulator.emission import Emission
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from producers.play.sinks import KafkaSink
from schemas.fair.file import example_fair_path, load_fair
from schemas.kafka_access import client_arguments
from schemas.kafka_reach import learn_topics
from schemas.ports import HOST, free_port
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle, StoredRecord
from streams.kafka.topics import admin, partitions_of
from tests.support.builders import LATENESS
from tests.support.remedies import told

FORGETFUL = ("-m", "tests.support.forgetful", "worker")
"""A worker that looks every second, and loses a chunk whenever the file of the variable LOSE exists."""
WATCHFUL = ("-m", "tests.support.watchful", "worker")
"""A program that is a worker and looks at its logs every second."""
PATIENCE_S = 60
SESSION_S = 6
"""Session timeout of the tests' workers: a takeover waits for it."""


def eventually(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Wait until a condition holds; fail with `what` otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class WorkerProcess:
    """`python -m streams worker` in a process of its own.

    Args:
        program: the module that Python runs, for instance another launcher of the worker.
        environment: variables beside the settings.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        log: Path,
        *,
        partitions: int = 4,
        program: Sequence[str] = ("-m", "streams", "worker"),
        environment: Mapping[str, str] | None = None,
        **settings: str,
    ) -> None:
        self.port = free_port()
        self.log = log
        variables = {
            **(environment or {}),
            **{name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")},
            "FAIRPULSE_BOOTSTRAP_SERVERS": bootstrap_servers,
            "FAIRPULSE_PARTITIONS": str(partitions),
            "FAIRPULSE_SESSION_TIMEOUT": str(SESSION_S),
            "FAIRPULSE_METRICS_PORT": str(self.port),
            "FAIRPULSE_CLOCK": "event",
            "FAIRPULSE_ALLOWED_LATENESS": str(LATENESS.total_seconds()),
            **{f"FAIRPULSE_{name.upper()}": value for name, value in settings.items()},
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *program], env=variables, stdout=output, stderr=output, start_new_session=True
            )

    def get(self, path: str) -> str | None:
        """Return a page; None while there is no answer (starting, frozen, gone)."""
        try:
            with urlopen(f"http://{HOST}:{self.port}{path}", timeout=20) as answer:
                text: str = answer.read().decode()
                return text
        except (HTTPException, OSError):
            return None

    def report(self, *names: str) -> dict[str, Any] | None:
        text = self.get("/kpis?" + "&".join(f"name={name}" for name in names))
        return None if text is None else json.loads(text)

    def events(self) -> int:
        """Return the unique events that this worker shows; -1 without an answer."""
        report = self.report("events")
        return -1 if report is None else sum(o["value"] for o in report["kpis"]["events"]["windows"]["fair"])

    def wait_events(self, number: int) -> None:
        eventually(lambda: self.events() >= number, f"{number} events are folded")

    def partitions(self) -> list[int]:
        report = self.report("events")
        return [] if report is None else report["partitions"]

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels; NaN without an answer, which equals nothing."""
        if (text := self.get("/metrics")) is None:
            return nan
        families = text_string_to_metric_families(text)
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)

    def wait_ready(self) -> "WorkerProcess":
        eventually(lambda: self.get("/readyz") == "ready\n" or self.process.poll() is not None, "a worker is ready")
        assert self.process.poll() is None, self.said()
        return self

    def wait_exit(self, seconds: float = PATIENCE_S) -> int:
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ask the worker to end; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            self.wake()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def fair_of(visitors: int, seed: int) -> list[Emission]:
    """Return a simulated day with all its faults, in order of arrival: about 19 records per visitor."""
    fair = load_fair(example_fair_path())
    return list(emissions(fair, replace(scenario_named("fair_day"), visitors=visitors), seed))


def settings_for(kafka: str | KafkaSettings) -> KafkaSettings:
    """Return how clients reach a Kafka; one that is open to everybody needs its address alone."""
    return kafka if isinstance(kafka, KafkaSettings) else KafkaSettings(bootstrap_servers=kafka)


def send(kafka: str | KafkaSettings, records: Iterable[Emission | Any], rate: float | None = None) -> None:
    """Send records, at most `rate` per second, and wait until all are acknowledged."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with KafkaSink(settings_for(kafka)) as sink:
            for number, record in enumerate(records):
                if rate is not None and (ahead := number / rate - (loop.time() - began)) > 0.01:
                    await asyncio.sleep(ahead)
                await sink.send(record)

    asyncio.run(run())


class Feed(threading.Thread):
    """Sends records in the background at a steady rate."""

    def __init__(self, bootstrap_servers: str, records: Sequence[Emission], rate: float) -> None:
        super().__init__(daemon=True)
        self._stopped = threading.Event()
        self._work = (bootstrap_servers, takewhile(lambda _: not self._stopped.is_set(), records), rate)
        self.start()

    def run(self) -> None:
        send(*self._work)

    def stop(self) -> None:
        """Send no more, and wait for what is under way."""
        self._stopped.set()
        self.finish()

    def finish(self) -> None:
        self.join(120)
        assert not self.is_alive()


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run something in a thread beside a block; the event tells it that the block has ended."""
    ended = threading.Event()
    thread = threading.Thread(target=work, args=(ended,))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def read_back(kafka: str | KafkaSettings, *topics: str) -> list[StoredRecord]:
    """Return every committed record of the topics as stored in Kafka; by default, of the event topics."""
    names = topics or [topic.name for topic in EVENT_TOPICS]

    async def run() -> list[StoredRecord]:
        consumer = AIOKafkaConsumer(
            **client_arguments(settings_for(kafka)),
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            client = consumer._client
            await learn_topics(client, names)
            parts = {name: client.cluster.partitions_for_topic(name) for name in names}
            assert all(parts.values()), f"there is no topic {next(name for name in parts if not parts[name])}"
            consumer.assign([TopicPartition(name, number) for name in names for number in parts[name] or ()])
            records: list[StoredRecord] = []
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for tp, run in (await consumer.getmany(timeout_ms=200)).items():
                    records += [(tp.topic, tp.partition, one.offset, one.key, one.value) for one in run]
            return records
        finally:
            await consumer.stop()

    return asyncio.run(run())


def counts_in(kafka: str | KafkaSettings) -> dict[str, int]:
    """Return how many partitions each event topic has."""

    async def run() -> dict[str, int]:
        async with admin(settings_for(kafka)) as client:
            return await partitions_of(client, settings_for(kafka), [topic.name for topic in EVENT_TOPICS])

    return asyncio.run(run())


def must_equal_the_oracle(kafka: str | KafkaSettings, *workers: WorkerProcess, fair_file: Path | None = None) -> Oracle:
    """Fail unless all workers together soon show exactly what the oracle computes from Kafka's records."""
    oracle = Oracle(fair_file or example_fair_path(), LATENESS, counts_in(kafka)).read(read_back(kafka))
    why = "nothing was shown"

    def equal() -> bool:
        nonlocal why
        reports = [worker.report() for worker in workers]
        if all(report is not None for report in reports):
            why = told(differences(oracle, [report for report in reports if report is not None]))
        return not why

    deadline = time.monotonic() + PATIENCE_S
    while not equal():
        said = "\n".join(worker.said()[-2_000:] for worker in workers)
        assert time.monotonic() < deadline, f"{why}\n{said}"
        time.sleep(0.2)
    return oracle
