"""The minutes before anybody looked, as the demo's worker would have shown them, from the records in Kafka."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas.fair.model import Fair
from schemas.recording.arrival import arrival_of
from schemas.recording.frames import RecordedRecord
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.fold.engine import Engine
from streams.history.reading import Span, reading
from streams.history.replay import Replay

MINUTE = timedelta(minutes=1)


def reports_before(
    last: datetime, minutes: int, fair: Fair, lateness: timedelta, kafka: KafkaSettings
) -> Iterator[Mapping[str, Any]]:
    """Yield reports as a worker's /kpis, one for each minute that was closed up to `last`, oldest first.

    Args:
        last: where the newest closed minute ends.
        minutes: how many.
        fair: gives what the numbers mean.
        lateness: how long the worker keeps a minute open.
        kafka: where the records are.

    Raises:
        Unavailable: no broker answers.
    """
    records = asyncio.run(_records(kafka))
    replay = Replay(Engine(fair, lateness), lambda: records)
    for before in reversed(range(minutes)):
        yield replay.at(last - before * MINUTE + lateness).report


async def _records(kafka: KafkaSettings) -> list[RecordedRecord]:
    """Return all records of the fair in order of arrival; those that are not events stay behind the one before."""
    placed: list[tuple[int, RecordedRecord]] = []
    async with reading(kafka, [topic.name for topic in EVENT_TOPICS], Span()) as reader:
        async for batch in reader.batches():
            for record in batch:
                arrived = arrival_of(record.value).ms
                placed.append((arrived or (placed[-1][0] if placed else 0), record))
    return [record for _, record in sorted(placed, key=lambda one: one[0])]
