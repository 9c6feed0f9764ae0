"""Records topics to a file: from the beginning, from now on or from a time, until the end, a time or Ctrl-C."""

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
from schemas.topics import RECORDED_TOPICS
from streams.history.reading import Span, reading

SAVE_S: Final = 1.0
"""How long recorded data may wait before it is written to disk."""

TOLD_S: Final = 0.25
"""Seconds between two updates of the progress."""

TOPICS: Final = tuple(topic.name for topic in RECORDED_TOPICS)
"""The topics that are recorded: the events, and the dead letters for an audit."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The progress of a recording.

    Attributes:
        lag: records in Kafka that are not in the file yet.
        seconds: time since the recording began.
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
    """Write the topics' records within the span to a file, in the order in which Kafka took them.

    Ctrl-C, or `stop`, ends it; the file is complete even then.

    Returns:
        How much was recorded.

    Raises:
        Unavailable: Kafka does not answer, or the file cannot be written.
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
