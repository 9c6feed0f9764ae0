"""Topics into a recording: from the beginning, from now on or of a span of time, until its end or until Ctrl-C."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from schemas.fair.model import Fair
from schemas.interrupts import stopping
from schemas.recording.writer import RecordingWriter
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS
from streams.history.reading import Span, reading

SAVE_S: Final = 1.0
"""How long what was taken may wait until it is on disk."""

TOLD_S: Final = 0.25
"""Between two pictures of the progress."""

TOPICS: Final = tuple(topic.name for topic in ALL_TOPICS)
"""What is recorded: the events, and the dead letters for an audit."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How far a recording is.

    Attributes:
        lag: records in Kafka that are not in the file yet.
        seconds: since it began.
    """

    records: int
    bytes: int
    lag: int
    seconds: float


async def record(
    kafka: KafkaSettings,
    fair: Fair,
    fair_file: bytes,
    path: Path,
    span: Span,
    *,
    topics: Sequence[str] = TOPICS,
    tell: Callable[[Taken], None] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> Taken:
    """Write what the topics hold within the span to a file, in the order in which Kafka took it.

    Returns:
        What was taken. Ctrl-C, or `stop`, ends it; the file is complete all the same.

    Raises:
        Unavailable: Kafka is not there, or the file cannot be written.
    """
    stop = asyncio.Event() if stop is None else stop
    began = saved = told = monotonic()
    async with reading(kafka, topics, span) as reader:
        with RecordingWriter(path, fair.fair_id, reader.partitions, fair_file) as writer, stopping(stop):
            taken = Taken(0, 0, reader.lag, 0.0)
            async with aclosing(reader.batches()) as batches:
                async for batch in batches:
                    for one in batch:
                        writer.write(one)
                    now = monotonic()
                    if now - saved >= SAVE_S:
                        writer.flush()
                        saved = now
                    if now - told >= TOLD_S or stop.is_set():
                        taken = Taken(writer.taken, writer.bytes, reader.lag, now - began)
                        tell(taken)
                        told = now
                    if stop.is_set():
                        break
        return Taken(writer.records, writer.bytes, reader.lag, monotonic() - began)
