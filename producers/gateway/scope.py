"""What a terminal may post: its own booth, gate or hall. The place comes from the token, not from the event."""

from typing import Any

from schemas.api.http import SERVER_FIELDS
from schemas.api.terminals import PlaceKind, Terminal
from schemas.codes import ScanKind
from schemas.errors import InvalidEvent
from schemas.events import DealCancelled, DealTerms, Event, ExhibitInteraction, VisitorScan
from schemas.fair.model import Fair

_FIELD = {PlaceKind.BOOTH: "booth_id", PlaceKind.GATE: "gate_id", PlaceKind.HALL: "hall_id"}
_KINDS = {
    PlaceKind.BOOTH: frozenset({ScanKind.BOOTH}),
    PlaceKind.GATE: frozenset({ScanKind.ENTRY, ScanKind.EXIT}),
    PlaceKind.HALL: frozenset({ScanKind.ZONE_IN, ScanKind.ZONE_OUT}),
    PlaceKind.DESK: frozenset({ScanKind.SESSION}),
}
_BOOTH_EVENTS = ("fair.visitor.scanned.", "fair.deal.")


def stamp_place(kind: object, data: dict[str, Any], terminal: Terminal) -> None:
    """Write the terminal's place into the data of an event where it is left out, and its deals under its booth.

    A deal `D-9` of booth `B` is stored as `B.D-9`, so no booth can amend or cancel the deal of another.

    Raises:
        InvalidEvent: `data` holds a field that only the server sets.
    """
    if not SERVER_FIELDS.isdisjoint(data):
        field = min(SERVER_FIELDS & data.keys())
        raise InvalidEvent("unknown_field", f"{field}: the server sets it", field=field, hint="leave it out of `data`")
    name = _FIELD.get(terminal.place)
    if name is None or not isinstance(kind, str):
        return
    if terminal.place is PlaceKind.BOOTH:
        if kind.startswith(_BOOTH_EVENTS) and data.get(name) is None:
            data[name] = terminal.place_id
        deal = data.get("deal_id")
        if isinstance(deal, str) and kind.startswith("fair.deal.") and not deal.startswith(f"{terminal.place_id}."):
            data["deal_id"] = f"{terminal.place_id}.{deal}"
    elif kind.startswith("fair.visitor.scanned.") and data.get(name) is None:
        data[name] = terminal.place_id


def check_scope(event: Event, terminal: Terminal, fair: Fair) -> None:
    """Raise InvalidEvent unless the terminal may post the event."""
    match event:
        case VisitorScan():
            _check_scan(event, terminal, fair)
        case ExhibitInteraction():
            if terminal.place is not PlaceKind.BOOTH:
                raise _out_of_scope("type", "only a booth's terminal posts interactions")
            booth = fair.booths.get(terminal.place_id)
            if booth is None or event.exhibitor_id not in booth.exhibitors:
                raise _out_of_scope("exhibitor_id", "post for exhibitors of the terminal's own booth")
        case DealTerms() | DealCancelled():
            if terminal.place is PlaceKind.DESK:
                return
            if terminal.place is not PlaceKind.BOOTH:
                raise _out_of_scope("type", "only booths and desks post deals")
            if event.booth_id != terminal.place_id:
                raise _out_of_scope("booth_id", "leave it out: the server knows the booth")
            if booth_of_deal(event.deal_id, fair) != terminal.place_id:
                raise _out_of_scope("deal_id", "the deal belongs to another booth")
        case _:
            raise _out_of_scope("type", "no terminal posts events of this type")


def booth_of_deal(deal_id: str, fair: Fair) -> str | None:
    """Return the booth under which a deal is stored: the longest booth id before a dot; None if there is none."""
    at = deal_id.rfind(".")
    while at > 0:
        if deal_id[:at] in fair.booths:
            return deal_id[:at]
        at = deal_id.rfind(".", 0, at)
    return None


def _check_scan(scan: VisitorScan, terminal: Terminal, fair: Fair) -> None:
    if scan.scan_kind not in _KINDS[terminal.place]:
        raise _out_of_scope("scan_kind", "this kind of scan is made elsewhere; pair the terminal with its real place")
    allowed: dict[str, str | None] = dict.fromkeys(_FIELD.values())
    if terminal.place is not PlaceKind.DESK:
        allowed[_FIELD[terminal.place]] = terminal.place_id
    for name, own in allowed.items():
        given = getattr(scan, name)
        if given == own:
            continue
        booth = fair.booths.get(terminal.place_id) if terminal.place is PlaceKind.BOOTH else None
        if name == "hall_id" and booth is not None and given == booth.hall:
            continue
        raise _out_of_scope(name, "leave it out: the server knows where the terminal stands")


def _out_of_scope(field: str, hint: str) -> InvalidEvent:
    return InvalidEvent("out_of_scope", f"{field}: the terminal may not post for this place", field=field, hint=hint)
