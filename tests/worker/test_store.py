"""The states behind the journal table read journal records again that Faust has dropped on the way."""

import asyncio

import pytest
from faust.types import TP

from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings, WorkerSettings
from streams.worker import store
from streams.worker.app import create_worker
from streams.worker.store import States
from tests.support.still_kafka import journal_chunk


class Seeks:
    """A consumer that only notes where it is told to read."""

    def __init__(self) -> None:
        self.made: list[tuple[TP, int]] = []

    async def seek(self, tp: TP, offset: int) -> None:
        self.made.append((tp, offset))


def read(states: States, tp: TP, *offsets: int) -> None:
    """Apply chunks with one record each."""
    for offset in offsets:
        states.apply(tp, journal_chunk(offset, b""))


async def test_a_lost_journal_record_is_read_again_once_for_any_number_of_records_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = create_worker(load_fair(example_fair_path("small")), KafkaSettings(), WorkerSettings())
    consumer = worker.app.consumer = Seeks()  # type: ignore[assignment]
    one, other = TP(worker.journal.name, 0), TP(worker.journal.name, 1)
    read(worker.states, one, 3, 4, 5)
    read(worker.states, other, 1, 2)
    await asyncio.sleep(0)
    assert consumer.made == [(one, 0), (other, 0)]
    read(worker.states, one, 6)
    await asyncio.sleep(0)
    assert consumer.made[2:] == [], "records fetched before are still arriving"
    monkeypatch.setattr(store, "SEEK_AGAIN_S", 0)
    read(worker.states, one, 7)
    await asyncio.sleep(0)
    assert consumer.made[2:] == [(one, 0)], "a hole that is still there is noticed again"
