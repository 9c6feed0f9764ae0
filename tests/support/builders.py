"""Short builders of events at the fair `small`: a test states the fields that matter; the others are always the same.

    scan("ada")                                  Ada enters at the north gate at 11:00 on the first day
    scan("ada", kind="zone_out", dwell_ms=900)   and leaves hall h1
    touch("ada", kind="lead_captured")           at the night train
    annulled("ada", target=one.event_id)         a scan of Ada's is taken back
    registered("ada", country="DE")              what the register of badges says of Ada
    meeting("m-1", "held")                       a meeting at e3 is held
    deal("d-1", value=100_00, binding=True)      100 euros

Every builder takes the fields of its event by their names in JSON, and these words:
`at` and `received` (local text `"11:30"` on the first day, `"2025-10-26 12:00:00.250"` on any, or a datetime;
without `received` the event arrives the moment it happens), `terminal`, and `event_id` (each event has its own).
"""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from schemas.events import (
    BadgeRegistered,
    DealAmended,
    DealCancelled,
    DealSigned,
    Event,
    ExhibitInteraction,
    MeetingChanged,
    ScanAnnulled,
    VisitorScan,
)
from schemas.times import instant_text
from schemas.topics import key_of, topic_of
from schemas.wire import decode_strict, encode

RawRecord = tuple[str, int, int, bytes | None, bytes | None]
"""Topic, partition, offset, key, value."""

When = str | datetime

FAIR = "small-2025"
ZONE = ZoneInfo("Europe/Berlin")
FIRST_DAY, SECOND_DAY = "2025-10-25", "2025-10-26"
"""Open 09:00-18:00 and 10:00-16:00; summer time ends in the night between them."""

KAFKAS_HASHES = (
    ("21", -973_932_308),
    ("foobar", -790_332_482),
    ("a-little-bit-long-string", -985_981_536),
    ("a-little-bit-longer-string", -1_486_304_829),
    ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
    ("abc", 479_470_107),
)
"""Keys and their hashes in the tests of Kafka's own clients, as Java counts them."""

LATENESS = timedelta(seconds=30)
"""How long minutes stay open for late events, unless a test says otherwise."""

MORNING = "11:00"
PARTIES = ({"org_id": "o-1", "role": "seller", "country": "DE"}, {"org_id": "o-2", "role": "buyer", "country": "JP"})
PLACES = {
    "entry": {"gate_id": "north"},
    "exit": {"gate_id": "north"},
    "zone_in": {"hall_id": "h1"},
    "zone_out": {"hall_id": "h1"},
    "booth": {"booth_id": "h1-001"},
    "session": {},
}

_numbers = count(1)


def badge(name: str) -> str:
    """Return the pseudonym of a name, always the same one; a pseudonym is returned unchanged."""
    return name if re.fullmatch("([0-9a-f]{2}){16,32}", name) else hashlib.sha256(name.encode()).hexdigest()[:32]


def numbered_id(number: int) -> str:
    """Return the valid event id of this number."""
    return f"0199e000-0000-7000-8000-{number:012x}"


def local(when: When) -> datetime:
    """Return the instant of a local time: `"11:00"` on the first day, `"2025-10-26 11:00:30.5"` on any."""
    if isinstance(when, datetime):
        return when
    return datetime.fromisoformat(when if "-" in when else f"{FIRST_DAY} {when}").replace(tzinfo=ZONE)


def scan(
    who: str | None = "ada",
    kind: str = "entry",
    *,
    role: str | None = "visitor_professional",
    gate: str = "",
    hall: str = "",
    booth: str = "",
    **words: Any,
) -> VisitorScan:
    """Return a badge scan at the place its kind needs (north gate, hall h1, booth h1-001); `who` is None if unknown.

    Without a role the scan leaves it to the register of badges.
    """
    given = {"gate_id": gate, "hall_id": hall, "booth_id": booth, "badge_role": role or ""}
    place = PLACES[kind] | {field: name for field, name in given.items() if name}
    event = _event("fair.visitor.scanned.v1", {"scan_kind": kind, **_who(who), **place}, **words)
    assert isinstance(event, VisitorScan)
    return event


def touch(
    who: str | None = "ada",
    kind: str = "demo_started",
    *,
    exhibit: str = "night-train",
    exhibitor: str = "e3",
    **words: Any,
) -> ExhibitInteraction:
    """Return an interaction at an exhibit; None for an unknown visitor."""
    fields = {"interaction_kind": kind, "exhibit_id": exhibit, "exhibitor_id": exhibitor, **_who(who)}
    event = _event("fair.exhibit.interaction.v1", fields, **words)
    assert isinstance(event, ExhibitInteraction)
    return event


def annulled(who: str | None = "ada", *, target: str = "", **words: Any) -> ScanAnnulled:
    """Return the annulment of the event with this id, by default of a scan that nobody sent."""
    fields = {
        "target": target or numbered_id(next(_numbers)),
        "target_type": "fair.visitor.scanned.v1",
        "why": "mistake",
        **_who(who),
    }
    event = _event("fair.scan.annulled.v1", fields, **words)
    assert isinstance(event, ScanAnnulled)
    return event


def registered(
    who: str = "ada",
    role: str = "visitor_public",
    *,
    revision: int = 1,
    country: str | None = None,
    exhibitor: str | None = None,
    **words: Any,
) -> BadgeRegistered:
    """Return what the register says of a person, by default a public visitor of unknown residence."""
    fields = {"badge_ref": badge(who), "revision": revision, "role": role}
    given = {"residence_country": country, "exhibitor_id": exhibitor}
    fields |= {field: value for field, value in given.items() if value is not None}
    event = _event("fair.badge.registered.v1", fields, **words)
    assert isinstance(event, BadgeRegistered)
    return event


def meeting(meeting_id: str = "m-1", step: str = "invited", *, exhibitor: str = "e3", **words: Any) -> MeetingChanged:
    """Return a step of a meeting of an exhibitor and a visitor."""
    fields = {"meeting_id": meeting_id, "step": step, "exhibitor_id": exhibitor}
    event = _event("fair.meeting.changed.v1", fields, **words)
    assert isinstance(event, MeetingChanged)
    return event


def deal(deal_id: str = "d-1", **words: Any) -> DealSigned:
    """Return a deal signed, by default an undisclosed intent at e1; `value` is in cents of `currency` (EUR)."""
    event = _deal("fair.deal.signed.v1", {"deal_id": deal_id, "revision": 1}, **words)
    assert isinstance(event, DealSigned)
    return event


def amended(deal_id: str = "d-1", revision: int = 2, **words: Any) -> DealAmended:
    """Return a deal amended: its full new state."""
    fields = {"deal_id": deal_id, "revision": revision, "change_kind": "business_change"}
    event = _deal("fair.deal.amended.v1", fields, **words)
    assert isinstance(event, DealAmended)
    return event


def cancelled(deal_id: str = "d-1", revision: int = 2, **words: Any) -> DealCancelled:
    """Return a deal cancelled."""
    fields = {"deal_id": deal_id, "revision": revision, "reason": "withdrawn"}
    event = _event("fair.deal.cancelled.v1", fields, **words)
    assert isinstance(event, DealCancelled)
    return event


def payload(event: Event) -> dict[str, Any]:
    """Return the event as its JSON object."""
    fields: dict[str, Any] = json.loads(encode(event))
    return fields


def record(event: Event, offset: int = 0, partition: int = 0) -> RawRecord:
    """Return the event as a raw Kafka record of its topic, with its key."""
    return (topic_of(event).name, partition, offset, key_of(event), encode(event))


def records(events: Iterable[Event], partition: int = 0) -> list[RawRecord]:
    """Return raw records of one partition number, each topic's offsets counted from 0."""
    offsets: dict[str, int] = {}
    made = []
    for event in events:
        topic = topic_of(event).name
        made.append(record(event, offsets.get(topic, 0), partition))
        offsets[topic] = offsets.get(topic, 0) + 1
    return made


def _who(name: str | None) -> dict[str, Any]:
    return {"badge_ref": None if name is None else badge(name)}


def _deal(
    kind: str,
    fields: dict[str, Any],
    *,
    value: int | None = None,
    currency: str = "EUR",
    at: When = MORNING,
    signed: When | None = None,
    **words: Any,
) -> Event:
    terms = {
        "outcome_kind": "transaction",
        "stage": "intent",
        "binding": False,
        "section": "finance",
        "parties": PARTIES,
        "signed_at": instant_text(local(at if signed is None else signed)),
    }
    money = {} if value is None else {"value_minor": value, "currency": currency, "value_basis": "total_contract"}
    return _event(kind, fields | terms | money, at=at, **words)


def _event(
    kind: str,
    fields: dict[str, Any],
    *,
    at: When = MORNING,
    received: When | None = None,
    terminal: str = "t-1",
    event_id: str = "",
    **more: Any,
) -> Event:
    envelope = {
        "type": kind,
        "event_id": event_id or numbered_id(next(_numbers)),
        "fair_id": FAIR,
        "terminal_id": terminal,
        "occurred_at": instant_text(local(at)),
        "received_at": instant_text(local(at if received is None else received)),
    }
    return decode_strict(json.dumps(envelope | fields | more).encode())
