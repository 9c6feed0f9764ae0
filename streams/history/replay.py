"""A recording through the fold, in this process: no Kafka, no clock, milliseconds for a test.

replay = Replay.of(Path("opening_rush.fairrec"))
replay.final().value("visits", day="2025-10-25")
replay.at("2025-10-25T09:30+02:00").value("gate_passages", window="15m", gate="north", direction="entry")
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import msgspec

from schemas.environment import default_of
from schemas.errors import FairpulseError, InvalidRecording
from schemas.recording.arrival import arrival_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.settings import WorkerSettings
from schemas.times import venue_ms
from schemas.topics import EVENT_TOPICS, partitioner_of
from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.shown.view import View

LATENESS: Final[timedelta] = default_of(WorkerSettings, "allowed_lateness")
"""How long a minute stays open, as a worker does it by default."""

CHUNK: Final = 4_000
"""Records folded at once. The numbers do not depend on it."""

_EVENT_TOPICS: Final = frozenset(topic.name for topic in EVENT_TOPICS)


@dataclass(frozen=True, slots=True)
class Kpis:
    """All KPIs at one moment of a replay.

    Attributes:
        report: as /kpis of a worker answers it.
    """

    report: Mapping[str, Any]

    def value(self, name: str, *, window: str = "fair", day: str | None = None, **labels: str) -> Any:
        """Return a number; 0 if nothing was counted there. Of a histogram its count, sum, buckets and quantiles.

        Args:
            name: of the KPI, without the `fair_` it has in Prometheus.
            window: 1m, 5m, 15m, day or fair.
            day: a venue-local date, 2025-10-25; then the window is that day.
            labels: all labels of the KPI.

        Raises:
            FairpulseError: there is no such KPI, or it has no such window.
        """
        if name not in self.report["kpis"]:
            raise FairpulseError("there is no KPI of that name", hint="`fairpulse kpis` lists them all")
        windows = self.report["kpis"][name]["windows"]
        wanted = window if day is None else "day"
        if wanted not in windows:
            raise FairpulseError(f"{name} has no window of that name", hint=f"it has {', '.join(windows)}")
        series = windows[wanted] if wanted != "day" else windows["day"].get(day, [])
        return next((one["value"] for one in series if one["labels"] == labels), 0)

    def canonical(self) -> bytes:
        """Return the numbers of days and the fair as JSON, one spelling for one content.

        What is zero is left out: a deal that was amended leaves a 0 behind where it had been booked, or nothing,
        depending on which of the two came first.
        """
        kept = {
            name: {
                "day": {day: _counted(series) for day, series in kpi["windows"].get("day", {}).items()},
                "fair": _counted(kpi["windows"].get("fair", [])),
            }
            for name, kpi in self.report["kpis"].items()
        }
        return msgspec.json.format(msgspec.json.encode(kept, order="deterministic"), indent=1)


def _counted(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in series if (one["value"]["count"] if isinstance(one["value"], dict) else one["value"])]


class Fold:
    """Folds records in the order they are fed, into as many partitions as wanted, by key.

    Records of other topics than the event topics are left out.
    """

    def __init__(self, engine: Engine, partitions: int = 1) -> None:
        self.engine = engine
        self.records = 0
        self.states = {number: PartitionState() for number in range(partitions)}
        self._partitions = partitions
        self._decoding = Decoding(engine.fair)
        self._next: dict[tuple[str, int], int] = {}
        self._waiting: dict[tuple[str, int], list[tuple[int, bytes | None]]] = {}

    def feed(self, record: RecordedRecord) -> None:
        """Take a record; it is in the state after `settle` at the latest."""
        if record.topic not in _EVENT_TOPICS:
            return
        lane = (record.topic, self._partition_of(record))
        offset = self._next.get(lane, 0)
        self._next[lane] = offset + 1
        self.records += 1
        waiting = self._waiting.setdefault(lane, [])
        waiting.append((offset, record.value))
        if len(waiting) >= CHUNK:
            self._fold(*lane)

    def _partition_of(self, record: RecordedRecord) -> int:
        if self._partitions == 1:
            return 0
        return partitioner_of(record.topic).choose(record.key or b"", self._partitions, None)

    def settle(self) -> None:
        """Fold what waits."""
        for lane in list(self._waiting):
            self._fold(*lane)

    def kpis(self, now_ms: int | None = None) -> Kpis:
        """Return all KPIs: of windows, the newest that is closed at `now_ms`, or by the events' own time if None."""
        self.settle()
        return Kpis(View(self.engine, lambda: self.states, None if now_ms is None else lambda: now_ms).report())

    def _fold(self, topic: str, partition: int) -> None:
        waiting = self._waiting.pop((topic, partition), None)
        if waiting:
            events, _ = self._decoding.read(topic, waiting)
            state = self.states[partition]
            self.engine.apply(state, self.engine.fold(state, topic, events))


def whole_records(recording: Recording) -> Iterator[RecordedRecord]:
    """Yield the records of a recording.

    Raises:
        InvalidRecording: at its end, if it is cut: its numbers would be those of a part.
    """
    yield from recording.records()
    if recording.cut is not None:
        raise InvalidRecording(
            f"{recording.path.name} is cut at byte {recording.cut.at_byte:,}: {recording.cut.why}",
            hint="export it to JSON lines and import them again, if the part will do",
        )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector from walking a state that has no cycles: a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Replay:
    """A stream of records that can be looked at as of any moment.

    Args:
        records: gives the records from the beginning, as often as it is asked.
    """

    def __init__(self, engine: Engine, records: Callable[[], Iterable[RecordedRecord]], partitions: int = 1) -> None:
        self.engine = engine
        self._records = records
        self._partitions = partitions
        self._fold = Fold(engine, partitions)
        self._stream: Iterator[RecordedRecord] = iter(())
        self._next: RecordedRecord | None = None
        self._arrival_ms = self._until_ms = -1
        self._restart()

    @classmethod
    def of(
        cls, path: Path, *, fair_file: Path | None = None, lateness: timedelta = LATENESS, partitions: int = 1
    ) -> Self:
        """Return the replay of a recording; a cut one is refused, since its numbers would be those of a part.

        Raises:
            InvalidRecording: the file is not a recording; when its cut is reached, that it is cut.
            InvalidFairFile: the fair file inside, or the one given, cannot be read.
        """
        recording = Recording(path)
        engine = Engine(recording.fair(fair_file), lateness)
        return cls(engine, lambda: whole_records(recording), partitions)

    @property
    def zone(self) -> ZoneInfo:
        """The venue's time zone, in which times without an offset are read."""
        return self.engine.fair.zone

    def at(self, time: datetime | str) -> Kpis:
        """Return the KPIs as a worker showed them at a time: of all that had been received, windows closed by it.

        Raises:
            ValueError: the text is not an ISO 8601 time.
        """
        now_ms = venue_ms(time, self.zone)
        if now_ms < self._until_ms:
            self._restart()
        self._until_ms = now_ms
        with _collector_paused():
            while self._next is not None and self._arrival_ms <= now_ms:
                self._fold.feed(self._next)
                self._advance()
            return self._fold.kpis(now_ms)

    def final(self) -> Kpis:
        """Return the KPIs after the last record; windows end where the newest event closed them."""
        with _collector_paused():
            feed = self._fold.feed
            if self._next is not None:
                feed(self._next)
            for record in self._stream:
                feed(record)
            self._next = None
            self._fold.settle()
        self._arrival_ms = self._until_ms = 1 << 62
        return self._fold.kpis()

    def _restart(self) -> None:
        self._fold = Fold(self.engine, self._partitions)
        self._stream = iter(self._records())
        self._until_ms = self._arrival_ms = -1
        self._advance()

    def _advance(self) -> None:
        """Look at the next record: a record that is not an event arrived when the one before it did."""
        self._next = next(self._stream, None)
        if self._next is not None and (ms := arrival_of(self._next.value).ms) is not None:
            self._arrival_ms = ms
