"""Lets the events of a case pass the gateway: it judges what terminals post, and stores it or lets it wait.

Registrations are imported in the order of the case. Each one releases what has waited for it.
"""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from producers.badges.book import Book
from producers.gateway.events.intake import Intake
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from producers.gateway.register.release import release_of
from producers.records import RawRecord, record_of
from schemas.api.http import SERVER_FIELDS
from schemas.api.terminals import PlaceKind, Terminal
from schemas.events import BadgeRegistered, Event, ExhibitInteraction
from schemas.fair.model import Fair
from schemas.times import instant_text
from schemas.topics import UNRESOLVED
from schemas.wire import encode

_PLACES: Final = (
    (PlaceKind.GATE, "gate_id"),
    (PlaceKind.HALL, "hall_id"),
    (PlaceKind.BOOTH, "booth_id"),
)


class Passed(NamedTuple):
    """The records that a gateway made of the events of a case.

    Attributes:
        stored: the records in the topics of events, released ones at the end of those before them.
        waiting: the records of events that still wait for a registration.
    """

    stored: list[RawRecord]
    waiting: list[RawRecord]


def through_gateway(events: Sequence[Event], fair: Fair) -> Passed:
    """Return what a gateway stores of events that are posted one by one, and what waits at the end.

    Each event meets a gateway that has just started. It remembers no earlier post, so a repeated one is stored again.

    Args:
        events: what happened, in the order in which it reaches the gateway.
        fair: with a register of badges.
    """
    book, passed = Book(), Passed([], [])
    for event in events:
        if isinstance(event, BadgeRegistered):
            book.take_badge(event)
            passed.stored.append(record_of(event, ()))
            _release(passed, book, event)
            continue
        terminal = _terminal_of(event, fair)
        body = json.dumps(_post_of(event, terminal)).encode()
        posting = read_posting(body, terminal, instant_text(event.received_at), event.clock_offset_ms)
        judged = Intake(fair, Remembered(1), book=book).judge(posting)
        assert judged.accepted == 1, judged.fates
        for record in judged.records:
            (passed.waiting if record.topic == UNRESOLVED.name else passed.stored).append(record)
    return passed


def _release(passed: Passed, book: Book, registration: BadgeRegistered) -> None:
    for record in list(passed.waiting):
        released = release_of(record.key, record.value, record.headers, book, registration.received_at)
        if released is not None:
            passed.waiting.remove(record)
            passed.stored.append(released.event)


def _post_of(event: Event, terminal: Terminal) -> dict[str, object]:
    stored = json.loads(encode(event))
    return {
        "specversion": "1.0",
        "id": stored["event_id"],
        "source": terminal.source,
        "type": stored["type"],
        "time": stored["occurred_at"],
        "data": {name: value for name, value in stored.items() if name not in SERVER_FIELDS},
    }


def _terminal_of(event: Event, fair: Fair) -> Terminal:
    """Return the terminal that posts an event, at the place that the event names; at a desk if it names none."""
    place, at = PlaceKind.DESK, ""
    if isinstance(event, ExhibitInteraction):
        owner = event.exhibitor_id
        place, at = PlaceKind.BOOTH, next(one for one, booth in fair.booths.items() if owner in booth.exhibitors)
    for kind, name in _PLACES:
        if (named := getattr(event, name, None)) is not None:
            place, at = kind, named
            break
    return Terminal(event.terminal_id, fair.fair_id, place, at, test=bool(event.test))
