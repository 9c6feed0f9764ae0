"""The store behind the journal table: what it does when Faust has dropped journal records on their way."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings, WorkerSettings
from streams.worker import store
from streams.worker.app import create_worker
from streams.worker.chunks import Chunk


class Seeks:
    """A consumer that only notes where it is sent."""

    def __init__(self) -> None:
        self.made: list[tuple[TP, int]] = []

    async def seek(self, tp: TP, offset: int) -> None:
        self.made.append((tp, offset))


def behind_a_hole(tp: TP, *offsets: int) -> list[Any]:
    """Return what Faust hands over for chunks of one record each."""
    return [
        SimpleNamespace(message=SimpleNamespace(tp=tp, offset=offset, value=Chunk(offset, [(offset, b"")])))
        for offset in offsets
    ]


async def test_a_lost_journal_record_is_read_again_once_however_many_came_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = create_worker(load_fair(example_fair_path("small")), KafkaSettings(), WorkerSettings())
    consumer = worker.app.consumer = Seeks()  # type: ignore[assignment]
    one, other = TP(worker.journal.name, 0), TP(worker.journal.name, 1)
    batch = behind_a_hole(one, 3, 4, 5) + behind_a_hole(other, 1, 2)
    worker.store.apply_changelog_batch(batch, lambda key: key, lambda value: value)
    await asyncio.sleep(0)
    assert consumer.made == [(one, 0), (other, 0)]
    worker.store.apply_changelog_batch(behind_a_hole(one, 6), lambda key: key, lambda value: value)
    await asyncio.sleep(0)
    assert consumer.made[2:] == [], "what was fetched before is still arriving"
    monkeypatch.setattr(store, "SEEK_AGAIN_S", 0)
    worker.store.apply_changelog_batch(behind_a_hole(one, 7), lambda key: key, lambda value: value)
    await asyncio.sleep(0)
    assert consumer.made[2:] == [(one, 0)], "a hole that is still there is noticed again"
