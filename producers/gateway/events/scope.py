"""What a terminal may post: its own booth, gate or hall. The place comes from the token, not from the event."""

from collections.abc import Container

from producers.gateway.events.stamping import PLACE_FIELDS
from schemas.api.terminals import PlaceKind, Terminal
from schemas.codes import ScanKind
from schemas.errors import InvalidEvent
from schemas.events import DealRevision, Event, MeetingChanged, ScanAnnulled, VisitorScan, type_of
from schemas.fair.model import Fair
from schemas.topics import EVENT_CLASSES

_KINDS = {
    PlaceKind.BOOTH: frozenset({ScanKind.BOOTH}),
    PlaceKind.GATE: frozenset({ScanKind.ENTRY, ScanKind.EXIT}),
    PlaceKind.HALL: frozenset({ScanKind.ZONE_IN, ScanKind.ZONE_OUT}),
    PlaceKind.DESK: frozenset({ScanKind.SESSION}),
}
_POSTED_AT = {type_of(kind): kind.posted_at for kind in EVENT_CLASSES}


def check_scope(event: Event, terminal: Terminal, fair: Fair) -> None:
    """Raise InvalidEvent unless the terminal may post the event."""
    if terminal.place not in event.posted_at:
        places = " or ".join(sorted(event.posted_at)) or "nowhere"
        raise _out_of_scope("type", f"events of this type are posted at: {places}")
    if isinstance(event, VisitorScan) and event.scan_kind not in _KINDS[terminal.place]:
        raise _out_of_scope(
            "scan_kind",
            "this kind of scan is made elsewhere; ask the organiser for a token of the terminal's real place",
        )
    if isinstance(event, ScanAnnulled) and terminal.place not in _POSTED_AT[event.target_type]:
        raise _out_of_scope("target_type", "a terminal takes back only what it sent; no such event is posted here")
    _check_place(event, terminal, fair)
    if terminal.place is PlaceKind.BOOTH:
        _check_booth(event, terminal, fair)
    if isinstance(event, MeetingChanged):
        _check_meeting(event, fair)


def owner_of(stored_id: str, owners: Container[str]) -> str | None:
    """Return whose deal or meeting it is by its stored id: the longest id before a dot; None if none is there.

    Args:
        stored_id: of the deal or meeting.
        owners: the booths of the fair for a deal, its exhibitors for a meeting.
    """
    at = stored_id.rfind(".")
    while at > 0:
        if stored_id[:at] in owners:
            return stored_id[:at]
        at = stored_id.rfind(".", 0, at)
    return None


def _check_place(event: Event, terminal: Terminal, fair: Fair) -> None:
    """Raise InvalidEvent if a field names another place than the terminal's, or the hall of its booth.

    A desk has no place, so its events name none; only a deal that it posts may belong to any booth.
    """
    if terminal.place is PlaceKind.DESK and isinstance(event, DealRevision):
        return
    booth = fair.booths.get(terminal.place_id) if terminal.place is PlaceKind.BOOTH else None
    for place, name in PLACE_FIELDS.items():
        given = getattr(event, name, None)
        if given is None or (place is terminal.place and given == terminal.place_id):
            continue
        if place is PlaceKind.HALL and booth is not None and given == booth.hall:
            continue
        raise _out_of_scope(name, "leave it out: the server knows where the terminal stands")


def _check_booth(event: Event, terminal: Terminal, fair: Fair) -> None:
    """Raise InvalidEvent if an event is for an exhibitor, or about a deal, of another booth."""
    booth = fair.booths.get(terminal.place_id)
    exhibitor = getattr(event, "exhibitor_id", None)
    if exhibitor is not None and (booth is None or exhibitor not in booth.exhibitors):
        raise _out_of_scope("exhibitor_id", "post only for exhibitors of the terminal's own booth")
    if isinstance(event, DealRevision) and owner_of(event.deal_id, fair.booths) != terminal.place_id:
        raise _out_of_scope("deal_id", "it belongs to another booth")


def _check_meeting(event: MeetingChanged, fair: Fair) -> None:
    """Raise InvalidEvent if the stored id reads as that of another exhibitor, whose own id has a dot in it."""
    if owner_of(event.meeting_id, fair.exhibitors) not in (event.exhibitor_id, None):
        raise _out_of_scope("meeting_id", "begin it with something else: this is the id of another exhibitor")


def _out_of_scope(field: str, hint: str) -> InvalidEvent:
    return InvalidEvent("out_of_scope", f"{field}: the terminal may not post for this place", field=field, hint=hint)
