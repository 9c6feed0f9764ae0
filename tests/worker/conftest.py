"""A worker that is wired but not started, for tests without Kafka."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings, WorkerSettings
from streams.worker import turns
from streams.worker.app import Worker, create_worker


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    """A worker for the small example fair. It leaves this process's garbage collector alone."""
    monkeypatch.setattr(turns, "tune_garbage_collector", lambda: None)
    made = create_worker(load_fair(example_fair_path("small")), KafkaSettings(), WorkerSettings())
    yield made
    consumer: Any = made.app.consumer
    consumer._thread.thread_loop.close()
