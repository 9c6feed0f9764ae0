"""The second stage, from a posted CloudEvent to the event as it would be stored: the server's stamps, and the place.

Fair, terminal, place and time of arrival come from the token and the server's clock, never from the event. The result
may still turn out not to be a valid event.
"""

from dataclasses import fields
from typing import Any, Final, NamedTuple

from producers.gateway.events.bounds import check_shape, check_size
from producers.gateway.events.envelope import Opened, event_id_of
from producers.gateway.events.reading import Posting
from schemas.api.http import SERVER_FIELDS
from schemas.api.terminals import PlaceKind, Terminal
from schemas.errors import InvalidEvent
from schemas.events import fields_of, type_of
from schemas.ids import EventId
from schemas.topics import EVENT_CLASSES

PLACE_FIELDS: Final = {PlaceKind.BOOTH: "booth_id", PlaceKind.GATE: "gate_id", PlaceKind.HALL: "hall_id"}
"""The field of an event that names the place of its terminal. A desk has no place."""

_FIELDS: Final = {type_of(kind): frozenset(field.name for field in fields(kind)) for kind in EVENT_CLASSES}
"""The fields of every type of event."""
_IDS: Final = {type_of(kind): frozenset(fields_of(kind, EventId)) - {"event_id"} for kind in EVENT_CLASSES}
"""By type, the fields that hold the id of another event of the terminal."""


class ServersField(InvalidEvent):
    """The data of an event has a field that only the server sets."""


class Stamped(NamedTuple):
    """An event as it would be stored.

    Attributes:
        fields: of the event, including those that the server sets.
        opened: the event as it was posted.
    """

    fields: dict[str, Any]
    opened: Opened


def stamp(opened: Opened, posting: Posting) -> Stamped:
    """Return a posted event as it would be stored.

    Args:
        opened: the event; its data becomes that of the stored one.
        posting: the posting that it came in.

    Raises:
        InvalidEvent: its data sets a field that only the server may set, or is too large.
    """
    data, envelope = opened.data, opened.envelope
    check_shape(data)
    if not SERVER_FIELDS.isdisjoint(data):
        check_size(opened.item)
        name = min(SERVER_FIELDS & data.keys())
        raise ServersField(
            "unknown_field", f"{name}: the server sets this field", field=name, hint="leave it out of `data`"
        )
    kind, terminal = envelope.type, posting.terminal
    _stamp_place(data, kind, terminal)
    for name in _IDS[kind]:
        given = data.get(name)
        if isinstance(given, str):
            data[name] = event_id_of(envelope.source, given) or given
    data["type"] = kind
    data["event_id"] = envelope.event_id
    data["fair_id"] = terminal.fair_id
    data["terminal_id"] = terminal.terminal_id
    data["occurred_at"] = envelope.occurred_at
    data["received_at"] = posting.received
    data["clock_offset_ms"] = posting.clock_offset_ms
    if terminal.test:
        data["test"] = True
    return Stamped(data, opened)


def _stamp_place(given: dict[str, Any], kind: str, terminal: Terminal) -> None:
    """Write the terminal's place into an event that leaves it out. Put deals under their booth, meetings under whose.

    A deal `D-9` of booth `B` is stored as `B.D-9`, so no booth can amend or cancel the deal of another. A meeting `M-1`
    of exhibitor `E` is stored as `E.M-1`: it is the same one at the booth and at a desk, and two exhibitors may use the
    same numbers.
    """
    name, known = PLACE_FIELDS.get(terminal.place), _FIELDS.get(kind, frozenset())
    if name in known and given.get(name) is None:
        given[name] = terminal.place_id
    if terminal.place is PlaceKind.BOOTH and "deal_id" in known:
        _put_under(given, "deal_id", terminal.place_id)
    if "meeting_id" in known:
        _put_under(given, "meeting_id", given.get("exhibitor_id"))


def _put_under(given: dict[str, Any], field: str, owner: object) -> None:
    """Write a number under the id of its owner, unless it is there already."""
    number = given.get(field)
    if isinstance(number, str) and isinstance(owner, str) and not number.startswith(f"{owner}."):
        given[field] = f"{owner}.{number}"
