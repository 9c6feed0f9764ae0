"""The oracle's own reading of a raw record: an event as a plain dict, or the reason why it is rejected.

It is written from the contract alone and imports nothing from the product. So the two can disagree, and tests notice.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.audit.recount.fair import OracleFair

JsonEvent = dict[str, Any]
Check = Callable[[Any], bool]
Field = tuple[str, bool, Check]

LARGEST = 65_536
MOST_PARTIES = 32
DEEPEST = 201
"""Deepest nesting of brackets that the product's JSON readers accept."""


def is_text(pattern: str) -> Check:
    """Return a check for text that matches a pattern from beginning to end."""
    matches = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and matches(value) is not None


def is_word(words: str) -> Check:
    """Return a check for one of the words, given as one text with spaces between them."""
    known = frozenset(words.split())
    return lambda value: type(value) is str and value in known


def is_whole(least: int, most: int) -> Check:
    """Return a check for a whole number within bounds, both included; true and false are not numbers."""
    return lambda value: type(value) is int and least <= value <= most


def is_flag(value: Any) -> bool:
    """Return whether a value is true or false."""
    return type(value) is bool


def is_instant(value: Any) -> bool:
    """Return whether a value is the text of an instant."""
    return type(value) is str and to_instant(value) is not None


def to_instant(text: str) -> datetime | None:
    """Return the instant in UTC, or None if the text is not an RFC 3339 time of the years 2000-2099."""
    if not _INSTANT(text):
        return None
    try:
        instant = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
    return instant if 2000 <= instant.year <= 2099 else None


def epoch_ms(text: str) -> int:
    """Return the milliseconds since 1970 of a time that was already checked, rounded down."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MS


_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_INSTANT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:[0-5]\d)", re.ASCII).fullmatch

name = is_text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
uuid = is_text(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
epoch = is_text(r"[0-9a-f]{8}")
badge = is_text(r"([0-9a-f]{2}){16,32}")
country = is_text(r"[A-Z]{2}")
currency = is_text(r"[A-Z]{3}")
day_of_ms = is_whole(0, 86_400_000)
roles = is_word(
    "visitor_professional visitor_public exhibitor_staff media speaker delegate vip_gov organiser contractor security"
)
deny_reasons = is_word(
    "invalid unpaid blocked invalid_time canceled already_redeemed product rules ambiguous revoked error wrong_day "
    "wrong_zone no_exit_before_entry unknown_badge"
)
interactions = is_word(
    "demo_started demo_completed touch_session video_view ar_vr_session brochure_download qr_open sample_request "
    "question_asked meeting_booked meeting_held quote_requested lead_captured survey_submitted"
)
outcomes = is_word(
    "transaction investment first_launch strategic_agreement authoritative_release alliance_platform "
    "selection_recommendation"
)
services = is_word(
    "manufacturing maintenance_repair transport travel construction insurance_pension financial intellectual_property "
    "telecom_computer_information other_business personal_cultural_recreational government unclassified"
)


def needed(field: str, check: Check) -> Field:
    """Return a field that must be there."""
    return field, True, check


def optional(field: str, check: Check) -> Field:
    """Return a field that may be left out, because it has a default, but may not be null."""
    return field, False, check


def nullable(field: str, check: Check) -> Field:
    """Return a field that may be left out or null."""
    return field, False, lambda value: value is None or check(value)


ENVELOPE = (
    needed("event_id", uuid),
    needed("fair_id", name),
    needed("terminal_id", name),
    nullable("terminal_seq", is_whole(0, 2**63 - 1)),
    nullable("terminal_epoch", epoch),
    needed("occurred_at", is_instant),
    needed("received_at", is_instant),
    optional("clock_offset_ms", is_whole(-(10**11), 10**11)),
    optional("capture", is_word("online offline_replay manual_backfill")),
)
SCAN = (
    *ENVELOPE,
    optional("source_type", is_word("qr barcode nfc rfid face_token ble_rollup manual")),
    needed("scan_kind", is_word("entry exit zone_in zone_out booth session")),
    nullable("badge_ref", badge),
    needed("badge_role", roles),
    nullable("residence_country", country),
    optional("result", is_word("accepted denied")),
    nullable("reason", deny_reasons),
    optional("forced", is_flag),
    nullable("gate_id", name),
    nullable("hall_id", name),
    nullable("booth_id", name),
    nullable("dwell_ms", day_of_ms),
)
INTERACTION = (
    *ENVELOPE,
    needed("interaction_kind", interactions),
    needed("exhibit_id", name),
    needed("exhibitor_id", name),
    nullable("badge_ref", badge),
    nullable("session_id", uuid),
    nullable("duration_ms", day_of_ms),
    nullable("rating", is_whole(0, 5)),
)
ANNULMENT = (
    *ENVELOPE,
    needed("target", uuid),
    needed("target_type", is_word("fair.visitor.scanned.v1 fair.exhibit.interaction.v1")),
    nullable("badge_ref", badge),
    needed("why", is_word("mistake wrong_badge wrong_choice test")),
    nullable("gate_id", name),
    nullable("hall_id", name),
    nullable("booth_id", name),
)
PARTY = (
    needed("org_id", name),
    needed("role", is_word("seller buyer partner investor government")),
    needed("country", country),
    optional("exhibitor", is_flag),
)
REVISION = (*ENVELOPE, needed("deal_id", name), needed("revision", is_whole(1, 1_000_000)))
TERMS = (
    *REVISION,
    needed("outcome_kind", outcomes),
    needed("stage", is_word("intent mou framework contract purchase_order")),
    needed("binding", is_flag),
    nullable("value_minor", is_whole(0, 2**53 - 1)),
    nullable("currency", currency),
    optional("value_basis", is_word("total_contract annual_intended investment_commitment undisclosed")),
    nullable("term_months", is_whole(1, 1_200)),
    needed("parties", lambda value: type(value) is list and value != []),
    needed("section", name),
    optional(
        "trade_direction",
        is_word("export import domestic inbound_investment outbound_investment n/a"),
    ),
    optional("ebops_main", services),
    nullable("mode_of_supply", is_whole(1, 4)),
    optional("location", is_word("on_floor signing_ceremony off_floor online")),
    optional("pre_signed", is_flag),
    needed("signed_at", is_instant),
    nullable("booth_id", name),
)
ANNULLED = "fair.scan.annulled.v1"
CANCELLED = "fair.deal.cancelled.v1"
AGREED = ("fair.deal.signed.v1", "fair.deal.amended.v1")
"""Types that carry the terms of a deal."""
TYPES: Mapping[str, Mapping[str, tuple[Field, ...]]] = {
    "fair.scans": {"fair.visitor.scanned.v1": SCAN, ANNULLED: ANNULMENT},
    "fair.interactions": {"fair.exhibit.interaction.v1": INTERACTION},
    "fair.deals": {
        "fair.deal.signed.v1": TERMS,
        "fair.deal.amended.v1": (*TERMS, needed("change_kind", is_word("correction business_change"))),
        CANCELLED: (
            *REVISION,
            needed("reason", is_word("withdrawn duplicate error condition_failed superseded")),
            nullable("booth_id", name),
        ),
    },
}


def read_event(topic: str, raw: bytes | None, fair: OracleFair) -> JsonEvent | str:
    """Return the event, or the reason why the record is rejected.

    Raises:
        LookupError: the recount does not know the topic.
    """
    if topic not in TYPES:
        raise LookupError(
            f"the recount does not know the topic {topic}; in streams/audit/recount/rules.py add it to TYPES, "
            "with its types and their fields as the classes in schemas/events.py have them"
        )
    if not raw:
        return "empty"
    if len(raw) > LARGEST:
        return "too_large"
    event = parse(raw)
    if event is None:
        return "not_json"
    fields = TYPES[topic].get(event["type"]) if type(event.get("type")) is str else None
    fault = "unknown_type" if fields is None else first_fault(event, fields)
    if fault:
        return other_json(raw) or fault
    return unfit(event, fair) or event


def parse(raw: bytes) -> JsonEvent | None:
    """Return the JSON object, or None if the bytes are not one. NaN and duplicate keys pass here: see `other_json`."""
    try:
        text = raw.decode()
        value = json.loads(text)
        if r"\ud" in text or r"\uD" in text:
            # A lone surrogate is not text. Read as pairs, so that no value is hidden by a duplicate key.
            json.dumps(json.loads(text, object_pairs_hook=list), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if raw.count(b"[") + raw.count(b"{") > DEEPEST and depth(value) > DEEPEST:
        return None
    return value if type(value) is dict else None


def depth(value: Any) -> int:
    """Return how deeply objects and arrays are nested; 0 for a plain value."""
    inner = value.values() if type(value) is dict else value if type(value) is list else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def other_json(raw: bytes) -> str:
    """Return a fault of the JSON itself in an event that is refused anyway, or nothing. It takes over as the reason."""
    found = []

    def pairs(members: list[tuple[str, Any]]) -> JsonEvent:
        if len(dict(members)) < len(members):
            found.append("duplicate_key")
        return dict(members)

    json.loads(raw, object_pairs_hook=pairs, parse_constant=lambda _: found.append("not_json"))
    return found[0] if found else ""


def first_fault(event: JsonEvent, fields: tuple[Field, ...]) -> str:
    """Return the reason for refusing an event, which is that of its first bad field; empty if all are good."""
    for field, is_needed, check in fields:
        if field not in event:
            if is_needed:
                return "missing_field"
        elif not check(event[field]):
            return "bad_value"
        elif field == "parties":
            for party in event[field][: MOST_PARTIES + 1]:
                fault = first_fault(party, PARTY) if type(party) is dict else "bad_value"
                if fault:
                    return fault
            if len(event[field]) > MOST_PARTIES:
                return "bad_value"
    return ""


def unfit(event: JsonEvent, fair: OracleFair) -> str:
    """Return why a well-formed event does not make sense at this fair; empty if it does."""
    if event["fair_id"] != fair.fair_id:
        return "wrong_fair"
    kind = event["type"]  # not by its fields: any event may carry unknown ones
    if kind == "fair.visitor.scanned.v1":
        return _unfit_scan(event, fair)
    if kind == "fair.exhibit.interaction.v1":
        owner = fair.exhibit_owner.get(event["exhibit_id"])
        return "" if owner is not None and owner == event["exhibitor_id"] else "unknown_place"
    if kind == ANNULLED:
        return _unfit_annulment(event, fair)
    return _unfit_deal(event, fair) if kind in AGREED else ""


def _unfit_scan(scan: JsonEvent, fair: OracleFair) -> str:
    kind = scan["scan_kind"]
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
    return "missing_field" if field == "gate_id" and scan.get("badge_ref") is None else ""


def _unfit_annulment(annulment: JsonEvent, fair: OracleFair) -> str:
    """A named place exists, an annulment at a gate has a badge as its target does, and no event annuls itself."""
    for field, known in (("gate_id", fair.gates.keys()), ("hall_id", fair.halls), ("booth_id", fair.booths)):
        if annulment.get(field) is not None and annulment[field] not in known:
            return "unknown_place"
    if annulment.get("gate_id") is not None and annulment.get("badge_ref") is None:
        return "missing_field"
    return "bad_value" if annulment["target"] == annulment["event_id"] else ""


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
