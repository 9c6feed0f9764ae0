"""Records topics to a file: from the beginning, from now on or from a time, until the end, a time or Ctrl-C."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from schemas.cures import JUDGE, MAKE_ANEW
from schemas.errors import InvalidSettings, Refused, Unavailable
from schemas.fair.chosen import ENOUGH, FairsSeen
from schemas.fair.model import Fair
from schemas.interrupts import stopping
from schemas.recording.writer import RecordingWriter
from schemas.settings import KafkaSettings
from schemas.topic_findings import PARTITIONS
from schemas.topics import EVENT_TOPICS, RECORDED_TOPICS
from streams.history.read_logs import LogLost, OpenTransaction, gone
from streams.history.reading import Span, reading
from streams.history.topics_right import findings_of

SAVE_S: Final = 1.0
"""How long recorded data may wait before it is written to disk."""

TOLD_S: Final = 0.25
"""Seconds between two updates of the progress."""

FINISH_S: Final = 3.0
"""How long a recording that Ctrl-C ends may go on, to take what Kafka has at that moment."""

WAITS: Final = "it waits, and goes on by itself when Kafka answers; Ctrl-C ends it with what it has"

TOPICS: Final = tuple(topic.name for topic in RECORDED_TOPICS)
"""The topics that are recorded: the events, and the dead letters for an audit."""


EVENTS: Final = frozenset(topic.name for topic in EVENT_TOPICS)


@dataclass(frozen=True, slots=True)
class Taken:
    """The progress of a recording.

    Attributes:
        lag: records in Kafka that are not in the file yet.
        seconds: time since the recording began.
        open: transactions at which it ended: their records are not in the file.
        lost: why it could not go on to its end; None if it could. The file holds what was read before.
    """

    records: int
    bytes: int
    lag: int
    seconds: float
    open: Sequence[OpenTransaction] = ()
    lost: LogLost | None = None

    @property
    def complete(self) -> bool:
        """Whether the file holds all that Kafka gave for its span."""
        return self.lost is None and self.lag == 0

    @property
    def left_out(self) -> list[str]:
        """Sentences, each about records that Kafka had within the span and the file has not."""
        told = [one.message for one in self.open]
        if self.lost is not None:
            return [*told, f"it was ended early, because {self.lost.message}"]
        if self.lag:
            return [*told, f"it was ended early, and {self.lag:,} records that Kafka had by then are left out"]
        return told


async def record(
    kafka: KafkaSettings,
    fair: Fair,
    fair_file: bytes,
    path: Path,
    span: Span,
    *,
    topics: Sequence[str] = TOPICS,
    tell: Callable[[Taken], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
    used: str = "fair file is named",
    stop: asyncio.Event | None = None,
    force: bool = False,
) -> Taken:
    """Write the topics' records within the span to a file, in the order in which Kafka took them.

    Ctrl-C, or `stop`, ends it; the file then holds what Kafka had at that moment. It is also ended by a log that is
    deleted, replaced or cut, or that gets more partitions: the file holds what was read before, and no more.

    Args:
        kafka: where the topics are. Their settings may be wrong: a recording is the first step of the cure.
        fair: of the fair file.
        fair_file: its bytes, to travel inside.
        path: where to write.
        span: which records.
        topics: names of the topics.
        tell: told the progress.
        warn: told in one line each what is wrong with the topics, and that older records are gone.
        used: why this fair file is used, see `used_fair_file`.
        stop: set it to end the recording.
        force: replace the `.part` file that a recording left when it broke off.

    Returns:
        How much was recorded, and whether that is all.

    Raises:
        Unavailable: Kafka does not answer, the file cannot be written, or a recording that broke off left its `.part`.
        InvalidSettings: the events are of another fair. Then no file is left.
    """
    stop = asyncio.Event() if stop is None else stop
    began = saved = told = monotonic()
    mixed: set[str] = set()
    try:
        for finding in await findings_of(
            kafka, fair.fair_id, [topic for topic in RECORDED_TOPICS if topic.name in topics]
        ):
            warn(str(finding))
            if finding.setting == PARTITIONS and finding.cure in (MAKE_ANEW, JUDGE):
                mixed.add(finding.topic)  # events may lie by another number: theirs is not known
    except Refused as error:
        warn(f"the topics' settings were not checked: {error}")
    async with reading(kafka, topics, span) as reader:
        if reader.heads and span.since_ms == 0:
            warn(gone(reader.heads))
        heads = {place: first for place, first in reader.heads.items() if place[0] in EVENTS}
        seen = FairsSeen(fair.fair_id, used)
        counts = reader.partitions | dict.fromkeys(mixed, 0)
        to = RecordingWriter(path, fair.fair_id, counts, fair_file, force=force)
        if heads and span.since_ms == 0:
            to.leave_out([gone(heads)])
        with to.without_rest(InvalidSettings), to as writer, stopping(stop):

            def taken(lost: LogLost | None = None) -> Taken:
                size = (writer.taken, writer.bytes, reader.lag, monotonic() - began)
                return Taken(*size, tuple(reader.open), lost)

            lost: LogLost | None = None
            finish_by: float | None = None
            waits = False
            tell(taken())
            try:
                async with aclosing(reader.batches()) as batches:
                    async for batch in batches:
                        for one in batch:
                            if not seen.ours and one.topic in EVENTS:
                                seen.look(one.value)
                            writer.write(one)
                        if seen.only_others and reader.lag < ENOUGH:
                            seen.end()
                        now = monotonic()
                        if now - saved >= SAVE_S:
                            writer.flush()
                            saved = now
                        if bool(silence := reader.silence) is not waits:
                            waits = not waits
                            warn(f"{silence}; {WAITS}" if waits else "Kafka answers again: recording goes on")
                        if now - told >= TOLD_S:
                            tell(taken())
                            told = now
                        if stop.is_set() and finish_by is None:
                            reader.end_here()
                            finish_by = now + FINISH_S
                        if finish_by is not None and now >= finish_by:
                            break
            except LogLost as error:
                lost = error
            except Unavailable as error:
                if finish_by is None:
                    raise
                lost = LogLost(error.message, hint=error.hint)  # ended while Kafka is away: its last look is missing
            seen.end()
            ended = taken(lost)
            writer.leave_out(ended.left_out)
        return ended
