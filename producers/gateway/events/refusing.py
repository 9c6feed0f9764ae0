"""The refusal of an event: what the terminal is told, and the dead letter that keeps what it posted."""

import re
from typing import Any, Final, NamedTuple

from producers.gateway.events.bounds import plain_json
from producers.gateway.events.envelope import ATTRIBUTES
from producers.gateway.events.reading import Posting
from producers.gateway.events.redacting import Redaction
from producers.gateway.events.telling import told
from producers.gateway.http.problems import ProblemKind
from producers.records import RawRecord
from schemas.api.http import DATA_BASE64, SAFE_ID_PATTERN, Outcome
from schemas.api.terminals import Terminal
from schemas.dead_letters import posted_letter
from schemas.errors import InvalidEvent
from schemas.topics import REJECTED, topic_of_type

BY_FAIR_FILE: Final = frozenset({"unknown_place", "unknown_currency"})
"""Reasons that a corrected fair file can remove."""

POSTED_ONCE: Final = ATTRIBUTES | {DATA_BASE64}
"""Members of an event that are the same on every attempt; its extensions need not be."""

_SAFE_ID: Final = re.compile(SAFE_ID_PATTERN)


class Fate(NamedTuple):
    """The outcome of one event of a posting.

    Attributes:
        at: index of the event in the posting.
        outcome: None if the event was not judged, because it is not a CloudEvent.
        posted_id: None if it is not safe to repeat; the rest is None unless the event was refused.
        code: the reason.
        pointer: JSON pointer to the wrong part of the body.
        schema: link to the schema that describes it.
        word: says more than the code, in a word of a closed list; None if there is none.
    """

    at: int
    outcome: Outcome | None
    posted_id: str | None
    code: str | None = None
    pointer: str | None = None
    message: str | None = None
    schema: str | None = None
    word: str | None = None


def refuse(
    index: int, error: InvalidEvent, posting: Posting, record: RawRecord | None, redaction: Redaction | None = None
) -> tuple[Fate, RawRecord]:
    """Return what the terminal is told of a refused event, and its dead letter.

    Only an event that the fair file refused is kept as it would have been stored. Any other is kept as posted, so that
    redriving cannot let a terminal post for another place. With a register, no letter has the code of a badge.

    Args:
        index: of the event in the posting.
        error: why it was refused.
        posting: the posting that it came in.
        record: as it would have been stored, if only the fair file refused it.
        redaction: leaves out the codes of badges; None at a fair without a register.
    """
    fate = _fate(index, Outcome.REJECTED, error, posting)
    if record is not None:
        return fate, _letter_of_record(record, posting, error, redaction)
    return fate, _letter_of_item(index, error, posting, redaction)


def misread(
    index: int, error: InvalidEvent, posting: Posting, redaction: Redaction | None = None
) -> tuple[Fate, RawRecord]:
    """Return what the terminal is told of an event that is not a CloudEvent, and its dead letter.

    Args:
        index: of the event in the posting.
        error: what is wrong with its envelope.
        posting: the posting that it came in.
        redaction: as of `refuse`.
    """
    return _fate(index, None, error, posting), _letter_of_item(index, error, posting, redaction)


def unreadable_letter(
    raw: bytes, terminal: Terminal, received: str, kind: ProblemKind, *, keep: bool = True
) -> RawRecord:
    """Return the dead letter of a body that is not a posting.

    Args:
        raw: the body.
        terminal: who posted it.
        received: the server's clock, RFC 3339.
        kind: what is wrong with it.
        keep: whether the letter has the body. Where codes of badges are posted, one may be in it.
    """
    error = InvalidEvent(kind.code, kind.title, hint=kind.detail)
    return _letter("", terminal, received, raw if keep else b"", error, raw)


def safe_id(text: object) -> str | None:
    """Return the posted id of an event; None if it is not safe to repeat."""
    return text if isinstance(text, str) and _SAFE_ID.fullmatch(text) else None


def _fate(index: int, outcome: Outcome | None, error: InvalidEvent, posting: Posting) -> Fate:
    item = posting.items[index]
    given: dict[str, Any] = item if isinstance(item, dict) else {}
    known = told(error, item)
    where = f"/{index}" if posting.is_array else ""
    return Fate(
        index,
        outcome,
        safe_id(given.get("id")),
        error.reason,
        where + known.pointer,
        known.message,
        known.schema,
        error.word or None,
    )


def _letter_of_item(index: int, error: InvalidEvent, posting: Posting, redaction: Redaction | None) -> RawRecord:
    item = posting.items[index]
    if redaction is not None:
        item = redaction.item(item)
    raw = lasting = plain_json(item)
    if isinstance(item, dict) and not POSTED_ONCE.issuperset(item):  # a tracing header is another one on every attempt
        lasting = plain_json({name: value for name, value in item.items() if name in POSTED_ONCE})
    return _letter(_topic_of(item), posting.terminal, posting.received, raw, error, lasting)


def _letter_of_record(
    record: RawRecord, posting: Posting, error: InvalidEvent, redaction: Redaction | None
) -> RawRecord:
    terminal_id, raw = posting.terminal.terminal_id, record.value
    assert raw is not None
    if redaction is not None:
        raw = redaction.raw(raw)
    key, value = posted_letter(
        record.topic, terminal_id, posting.received, raw, error, headers=record.headers, lasting=posting.lasting(raw)
    )
    return RawRecord(REJECTED.name, key, value)


def _letter(
    topic: str, terminal: Terminal, received: str, raw: bytes, error: InvalidEvent, lasting: bytes | None = None
) -> RawRecord:
    key, value = posted_letter(topic, terminal.terminal_id, received, raw, error, lasting=lasting)
    return RawRecord(REJECTED.name, key, value)


def _topic_of(item: Any) -> str:
    kind = item.get("type") if isinstance(item, dict) else None
    topic = topic_of_type(kind) if isinstance(kind, str) else None
    return "" if topic is None else topic.name
