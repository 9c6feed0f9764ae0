"""The two records that end the wait of an event, once the register has its badge or has erased its person. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import jiter
from pydantic import TypeAdapter

from producers.badges.book import Book
from producers.gateway.events.resolving import badge_erased, resolve
from producers.records import RawRecord, record_of
from schemas.badges.register import Released
from schemas.dead_letters import posted_letter
from schemas.errors import InvalidEvent
from schemas.times import instant_text
from schemas.topics import REJECTED, UNRESOLVED, topic_of_type
from schemas.wire import decoder

_MARK: Final = TypeAdapter(Released)


class Release(NamedTuple):
    """A waiting event, resolved.

    Attributes:
        event: its record, for the topic where it would have gone at once: same id, other key. If its person was erased,
            its dead letter, the same whenever it is written.
        mark: says that it was written. It has the key of the waiting event, so it lies behind it.
        is_refused: whether the person was erased.
    """

    event: RawRecord
    mark: RawRecord
    is_refused: bool = False


def release_of(
    key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]], book: Book, now: datetime
) -> Release | None:
    """Return what ends the wait of an event; None if the register lacks its badge after all.

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
    mark = RawRecord(UNRESOLVED.name, key, _MARK.dump_json(Released(event.terminal_id, event.event_id, now)))
    if not resolved.erased:
        return Release(record_of(event, tuple(headers)), mark)
    arrived = instant_text(event.received_at)
    letter = posted_letter(UNRESOLVED.name, event.terminal_id, arrived, value, badge_erased(), headers=headers)
    return Release(RawRecord(REJECTED.name, *letter), mark, is_refused=True)


def _type_in(value: bytes) -> str:
    try:
        return str(jiter.from_json(value)["type"])
    except (ValueError, TypeError, KeyError):
        return ""
