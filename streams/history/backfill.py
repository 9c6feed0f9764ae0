"""A past fair for Prometheus: folds its records again, and writes the /metrics of every minute as OpenMetrics.

    fairpulse backfill > fair.om && promtool tsdb create-blocks-from openmetrics fair.om DATA

These samples carry event times, because a past fair has no others. Live samples never do: they would not become stale.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Final

from prometheus_client.registry import Collector

from schemas.errors import InvalidEvent
from schemas.events import Event, happened_ms
from schemas.fair.model import Fair
from schemas.recording.frames import RecordedRecord
from schemas.times import epoch_ms
from schemas.topics import EVENT_TOPICS
from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.history.arrivals import Arrivals
from streams.history.replay import UNKNOWN
from streams.shown.collector import KpiCollector
from streams.shown.facts import FairFacts
from streams.shown.view import View

STEP: Final = timedelta(minutes=1)
FACTS_EVERY: Final = 4
"""Steps from one sample of the fair file's facts to the next. Prometheus looks back five minutes."""
QUIET_STEPS: Final = 60
"""Most steps that are written without a new record, as before an opening. The rest of a longer pause is skipped."""
JOB: Final = {"job": "fairpulse-worker", "instance": "backfill"}


def openmetrics(
    fair: Fair,
    lateness: timedelta,
    records: Iterable[RecordedRecord],
    step: timedelta = STEP,
    counts: Mapping[str, int] = UNKNOWN,
) -> Iterator[str]:
    """Yield the lines of an OpenMetrics file: the samples that a worker would have shown at every step of event time.

    Args:
        fair: the fair file of that fair.
        lateness: how long the workers kept minutes open.
        records: in order of arrival; within a partition and topic by offset.
        step: time between two samples.
        counts: how many partitions each topic had. Events that were in a wrong one are refused, as a worker does. If
            the number of one topic is missing or 0, none was wrong, and all have one state.
    """
    backfill = Backfill(fair, lateness, step, counts)
    for record in records:
        yield from backfill.feed(record)
    yield from backfill.finish()


class Backfill:
    """The same as `openmetrics`, record by record, for sources that cannot be iterated over."""

    def __init__(
        self, fair: Fair, lateness: timedelta, step: timedelta = STEP, counts: Mapping[str, int] = UNKNOWN
    ) -> None:
        self._replay = _Fold(Engine(fair, lateness), counts)
        self._arrivals = Arrivals()
        self._facts = FairFacts(fair)
        self._topics = frozenset(topic.name for topic in EVENT_TOPICS)
        self._length = step // timedelta(milliseconds=1)
        self._due = -1
        self._steps = 0

    def feed(self, record: RecordedRecord) -> Iterator[str]:
        """Take the next record; yield the lines of the steps that end before those that arrived by then.

        Other topics are skipped.
        """
        if record.topic in self._topics:
            for one, arrived in self._arrivals.take(record):
                yield from self._one(one, arrived)

    def _one(self, record: RecordedRecord, arrived: int) -> Iterator[str]:
        reached = self._replay.take(record, arrived)
        if self._due < 0 <= reached:
            self._due = self._after(reached)
        for _ in range(QUIET_STEPS):
            if self._due < 0 or reached < self._due:
                break
            yield from self._step(facts=self._steps % FACTS_EVERY == 0)
        else:
            self._due = self._after(reached)
        self._replay.keep()

    def finish(self) -> Iterator[str]:
        """Yield the lines of the last steps, and the end of the file."""
        for one, arrived in self._arrivals.rest():
            yield from self._one(one, arrived)
        if self._due >= 0:
            yield from self._step(facts=True)
        yield "# EOF\n"

    def _after(self, time_ms: int) -> int:
        return (time_ms // self._length + 1) * self._length

    def _step(self, *, facts: bool) -> Iterator[str]:
        yield from _samples(self._replay.collector(self._due), self._due)
        if facts:
            yield from _samples(self._facts, self._due)
        self._due += self._length
        self._steps += 1


class _Fold:
    """States of all partitions, and records that wait to be folded together.

    A record is first only looked at (`take`), so that the step before it can be shown without it, and counted later
    (`keep`).
    """

    def __init__(self, engine: Engine, counts: Mapping[str, int]) -> None:
        self._engine = engine
        self._is_judged = all(counts.get(topic.name) for topic in EVENT_TOPICS)
        self._decoding = Decoding(engine.fair, counts if self._is_judged else UNKNOWN)
        self._states: dict[int, PartitionState] = {}
        self._waiting: dict[tuple[int, str], list[tuple[int, Event | InvalidEvent]]] = {}
        self._now: tuple[RecordedRecord, Event | InvalidEvent] | None = None
        self._numbers = count()
        self._reached = -1

    def take(self, record: RecordedRecord, arrived: int) -> int:
        """Look at a record; return the newest event time so far, in ms since 1970; -1 before the first event.

        Args:
            record: the next one.
            arrived: when it had arrived, see `Arrivals`.
        """
        event = self._decoding.one(record.topic, record.value, record.partition)
        if not isinstance(event, InvalidEvent):
            happened = happened_ms(event)
            received = epoch_ms(event.received_at)
            if not self._engine.calendar.is_believable(happened, received):
                happened = received
            self._reached = max(self._reached, min(happened, received, arrived))
        self._now = (record, event)
        return self._reached

    def keep(self) -> None:
        """Count the record that was looked at."""
        assert self._now is not None
        record, event = self._now
        # Where placement is not judged, a badge may lie in two partitions; it has one state all the same.
        partition = record.partition if self._is_judged else 0
        self._waiting.setdefault((partition, record.topic), []).append((next(self._numbers), event))

    def collector(self, now_ms: int) -> Collector:
        """Return the metrics that a worker with all partitions would show at a time, in ms since 1970."""
        for (partition, topic), events in self._waiting.items():
            state = self._states.setdefault(partition, PartitionState())
            self._engine.apply(state, self._engine.fold(state, topic, events))
        self._waiting.clear()
        return KpiCollector(View(self._engine, lambda: self._states, lambda: now_ms), dict)


def _samples(collector: Collector, at_ms: int) -> Iterator[str]:
    at = f"{at_ms / 1_000:.3f}"
    for family in collector.collect():
        for sample in family.samples:
            labels = ",".join(f'{name}="{_escaped(text)}"' for name, text in {**sample.labels, **JOB}.items())
            yield f"{sample.name}{{{labels}}} {float(sample.value)!r} {at}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
