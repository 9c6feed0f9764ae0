"""When each record had arrived, for looking back: what an event says of itself, if Kafka's own time does not refute it.

A gateway writes the time of arrival into an event, and Kafka takes the record a moment later. So an event whose arrival
is later than Kafka's time of its record has a wrong one, and must not hold back those behind it. In a simulation all
events may be later than Kafka's time: its fair may be next year's. There, one that stands out alone is wrong.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.errors import InvalidRecording
from schemas.recording.arrival import arrival_of
from schemas.recording.frames import RecordedRecord

TOLERANCE_MS: Final = 5_000
"""How far the clock of a gateway may be ahead of Kafka's."""

MOST_WRONG: Final = 6_000
"""With more events in a row that are later than Kafka's time, it is the clock of a simulation."""

ALONE_MS: Final = 3_600_000
"""An event that is further ahead than this, of the one before and of the one behind it, stands out alone."""

Arrived = tuple[RecordedRecord, int]
"""A record, and when it had arrived, in ms since 1970; -1 before the first event."""


class Arrivals:
    """Takes records in Kafka's order, and gives them back in the same order with their arrivals.

    A record that is not an event arrived when the one before it did.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[RecordedRecord, int | None]] = deque()
        self._simulated = False
        self._believed = 0
        self._last = -1

    def take(self, record: RecordedRecord) -> list[Arrived]:
        """Take the next record; return those whose arrival is known now."""
        ms = arrival_of(record.value).ms
        if ms is None and not self._waiting:
            return [(record, self._last)]
        if ms is not None and ms <= record.timestamp_ms + TOLERANCE_MS:
            known = self._known(0, bounded=not self._simulated, following=ms)
            self._simulated = False
            self._believed += 1
            self._last = ms
            return [*known, (record, ms)]
        self._waiting.append((record, ms))
        many = len(self._waiting) > MOST_WRONG
        self._simulated = self._simulated or many
        return self._known(1, bounded=False) if many or (self._simulated and ms is not None) else []

    def rest(self) -> list[Arrived]:
        """Return the last records: there are no more. If they are few, Kafka's time is right.

        A simulation that runs faster than time may overtake Kafka's clock at its end, but it does not jump.
        """
        first = next((ms for _, ms in self._waiting if ms is not None), self._last)
        few = len(self._waiting) * 10 <= self._believed and first > self._last + ALONE_MS
        return self._known(0, bounded=few and not self._simulated)

    def _known(self, kept: int, *, bounded: bool, following: int | None = None) -> list[Arrived]:
        """Take records from those that wait, all but `kept`; `following` is the arrival behind the last one."""
        known: list[Arrived] = []
        waiting = self._waiting
        while len(waiting) > kept:
            record, ms = waiting.popleft()
            if ms is not None and bounded:
                self._last = min(ms, record.timestamp_ms + TOLERANCE_MS)
            elif ms is not None:
                behind = next((later for _, later in waiting if later is not None), following)
                if behind is None or ms <= max(self._last, behind) + ALONE_MS:
                    self._last = ms
                elif self._last < 0:
                    self._last = behind
            known.append((record, self._last))
        return known


def with_arrivals(records: Iterable[RecordedRecord]) -> Iterator[Arrived]:
    """Yield each record with when it had arrived."""
    arrivals = Arrivals()
    try:
        for record in records:
            yield from arrivals.take(record)
    except InvalidRecording:  # it is cut, and what came before the cut counts
        yield from arrivals.rest()
        raise
    yield from arrivals.rest()
