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
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import msgspec

from schemas.environment import default_of
from schemas.errors import FairpulseError, InvalidEvent, InvalidRecording
from schemas.events import Event
from schemas.placement import homes
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.settings import WorkerSettings
from schemas.times import venue_ms
from schemas.topics import EVENT_TOPICS
from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.history.arrivals import Arrived, with_arrivals
from streams.history.placed import placed_by
from streams.shown.view import View

LATENESS: Final[timedelta] = default_of(WorkerSettings, "allowed_lateness")
"""How long a minute stays open, as a worker does it by default."""

END_MS: Final = 1 << 62
"""After all times."""

CHUNK: Final = 4_000
"""Records folded at once. The numbers do not depend on it."""

UNKNOWN: Final[Mapping[str, int]] = MappingProxyType({})
"""No topic's number of partitions is known."""

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
    """Folds records in the order they are fed, into as many partitions as wanted, by the keys of their events.

    Records of other topics than the event topics are left out.

    Args:
        engine: the fold.
        partitions: how many states there are.
        counts: how many partitions each topic had. Events that were in a wrong one are refused, as a worker does; in a
            topic that is missing or has 0, none was wrong.
    """

    def __init__(self, engine: Engine, partitions: int = 1, counts: Mapping[str, int] = UNKNOWN) -> None:
        self.engine = engine
        self.records = 0
        self.states = {number: PartitionState() for number in range(partitions)}
        self._homes = homes(dict.fromkeys(_EVENT_TOPICS, partitions))
        self._decoding = Decoding(engine.fair, counts)
        self._waiting: dict[str, list[RecordedRecord]] = {one.name: [] for one in EVENT_TOPICS}
        self._next = dict.fromkeys(_EVENT_TOPICS, 0)

    def feed(self, record: RecordedRecord) -> None:
        """Take a record; it is in the state after `settle` at the latest."""
        waiting = self._waiting.get(record.topic)
        if waiting is None:
            return
        self.records += 1
        waiting.append(record)
        if len(waiting) >= CHUNK:
            self._fold(record.topic)

    def settle(self) -> None:
        """Fold what waits."""
        for topic in self._waiting:
            self._fold(topic)

    def kpis(self, now_ms: int | None = None) -> Kpis:
        """Return all KPIs: of windows, the newest that is closed at `now_ms`, or by the events' own time if None."""
        self.settle()
        return Kpis(View(self.engine, lambda: self.states, None if now_ms is None else lambda: now_ms).report())

    def _fold(self, topic: str) -> None:
        waiting = self._waiting[topic]
        if not waiting:
            return
        self._waiting[topic] = []
        lanes: dict[int, list[tuple[int, Event | InvalidEvent]]] = {}
        events, _ = self._decoding.read(topic, ((at, one.value) for at, one in enumerate(waiting)))
        in_place = self._decoding.in_place
        for record, (_, decoded) in zip(waiting, events, strict=True):
            event = in_place(topic, decoded, record.partition)
            lane = lanes.setdefault(self._state_of(topic, event), [])
            lane.append((self._next[topic], event))
            self._next[topic] += 1
        for number, lane in lanes.items():
            state = self.states[number]
            self.engine.apply(state, self.engine.fold(state, topic, lane))

    def _state_of(self, topic: str, event: Event | InvalidEvent) -> int:
        if len(self.states) == 1 or isinstance(event, InvalidEvent):
            return 0
        return self._homes[topic](event)


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
        engine: the fold.
        records: gives the records from the beginning, as often as it is asked.
        partitions: how many states there are. The numbers do not depend on it.
        counts: how many partitions each topic had, as for `Fold`.
    """

    def __init__(
        self,
        engine: Engine,
        records: Callable[[], Iterable[RecordedRecord]],
        partitions: int = 1,
        counts: Mapping[str, int] = UNKNOWN,
    ) -> None:
        self.engine = engine
        self._records = records
        self._new_fold = partial(Fold, engine, partitions, counts)
        self._fold: Fold = self._new_fold()
        self._stream: Iterator[Arrived] = iter(())
        self._next: Arrived | None = None
        self._until_ms = -1
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
        return cls(engine, lambda: whole_records(recording), partitions, placed_by(recording))

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
            try:
                while self._next is not None and self._next[1] <= now_ms:
                    self._fold.feed(self._next[0])
                    self._next = next(self._stream, None)
            except InvalidRecording:
                self._restart()  # what was fed up to the cut must not be taken for all
                raise
            return self._fold.kpis(now_ms)

    def final(self) -> Kpis:
        """Return the KPIs after the last record; windows end where the newest event closed them."""
        if self._until_ms < END_MS:
            fold = self._new_fold()
            with _collector_paused():
                for record in self._records():
                    fold.feed(record)
                fold.settle()
            self._fold, self._until_ms = fold, END_MS
        return self._fold.kpis()

    def _restart(self) -> None:
        self._fold = self._new_fold()
        self._stream = with_arrivals(self._records())
        self._until_ms = -1
        self._next = next(self._stream, None)
