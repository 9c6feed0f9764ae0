"""What a terminal may post: its own booth, gate or hall. The place comes from the token, not from the event."""

from producers.gateway.stamping import PLACE_FIELDS
from schemas.codes import ScanKind
from schemas.errors import InvalidEvent
from schemas.events import DealCancelled, DealTerms, Event, ExhibitInteraction, VisitorScan
from schemas.fair import Fair
from schemas.terminals import PlaceKind, Terminal

_KINDS = {
    PlaceKind.BOOTH: frozenset({ScanKind.BOOTH}),
    PlaceKind.GATE: frozenset({ScanKind.ENTRY, ScanKind.EXIT}),
    PlaceKind.HALL: frozenset({ScanKind.ZONE_IN, ScanKind.ZONE_OUT}),
    PlaceKind.DESK: frozenset({ScanKind.SESSION}),
}


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
    for place, name in PLACE_FIELDS.items():
        given = getattr(scan, name)
        if given == (terminal.place_id if place is terminal.place else None):
            continue
        booth = fair.booths.get(terminal.place_id) if terminal.place is PlaceKind.BOOTH else None
        if name == "hall_id" and booth is not None and given == booth.hall:
            continue
        raise _out_of_scope(name, "leave it out: the server knows where the terminal stands")


def _out_of_scope(field: str, hint: str) -> InvalidEvent:
    return InvalidEvent("out_of_scope", f"{field}: the terminal may not post for this place", field=field, hint=hint)
