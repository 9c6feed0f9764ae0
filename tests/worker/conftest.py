"""A worker that is wired but not started, for tests without Kafka; and a Kafka for a file, with watchful workers."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings, WorkerSettings
from streams.local.kafka import LocalKafka
from streams.worker import turns
from streams.worker.app import Worker, create_worker
from tests.support.logs import PARTITIONS
from tests.support.workers import WATCHFUL, WorkerProcess


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    """A worker for the small example fair. It leaves this process's garbage collector alone."""
    monkeypatch.setattr(turns, "tune_garbage_collector", lambda: None)
    made = create_worker(load_fair(example_fair_path("small")), KafkaSettings(), WorkerSettings())
    yield made
    consumer: Any = made.app.consumer
    consumer._thread.thread_loop.close()


@pytest.fixture(scope="module")
def kafka_here() -> Iterator[str]:
    """The address of a Kafka for this file."""
    with LocalKafka.start() as local:
        yield local.bootstrap_servers


@pytest.fixture
def start_watchful(kafka_here: str, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Start workers that look every second; all are gone after the test."""
    started: list[WorkerProcess] = []

    def start(**settings: str) -> WorkerProcess:
        log = tmp_path / f"worker-{len(started)}.log"
        started.append(WorkerProcess(kafka_here, log, partitions=PARTITIONS, program=WATCHFUL, **settings))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
