"""The refusal of an event: what the terminal is told, and the dead letter that keeps what it posted."""

from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from producers.gateway.bounds import plain_json
from producers.gateway.problems import ProblemKind
from producers.gateway.reading import Posting
from producers.gateway.stamping import pointer_of
from producers.records import RawRecord, record_of
from schemas.api.http import Outcome, canonical_id
from schemas.api.terminals import Terminal
from schemas.cloud_events import KafkaHeaders
from schemas.dead_letters import posted_letter
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.ids import EventId
from schemas.topics import REJECTED, topic_of_type

BY_FAIR_FILE: Final = frozenset({"unknown_place", "unknown_currency"})
"""Reasons that a corrected fair file can remove."""

_EVENT_ID: Final[TypeAdapter[str]] = TypeAdapter(EventId)


class Fate(NamedTuple):
    """The outcome of one event of a posting.

    Attributes:
        event_id: None if it is not a UUID; the rest is None unless the event was rejected.
        code: the reason.
        pointer: JSON pointer to the wrong part of the body.
    """

    outcome: Outcome
    event_id: str | None
    code: str | None = None
    pointer: str | None = None
    message: str | None = None


def refuse(index: int, event: Event | None, error: InvalidEvent, posting: Posting) -> tuple[Fate, RawRecord]:
    """Return what the terminal is told of a refused event, and its dead letter.

    Only an event that the fair file refused is kept as it would have been stored. Any other is kept as posted, so that
    redriving cannot let a terminal post for another place.

    Args:
        index: of the event in the posting.
        event: as it would have been stored, None if it is not well formed.
        error: why it was refused.
        posting: the posting that it came in.
    """
    item = posting.items[index]
    topic, raw = _topic_of(item), plain_json(item)
    headers: KafkaHeaders = ()
    lasting: bytes | None = None
    if event is not None and error.reason in BY_FAIR_FILE:
        topic, _, raw, headers = record_of(event)
        lasting = posting.lasting(raw)
    where = f"/{index}" if posting.is_array else ""
    fate = Fate(
        Outcome.REJECTED,
        event.event_id if event is not None else _safe_id(item),
        error.reason,
        where + pointer_of(error),
        str(error),
    )
    terminal_id = posting.terminal.terminal_id
    letter = posted_letter(topic, terminal_id, posting.received, raw, error, headers=headers, lasting=lasting)
    return fate, RawRecord(REJECTED.name, *letter)


def unreadable_letter(body: bytes, terminal: Terminal, received: str, kind: ProblemKind) -> RawRecord:
    """Return the dead letter of a body that is not a posting."""
    error = InvalidEvent(kind.code, kind.title, hint=kind.detail)
    return RawRecord(REJECTED.name, *posted_letter("", terminal.terminal_id, received, body, error))


def _topic_of(item: Any) -> str:
    kind = item.get("type") if isinstance(item, dict) else None
    topic = topic_of_type(kind) if isinstance(kind, str) else None
    return "" if topic is None else topic.name


def _safe_id(item: Any) -> str | None:
    """Return the id of a refused event if it is a UUID: only then may it be repeated."""
    given = item.get("id") if isinstance(item, dict) else None
    try:
        return _EVENT_ID.validate_python(canonical_id(given)) if isinstance(given, str) else None
    except ValidationError:
        return None
