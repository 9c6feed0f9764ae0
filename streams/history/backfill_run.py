"""The command `backfill`: the records of Kafka or of a recording as OpenMetrics lines."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

from schemas.fair.chosen import chosen_fair
from schemas.fair.model import Fair
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.history.backfill import Backfill, openmetrics
from streams.history.reading import Span, reading
from streams.history.replay import whole_records


def backfill_recording(recording: Recording, fair_file: Path | None, lateness: timedelta) -> Iterator[str]:
    """Yield the lines of a recording.

    Raises:
        InvalidRecording: it is incomplete, or there is no fair file inside and none is named.
    """
    return openmetrics(recording.fair(fair_file), lateness, whole_records(recording))


def backfill_kafka(kafka: KafkaSettings, fair_file: Path | None, lateness: timedelta) -> Iterator[str]:
    """Yield the lines for the records that the event topics hold now.

    Raises:
        Unavailable: Kafka does not answer.
    """
    fair = chosen_fair(fair_file)
    with asyncio.Runner() as runner:
        lines = _lines_of_kafka(kafka, fair, lateness)
        while (batch := runner.run(anext(lines, None))) is not None:
            yield from batch


async def _lines_of_kafka(kafka: KafkaSettings, fair: Fair, lateness: timedelta) -> AsyncGenerator[list[str], None]:
    backfill = Backfill(fair, lateness)
    topics = [topic.name for topic in EVENT_TOPICS]
    async with reading(kafka, topics, Span()) as reader, aclosing(reader.batches()) as batches:
        async for batch in batches:
            yield [line for record in batch for line in backfill.feed(record)]
    yield list(backfill.finish())
