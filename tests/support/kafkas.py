"""A Kafka of its own for a test that counts what is in the topics, and workers on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.local.kafka import LocalKafka
from tests.support.access import guarded_kafka
from tests.support.workers import WorkerProcess


@pytest.fixture
def broker() -> Iterator[str]:
    """Address of an empty Kafka."""
    with LocalKafka.start() as local:
        yield local.bootstrap_servers


@pytest.fixture
def start_worker(broker: str, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Start workers; all are gone after the test."""
    started: list[WorkerProcess] = []

    def start(**settings: str) -> WorkerProcess:
        started.append(WorkerProcess(broker, tmp_path / f"worker-{len(started)}.log", **settings))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.wake()
            worker.kill()


@pytest.fixture(scope="session")
def guarded() -> Iterator[LocalKafka]:
    """A Kafka with passwords, access rules and topics, shared: a test that removes a rule puts it back."""
    with guarded_kafka() as local:
        yield local
