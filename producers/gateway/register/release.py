"""The two records that release a waiting event, once the register has its badge. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import jiter
from pydantic import TypeAdapter

from producers.badges.book import Book
from producers.gateway.events.resolving import resolve
from producers.records import RawRecord, record_of
from schemas.badges.register import Released
from schemas.errors import InvalidEvent
from schemas.topics import UNRESOLVED, topic_of_type
from schemas.wire import decoder

_MARK: Final = TypeAdapter(Released)


class Release(NamedTuple):
    """A waiting event, resolved.

    Attributes:
        event: its record, for the topic where it would have gone at once: same id, other key.
        mark: says that it was written. It has the key of the waiting event, so it lies behind it.
    """

    event: RawRecord
    mark: RawRecord


def release_of(
    key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]], book: Book, now: datetime
) -> Release | None:
    """Return what releases a waiting event; None if the register lacks its badge after all.

    Args:
        key: of its record.
        value: the event, as JSON.
        headers: its attributes as they were posted.
        book: the register.
        now: when it is released.

    Raises:
        InvalidEvent: this version cannot read it.
    """
    topic = topic_of_type(_type_in(value))
    if topic is None:
        raise InvalidEvent("unknown_type", "the type of a waiting event is not known", hint="update the gateways")
    resolved = resolve(decoder(topic.name)(value), book)
    if resolved.waits:
        return None
    event = resolved.event
    mark = Released(event.terminal_id, event.event_id, now)
    return Release(
        record_of(event, tuple(headers)),
        RawRecord(UNRESOLVED.name, key, _MARK.dump_json(mark)),
    )


def _type_in(value: bytes) -> str:
    try:
        return str(jiter.from_json(value)["type"])
    except (ValueError, TypeError, KeyError):
        return ""
