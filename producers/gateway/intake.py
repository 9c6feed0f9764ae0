"""From the bytes of a request to records for Kafka, event by event. Pure: no HTTP, no clock, no Kafka.

The order of work is the order of the modules: `bodies`, `merging`, `scope`, then `refusing` for what is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from producers.gateway.bodies import Posting, items_of, plain_json
from producers.gateway.memory import Look, Remembered, digest
from producers.gateway.merging import Merged, merge_all
from producers.gateway.refusing import refusal_of
from producers.gateway.scope import check_scope
from producers.sinks import RawRecord, record_of
from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair import Fair
from schemas.http import EventResult, Outcome
from schemas.wire import decode_all_strict, decode_strict


@dataclass(slots=True)
class Reading:
    """What becomes of a posting once `records` are in Kafka; before that, nothing of it is true.

    Attributes:
        results: one an event, in the order of the posting.
        records: accepted events and the dead letters of refused ones.
        keys: what to confirm in the memory once Kafka has the records, with its content.
    """

    results: list[EventResult] = field(default_factory=list)
    records: list[RawRecord] = field(default_factory=list)
    keys: dict[bytes, bytes] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> int:
        """Return how many events have this outcome."""
        return sum(result.outcome is outcome for result in self.results)


class Intake:
    """Reads postings for one fair.

    Args:
        fair: the places, exhibitors and currencies that events may name.
        memory: which events were accepted lately.
    """

    def __init__(self, fair: Fair, memory: Remembered) -> None:
        self._fair = fair
        self._memory = memory
        self._admit: Callable[[Event], None] = admission(fair)

    def read(self, posting: Posting) -> Reading:
        """Return what becomes of each event.

        Raises:
            UnreadableBody: the body is no JSON, has a key twice, holds no event or too many.
        """
        items = items_of(posting)
        events = _decode_all(merge_all(posting, items))
        stamps = _stamps(posting)
        reading = Reading()
        for index, (item, event) in enumerate(zip(items, events, strict=True)):
            try:
                if isinstance(event, InvalidEvent):
                    raise event
                self._take(reading, index, event, posting, stamps)
            except InvalidEvent as error:
                good = None if isinstance(event, InvalidEvent) else event
                told, letter = refusal_of(index, item, good, error, posting)
                reading.results.append(told)
                reading.records.append(letter)
        return reading

    def confirm(self, reading: Reading) -> None:
        """Take note that Kafka has acknowledged every record of the reading."""
        for key, content in reading.keys.items():
            self._memory.confirm(key, content)

    def _take(self, reading: Reading, index: int, event: Event, posting: Posting, stamps: tuple[bytes, bytes]) -> None:
        check_scope(event, posting.terminal, self._fair)
        self._admit(event)
        record = record_of(event)
        content = digest(record.value.replace(stamps[0], b"", 1).replace(stamps[1], b"", 1))
        key = digest(event.terminal_id.encode(), event.event_id.encode())
        match self._memory.look(key, content):
            case Look.CONFLICT:
                raise InvalidEvent(
                    "event_id_conflict",
                    "event_id: another event came under this id",
                    field="event_id",
                    hint="mint a new id for every event; the first one stands",
                )
            case Look.DUPLICATE:
                outcome = Outcome.DUPLICATE
            case Look.NEW:
                outcome = Outcome.DUPLICATE if key in reading.keys else Outcome.ACCEPTED
                if outcome is Outcome.ACCEPTED:
                    reading.records.append(record)
                    reading.keys[key] = content
        reading.results.append(EventResult(index=index, id=event.event_id, outcome=outcome))


def _decode_all(merged: list[Merged]) -> list[Event | InvalidEvent]:
    good = [one for one in merged if not isinstance(one, InvalidEvent)]
    events: list[Event | InvalidEvent]
    try:
        decoded = decode_all_strict(msgspec.json.encode(good))
    except (ValueError, OverflowError, TypeError):  # an integer no JSON writer takes: found below
        decoded = None
    events = list(decoded) if decoded is not None else [_decode(one) for one in good]
    following = iter(events)
    return [one if isinstance(one, InvalidEvent) else next(following) for one in merged]


def _stamps(posting: Posting) -> tuple[bytes, bytes]:
    """Return the parts of an encoded event that differ from one attempt to the next."""
    received = f',"received_at":"{posting.received}"'.encode()
    return received, f',"clock_offset_ms":{posting.clock_offset_ms}'.encode()


def _decode(merged: dict[str, Any]) -> Event | InvalidEvent:
    try:
        return decode_strict(plain_json(merged))
    except InvalidEvent as error:
        return error
