"""Does a well-formed event make sense at this fair? The oracle's own answer, from the fair file alone."""

from streams.audit.recount.fair import OracleFair
from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.times import epoch_ms

ANNULLED = "fair.scan.annulled.v1"
REGISTERED = "fair.badge.registered.v1"
CANCELLED = "fair.deal.cancelled.v1"
AGREED = ("fair.deal.signed.v1", "fair.deal.amended.v1")
"""Types that carry the terms of a deal."""


def unfit(event: JsonEvent, fair: OracleFair) -> str:
    """Return why a well-formed event does not make sense at this fair; empty if it does."""
    if event["fair_id"] != fair.fair_id:
        return "wrong_fair"
    kind = event["type"]  # not by its fields: any event may carry unknown ones
    if kind == "fair.visitor.scanned.v1":
        return _unfit_scan(event, fair)
    if kind == "fair.exhibit.interaction.v1":
        if event.get("source_type") == "ble_rollup":
            return "bad_value"
        owner = fair.exhibit_owner.get(event["exhibit_id"])
        return "" if owner is not None and owner == event["exhibitor_id"] else "unknown_place"
    if kind == ANNULLED:
        return _unfit_annulment(event, fair)
    if kind == "fair.meeting.changed.v1":
        return "" if event["exhibitor_id"] in fair.section_of else "unknown_place"
    if kind == REGISTERED:
        return _unfit_registration(event, fair)
    return _unfit_deal(event, fair) if kind in AGREED else ""


def _unfit_scan(scan: JsonEvent, fair: OracleFair) -> str:
    kind = scan["scan_kind"]
    if scan.get("badge_role") is None and not fair.has_register:
        return "missing_field"
    if kind == "session":
        return ""
    field, known = {
        "entry": ("gate_id", fair.gates.keys()),
        "exit": ("gate_id", fair.gates.keys()),
        "booth": ("booth_id", fair.booths),
    }.get(kind, ("hall_id", fair.halls))
    place = scan.get(field)
    if place is None:
        return "missing_field"
    if place not in known:
        return "unknown_place"
    if field == "gate_id" and scan.get("badge_ref") is None and scan.get("result") != "denied":
        return "" if scan.get("test") else "missing_field"
    return ""


def _unfit_annulment(annulment: JsonEvent, fair: OracleFair) -> str:
    """A named place exists, an annulment at a gate has a badge unless it is a test, and no event annuls itself."""
    for field, known in (("gate_id", fair.gates.keys()), ("hall_id", fair.halls), ("booth_id", fair.booths)):
        if annulment.get(field) is not None and annulment[field] not in known:
            return "unknown_place"
    if annulment.get("gate_id") is not None and annulment.get("badge_ref") is None and not annulment.get("test"):
        return "missing_field"
    return "bad_value" if annulment["target"] == annulment["event_id"] else ""


def _unfit_registration(person: JsonEvent, fair: OracleFair) -> str:
    """There is a register, and an exhibitor is named for its staff alone."""
    if not fair.has_register:
        return "no_register"
    exhibitor = person.get("exhibitor_id")
    if exhibitor is not None and exhibitor not in fair.section_of:
        return "unknown_place"
    return "bad_value" if exhibitor is not None and person["role"] != "exhibitor_staff" else ""


def _unfit_deal(deal: JsonEvent, fair: OracleFair) -> str:
    booth = deal.get("booth_id")
    if deal["section"] not in fair.sections or (booth is not None and booth not in fair.booths):
        return "unknown_place"
    if deal.get("value_minor") is None:
        return ""
    if deal.get("currency") is None:
        return "missing_field"
    if deal["currency"] not in fair.minor_digits:
        return "unknown_currency"
    signed_on = fair.local_day(epoch_ms(deal["signed_at"]))
    counted = fair.reported(deal["value_minor"], deal["currency"], signed_on)
    return "" if counted < 2**63 else "bad_value"
