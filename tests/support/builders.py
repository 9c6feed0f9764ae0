"""Short builders of events at the fair `small`: a test states what matters, the rest is made up, always alike.

    scan("ada")                                  Ada enters at the north gate at 11:00 on the first day
    scan("ada", kind="zone_out", dwell_ms=900)   and leaves hall h1
    touch("ada", kind="lead_captured")           at the night train
    deal("d-1", value=100_00, binding=True)      100 euros

Times are `datetime`s or local text: `"11:30"` is on the first day, `"2025-10-26 12:00:00.250"` on any.
Every event has an id of its own unless `event_id` says otherwise.
"""

import hashlib
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from schemas.events import DealAmended, DealCancelled, DealSigned, ExhibitInteraction, VisitorScan
from schemas.ids import BADGE_PATTERN

RawRecord = tuple[str, int, int, bytes | None, bytes | None]
"""Topic, partition, offset, key, value."""

FAIR = "small-2025"
ZONE = ZoneInfo("Europe/Berlin")
FIRST_DAY, SECOND_DAY = "2025-10-25", "2025-10-26"
"""09:00-18:00 and 10:00-16:00; summer time ends in the night between them."""

MORNING = "11:00"
PARTIES = ({"org_id": "o-1", "role": "seller", "country": "DE"}, {"org_id": "o-2", "role": "buyer", "country": "JP"})

_numbers = count(1)


def badge(name: str) -> str:
    """Return the pseudonym of a name: always the same; what is a pseudonym already stays as it is."""
    return name if BADGE_PATTERN.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:32]


def event_id(number: int | None = None) -> str:
    """Return a valid UUID for the number, or the next one."""
    return f"0199e000-0000-7000-8000-{next(_numbers) if number is None else number:012x}"


def at(when: str | datetime) -> datetime:
    """Return the instant of a local time, `"11:00"` (first day) or `"2025-10-26 11:00:30.5"`."""
    if isinstance(when, datetime):
        return when
    text = when if "-" in when else f"{FIRST_DAY} {when}"
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def scan(
    who: str | None = "ada",
    *,
    kind: str = "entry",
    gate: str = "north",
    hall: str = "h1",
    booth: str = "h1-001",
    role: str = "visitor_professional",
    **more: Any,
) -> VisitorScan:
    """Return a badge scan. The place that its kind needs is filled in; `who=None` is anonymous."""
    place = {"entry": "gate", "exit": "gate", "zone_in": "hall", "zone_out": "hall", "booth": "booth"}.get(kind)
    where = {"gate": gate, "hall": hall, "booth": booth}
    event = _event(
        "fair.visitor.scanned.v1",
        more,
        scan_kind=kind,
        badge_ref=None if who is None else badge(who),
        badge_role=role,
        **({f"{place}_id": where[place]} if place else {}),
    )
    assert isinstance(event, VisitorScan)
    return event


def touch(
    who: str | None = "ada",
    *,
    kind: str = "demo_started",
    exhibit: str = "night-train",
    exhibitor: str = "e3",
    **more: Any,
) -> ExhibitInteraction:
    """Return an interaction at an exhibit; `who=None` is anonymous."""
    event = _event(
        "fair.exhibit.interaction.v1",
        more,
        interaction_kind=kind,
        badge_ref=None if who is None else badge(who),
        exhibit_id=exhibit,
        exhibitor_id=exhibitor,
    )
    assert isinstance(event, ExhibitInteraction)
    return event


def deal(deal_id: str = "d-1", **more: Any) -> DealSigned:
    """Return a deal signed; see `_terms` for its words."""
    event = _event("fair.deal.signed.v1", more, **_terms(deal_id, {"revision": 1} | more, more))
    assert isinstance(event, DealSigned)
    return event


def amended(
    deal_id: str = "d-1", *, revision: int = 2, change_kind: str = "business_change", **more: Any
) -> DealAmended:
    """Return a deal amended: its full new state."""
    terms = _terms(deal_id, {"revision": revision} | more, more)
    event = _event("fair.deal.amended.v1", more, change_kind=change_kind, **terms)
    assert isinstance(event, DealAmended)
    return event


def cancelled(deal_id: str = "d-1", *, revision: int = 2, reason: str = "withdrawn", **more: Any) -> DealCancelled:
    """Return a deal cancelled."""
    event = _event("fair.deal.cancelled.v1", more, deal_id=deal_id, revision=revision, reason=reason)
    assert isinstance(event, DealCancelled)
    return event
