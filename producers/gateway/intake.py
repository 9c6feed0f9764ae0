"""From the bytes of a request to records for Kafka, event by event. Pure: no HTTP, no clock, no Kafka."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, Final

import jiter
import msgspec
from pydantic import TypeAdapter, ValidationError

from producers.gateway.memory import Look, Remembered, digest
from producers.gateway.scope import check_scope, stamp_place
from producers.sinks import RawRecord, record_of
from schemas.admission import admission
from schemas.dead_letters import posted_letter
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair import Fair
from schemas.http import EVENT_MAX_BYTES, EVENTS_MAX, FIELDS_MAX, CloudEvent, EventResult, Outcome, canonical_id
from schemas.ids import EventId
from schemas.terminals import Terminal
from schemas.times import instant_text
from schemas.topics import DEALS, INTERACTIONS, REJECTED, SCANS
from schemas.wire import decode_all_strict, decode_strict

_POSTED: Final = TypeAdapter(CloudEvent)
_POSTED_BATCH: Final = TypeAdapter(list[CloudEvent])
_EVENT_ID: Final[TypeAdapter[str]] = TypeAdapter(EventId)
_POINTERS: Final = {"event_id": "id", "occurred_at": "time", "type": "type"}
"""Where the fields of a stored event stand in a posted one, if not in `data`."""
_TOPICS: Final = {"fair.visitor": SCANS.name, "fair.exhibit": INTERACTIONS.name, "fair.deal": DEALS.name}

BY_FAIR_FILE: Final = frozenset({"unknown_place", "unknown_currency"})
"""Reasons that a corrected fair file takes away."""
LEVELS_MAX: Final = 6
"""Levels of objects and lists in an event; the deepest event of ours has four."""


class Unreadable(Exception):
    """The body as a whole is no request of ours.

    Attributes:
        code: a short word from a closed set.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Posting:
    """A body and who posted it, when.

    Attributes:
        batch: whether it must be an array; None takes either.
        clock_offset_ms: server clock minus terminal clock.
    """

    body: bytes
    terminal: Terminal
    received_at: datetime
    clock_offset_ms: int = 0
    batch: bool | None = None
    received: str = field(init=False)
    """`received_at` as it is written into every event."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "received", instant_text(self.received_at))


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
            Unreadable: the body is no JSON, has a key twice, holds no event or too many.
        """
        items = items_of(posting)
        merged = self._merge_all(posting, items)
        events = self._decode_all(merged)
        stamps = self._stamps(posting)
        reading = Reading()
        for index, (item, event) in enumerate(zip(items, events, strict=True)):
            try:
                if isinstance(event, InvalidEvent):
                    raise event
                self._take(reading, index, event, posting, stamps)
            except InvalidEvent as error:
                good = None if isinstance(event, InvalidEvent) else event
                refuse(reading, index, item, good, error, posting)
        return reading

    def confirm(self, reading: Reading) -> None:
        """Take note that Kafka has acknowledged every record of the reading."""
        for key, content in reading.keys.items():
            self._memory.confirm(key, content)

    def _merge_all(self, posting: Posting, items: list[Any]) -> list[dict[str, Any] | InvalidEvent]:
        """Return each event as it would be stored, not yet validated, or why it cannot be."""
        if any(misfit(item) is not None for item in items):
            return [_merge_one(item, posting) for item in items]
        try:
            batch = posting.body.lstrip()[:1] == b"["
            posted = _POSTED_BATCH.validate_json(posting.body) if batch else [_POSTED.validate_json(posting.body)]
        except ValidationError:
            return [_merge_one(item, posting) for item in items]
        return [_merge(event, posting) for event in posted]

    @staticmethod
    def _decode_all(merged: list[dict[str, Any] | InvalidEvent]) -> list[Event | InvalidEvent]:
        good = [one for one in merged if not isinstance(one, InvalidEvent)]
        events: list[Event | InvalidEvent]
        try:
            decoded = decode_all_strict(msgspec.json.encode(good))
        except (ValueError, OverflowError, TypeError):  # an integer no JSON writer takes: found below
            decoded = None
        events = list(decoded) if decoded is not None else [_decode(one) for one in good]
        following = iter(events)
        return [one if isinstance(one, InvalidEvent) else next(following) for one in merged]

    @staticmethod
    def _stamps(posting: Posting) -> tuple[bytes, bytes]:
        """Return the parts of an encoded event that differ from one attempt to the next."""
        received = f',"received_at":"{posting.received}"'.encode()
        return received, f',"clock_offset_ms":{posting.clock_offset_ms}'.encode()

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


def items_of(posting: Posting) -> list[Any]:
    """Return the events of a body as plain Python values.

    Raises:
        Unreadable: see `Intake.read`.
    """
    try:
        value = jiter.from_json(posting.body, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="none")
    except ValueError as error:
        text = str(error)
        if "duplicate key" in text:
            raise Unreadable("duplicate_key") from None
        raise Unreadable("too_deep" if "recursion limit" in text else "not_json") from None
    if not isinstance(value, dict | list) or posting.batch is (not isinstance(value, list)):
        raise Unreadable("wrong_shape")
    items = value if isinstance(value, list) else [value]
    if not items:
        raise Unreadable("no_events")
    if len(items) > EVENTS_MAX:
        raise Unreadable("too_many_events")
    if len(items) == 1 and len(posting.body) > EVENT_MAX_BYTES:
        raise Unreadable("event_too_large")
    return items


def misfit(value: Any, levels: int = LEVELS_MAX) -> InvalidEvent | None:
    """Return what makes a value unfit to be validated; None for nothing.

    Asked first: 200,000 unknown fields would be as many errors, and seconds of work; and 1e400 is JSON, but becomes
    an infinity that no JSON can hold again.
    """
    if isinstance(value, dict):
        members: Iterable[Any] = value.values()
    elif isinstance(value, list):
        members = value
    else:
        return None
    if levels == 0 or len(value) > FIELDS_MAX:
        return InvalidEvent(
            "too_many_fields",
            f"an object or list of an event has at most {FIELDS_MAX} members and {LEVELS_MAX} levels",
            hint="send only the fields of the event",
        )
    for one in members:
        if isinstance(one, float) and not isfinite(one):
            return InvalidEvent("bad_value", "a number is beyond all bounds", hint="send whole numbers within 2^53")
        if isinstance(one, dict | list) and (found := misfit(one, levels - 1)) is not None:
            return found
    return None


def unreadable_letter(posting: Posting, code: str, message: str, hint: str) -> RawRecord:
    """Return the dead letter of a body that is no request of ours."""
    key, value = posted_letter(
        "",
        posting.terminal.terminal_id,
        posting.received,
        posting.body,
        InvalidEvent(code, message, hint=hint),
    )
    return RawRecord(REJECTED.name, key, value)


def refuse(reading: Reading, index: int, item: Any, event: Event | None, error: InvalidEvent, posting: Posting) -> None:
    """Add the refusal of an event and its dead letter.

    Only what the fair file refused lies there as it would have been stored: redriving it must not let a terminal post
    for another place after all.
    """
    topic, raw = _topic_of(item), _plain(item)
    if event is not None and error.reason in BY_FAIR_FILE:
        topic, _, raw = record_of(event)
    where = f"/{index}" if posting.body.lstrip()[:1] == b"[" else ""
    event_id = event.event_id if event is not None else _safe_id(item)
    reading.results.append(
        EventResult(
            index=index,
            id=event_id,
            outcome=Outcome.REJECTED,
            code=error.reason,
            pointer=where + _pointer(error.field),
            message=str(error),
        )
    )
    key, value = posted_letter(topic, posting.terminal.terminal_id, posting.received, raw, error)
    reading.records.append(RawRecord(REJECTED.name, key, value))


def _merge(posted: CloudEvent, posting: Posting) -> dict[str, Any] | InvalidEvent:
    terminal = posting.terminal
    if posted.source != terminal.source:
        return InvalidEvent(
            "wrong_source",
            "source: it is not the address of the terminal that the token belongs to",
            field="source",
            hint="take it from GET /v1/terminal",
        )
    data = dict(posted.data)
    try:
        stamp_place(posted.type, data, terminal)
    except InvalidEvent as error:
        return error
    return {
        **data,
        "type": posted.type,
        "event_id": canonical_id(posted.id),
        "fair_id": terminal.fair_id,
        "terminal_id": terminal.terminal_id,
        "occurred_at": posted.time,
        "received_at": posting.received,
        "clock_offset_ms": posting.clock_offset_ms,
    }


def _merge_one(item: Any, posting: Posting) -> dict[str, Any] | InvalidEvent:
    """Return the event of one item, where the batch as a whole did not pass."""
    if isinstance(item, dict):
        if (unfit := misfit(item)) is not None:
            return unfit
        raw = _plain(item)
        if len(raw) > EVENT_MAX_BYTES:
            return InvalidEvent("too_large", f"an event is at most {EVENT_MAX_BYTES} bytes", hint="send less")
        try:
            return _merge(_POSTED.validate_json(raw), posting)
        except ValidationError as error:
            return _explain(error)
    return InvalidEvent("not_json", "an event is a JSON object", hint="send CloudEvents 1.0, structured")


_ENVELOPE: Final = {
    "missing": ("missing_field", "a field that must be there is missing"),
    "unexpected_keyword_argument": ("unknown_field", "a field that no event has"),
    "extra_forbidden": ("unknown_field", "a field that no event has"),
    "too_long": ("too_many_fields", f"an object of an event has at most {FIELDS_MAX} fields"),
}


def _explain(error: ValidationError) -> InvalidEvent:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    reason, message = _ENVELOPE.get(first["type"], ("bad_value", "a field has a value that it cannot have"))
    name = str(first["loc"][0]) if first["loc"] and reason != "unknown_field" else ""
    where = f"{name}: " if name else ""
    return InvalidEvent(reason, f"{where}{message}", field=name, hint="see CloudEvent in /openapi.json")


def _decode(merged: dict[str, Any]) -> Event | InvalidEvent:
    try:
        return decode_strict(_plain(merged))
    except InvalidEvent as error:
        return error


def _plain(item: Any) -> bytes:
    """Return an item as JSON again; whatever cannot be written is no event, and neither is what stands for it."""
    try:
        return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return b'""'


def _pointer(name: str) -> str:
    if not name:
        return ""
    head = name.split(".", maxsplit=1)[0]
    if head in _POINTERS:
        return f"/{_POINTERS[head]}"
    if head in {"source", "id", "time", "data", "specversion", "datacontenttype", "subject", "dataschema"}:
        return f"/{head}"
    return "/data/" + name.replace(".", "/")


def _topic_of(item: Any) -> str:
    kind = item.get("type") if isinstance(item, dict) else None
    return _TOPICS.get(".".join(kind.split(".")[:2]), "") if isinstance(kind, str) else ""


def _safe_id(item: Any) -> str | None:
    """Return the id of a refused event if it is a UUID: only then it may be repeated."""
    given = item.get("id") if isinstance(item, dict) else None
    try:
        return _EVENT_ID.validate_python(canonical_id(given)) if isinstance(given, str) else None
    except ValidationError:
        return None
