"""The command `backfill`: the records of Kafka or of a recording as OpenMetrics lines."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

from schemas.errors import Unavailable
from schemas.fair.chosen import FairsSeen, chosen_fair, used_fair_file
from schemas.fair.model import Fair
from schemas.outputs import warn
from schemas.recording.inspection import warn_of_nothing, warn_of_part
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.history.backfill import Backfill, openmetrics
from streams.history.placed import placed_by
from streams.history.read_logs import gone
from streams.history.reading import Span, reading
from streams.history.replay import whole_records
from streams.history.topics_right import findings_of, refuse_wrong


def backfill_recording(recording: Recording, fair_file: Path | None, lateness: timedelta) -> Iterator[str]:
    """Yield the lines of a recording.

    Raises:
        InvalidRecording: it is damaged or incomplete, or there is no fair file inside and none is named.
        InvalidSettings: the events are of another fair.
    """
    recording.must_be_whole()
    warn_of_nothing(recording)
    warn_of_part(recording)
    counts = placed_by(recording)
    return openmetrics(recording.fair(fair_file), lateness, whole_records(recording), counts=counts)


def backfill_kafka(kafka: KafkaSettings, fair_file: Path | None, lateness: timedelta) -> Iterator[str]:
    """Yield the lines for the records that the event topics hold now.

    Raises:
        Unavailable: Kafka does not answer, or older records are gone.
        InvalidSettings: the events are of another fair.
        FairpulseError: a topic is not as it was declared.
    """
    fair = chosen_fair(fair_file)
    seen = FairsSeen(fair.fair_id, used_fair_file(fair_file))
    with asyncio.Runner() as runner:
        lines = _lines_of_kafka(kafka, fair, lateness, seen)
        while (batch := runner.run(anext(lines, None))) is not None:
            yield from batch


async def _lines_of_kafka(
    kafka: KafkaSettings, fair: Fair, lateness: timedelta, seen: FairsSeen
) -> AsyncGenerator[list[str], None]:
    topics = [topic.name for topic in EVENT_TOPICS]
    refuse_wrong(await findings_of(kafka, fair.fair_id), "nothing is filled in")
    async with reading(kafka, topics, Span()) as reader, aclosing(reader.batches()) as batches:
        if reader.heads:
            raise Unavailable(
                f"{gone(reader.heads)}, so these would be the numbers of a part",
                hint="fill in from a recording that has them: `fairpulse backfill RECORDING`",
            )
        for one in reader.open:
            warn(one.message)
        backfill = Backfill(fair, lateness, counts=reader.partitions)
        async for batch in batches:
            for record in batch:
                seen.look(record.value)
            yield [line for record in batch for line in backfill.feed(record)]
        seen.end()
        yield list(backfill.finish())
