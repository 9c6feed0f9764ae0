"""Counts the records of a recording while it is written or, if it was cut off, while it is read."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.recording.arrival import arrival_of
from schemas.recording.frames import RecordedRecord
from schemas.recording.header import Header, TopicPart
from schemas.times import from_epoch_ms, instant_text

MOST_TYPES: Final = 64
"""Most types listed in a header: the real ones, and those that a broken terminal invents."""


class Tally:
    """Counts records by topic and type, and notes first and last offsets and times.

    Args:
        partitions: how many partitions each topic has. Other topics are added as they appear; how many they have is
            not known.
    """

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self.records = 0
        self._partitions = dict(partitions)
        self._of_topic: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._offsets: dict[str, dict[int, list[int]]] = {name: {} for name in partitions}
        self._times: list[int] = []
        self._arrivals: list[int] = []

    def add(self, record: RecordedRecord) -> None:
        """Count a record."""
        self.records += 1
        arrival = arrival_of(record.value)
        self._types[arrival.type] += 1
        self._of_topic[record.topic] += 1
        offsets = self._offsets.setdefault(record.topic, {})
        _widen(offsets.setdefault(record.partition, []), record.offset)
        _widen(self._times, record.timestamp_ms)
        if arrival.ms is not None:
            _widen(self._arrivals, arrival.ms)

    def fill(self, header: Header) -> Header:
        """Return the header with the counts and times."""
        return msgspec.structs.replace(
            header,
            records=self.records,
            topics={
                name: TopicPart(
                    self._partitions.get(name, 0),
                    self._of_topic[name],
                    {number: (first, last) for number, (first, last) in sorted(offsets.items())},
                )
                for name, offsets in sorted(self._offsets.items())
            },
            types=dict(sorted(self._types.most_common(MOST_TYPES))),
            first=_text(self._times, 0),
            last=_text(self._times, -1),
            first_arrival=_text(self._arrivals, 0),
            last_arrival=_text(self._arrivals, -1),
        )


def _widen(span: list[int], at: int) -> None:
    """Extend [first, last] to `at`; an empty span begins there."""
    if not span:
        span += [at, at]
    elif at < span[0]:
        span[0] = at
    elif at > span[1]:
        span[1] = at


def _text(span: list[int], at: int) -> str | None:
    return instant_text(from_epoch_ms(span[at])) if span else None
