"""The second stage, from a posted CloudEvent to the event as it would be stored: the server's stamps, and the place.

Fair, terminal, place and time of arrival come from the token and the server's clock, never from the event. The result
may still turn out not to be a valid event.
"""

from dataclasses import fields
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from producers.gateway.bounds import check_shape, check_size
from producers.gateway.reading import Posting
from schemas.api.http import FIELDS_MAX, SERVER_FIELDS, CloudEvent, canonical_id
from schemas.api.terminals import PlaceKind, Terminal
from schemas.errors import InvalidEvent
from schemas.events import type_of
from schemas.plain import plain_validator
from schemas.topics import EVENT_CLASSES

PLACE_FIELDS: Final = {PlaceKind.BOOTH: "booth_id", PlaceKind.GATE: "gate_id", PlaceKind.HALL: "hall_id"}
"""The field of an event that names the place of its terminal. A desk has no place."""

_FIELDS: Final = {type_of(kind): frozenset(field.name for field in fields(kind)) for kind in EVENT_CLASSES}
"""The fields of every type of event."""
_ATTRIBUTES: Final = {"event_id": "id", "occurred_at": "time", "type": "type"}
"""Fields of a stored event that are attributes of the posted one; all others are in its `data`."""
_CLOUD_EVENT: Final = plain_validator(TypeAdapter(CloudEvent)).validate_python
_ENVELOPE: Final = {
    "missing": ("missing_field", "a required field is missing"),
    "unexpected_keyword_argument": ("unknown_field", "no event has this field"),
    "extra_forbidden": ("unknown_field", "no event has this field"),
    "too_long": ("too_many_fields", f"an object of an event has at most {FIELDS_MAX} fields"),
}
"""The reason and the message for each of pydantic's types of errors."""


class Misposted(InvalidEvent):
    """The posted object is not a CloudEvent of this terminal.

    Attributes:
        pointer: JSON pointer to the wrong part of the posted event.
    """

    def __init__(self, reason: str, message: str, *, field: str = "", hint: str, pointer: str = "") -> None:
        super().__init__(reason, message, field=field, hint=hint)
        self.pointer = pointer


class Stamped(NamedTuple):
    """An event as it would be stored.

    Attributes:
        fields: of the event, including those that the server sets.
        item: the event as it was posted.
    """

    fields: dict[str, Any]
    item: dict[str, Any]


def stamp(item: object, posting: Posting) -> Stamped:
    """Return a posted event as it would be stored.

    Args:
        item: the event as plain values. It is not changed.
        posting: the posting that it came in.

    Raises:
        InvalidEvent: it is not a CloudEvent of this terminal, or sets a field that only the server may set.
    """
    if not isinstance(item, dict):
        raise InvalidEvent("not_json", "an event is a JSON object", hint="send CloudEvents 1.0, structured")
    check_shape(item)
    try:
        return Stamped(_fields(item, posting), item)
    except InvalidEvent:
        check_size(item)
        raise


def pointer_of(error: InvalidEvent) -> str:
    """Return a JSON pointer to the refused part of the posted event."""
    if isinstance(error, Misposted):
        return error.pointer
    if not error.field:
        return ""
    head, *rest = error.field.split(".")
    where = ["", _ATTRIBUTES[head]] if head in _ATTRIBUTES else ["", "data", head]
    return "/".join([*where, *rest])


def _fields(item: dict[str, Any], posting: Posting) -> dict[str, Any]:
    try:
        posted: CloudEvent = _CLOUD_EVENT(item)
    except ValidationError as error:
        raise _explain(error) from None
    if posted.source != posting.source:
        raise Misposted(
            "wrong_source",
            "source: this is not the address of the terminal that the token belongs to",
            field="source",
            hint="take it from GET /v1/terminal",
            pointer="/source",
        )
    given, terminal = posted.data, posting.terminal  # pydantic made this dictionary: we may change it
    if not SERVER_FIELDS.isdisjoint(given):
        name = min(SERVER_FIELDS & given.keys())
        raise Misposted(
            "unknown_field",
            f"{name}: the server sets this field",
            field=name,
            hint="leave it out of `data`",
            pointer=f"/data/{name}",
        )
    _stamp_place(given, posted.type, terminal)
    given["type"] = posted.type
    given["event_id"] = canonical_id(posted.id)
    given["fair_id"] = terminal.fair_id
    given["terminal_id"] = terminal.terminal_id
    given["occurred_at"] = posted.time
    given["received_at"] = posting.received
    given["clock_offset_ms"] = posting.clock_offset_ms
    return given


def _stamp_place(given: dict[str, Any], kind: str, terminal: Terminal) -> None:
    """Write the terminal's place into an event that leaves it out, and a booth's deals under the booth.

    A deal `D-9` of booth `B` is stored as `B.D-9`, so no booth can amend or cancel the deal of another.
    """
    name, known = PLACE_FIELDS.get(terminal.place), _FIELDS.get(kind, frozenset())
    if name in known and given.get(name) is None:
        given[name] = terminal.place_id
    if terminal.place is PlaceKind.BOOTH and "deal_id" in known:
        deal = given.get("deal_id")
        if isinstance(deal, str) and not deal.startswith(f"{terminal.place_id}."):
            given["deal_id"] = f"{terminal.place_id}.{deal}"


def _explain(error: ValidationError) -> InvalidEvent:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    reason, message = _ENVELOPE.get(first["type"], ("bad_value", "the value is not valid"))
    name = str(first["loc"][0]) if first["loc"] and reason != "unknown_field" else ""
    where = f"{name}: " if name else ""
    pointer = f"/{name}" if name else ""
    return Misposted(reason, f"{where}{message}", field=name, hint="see CloudEvent in /openapi.json", pointer=pointer)
