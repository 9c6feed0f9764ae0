"""The oracle's own reading of a raw record: an event as a plain dict, or the reason why it is rejected.

It is written from the contract alone and imports nothing from the product. So the two can disagree, and tests notice.
"""

from collections.abc import Mapping

from streams.audit.recount.checks import (
    Field,
    badge,
    country,
    currency,
    day_of_ms,
    deny_reasons,
    epoch,
    interactions,
    is_flag,
    is_whole,
    is_word,
    name,
    needed,
    nullable,
    optional,
    outcomes,
    roles,
    services,
    sources,
    steps,
    uuid,
)
from streams.audit.recount.fair import OracleFair
from streams.audit.recount.fitting import ANNULLED, CANCELLED, REGISTERED, unfit
from streams.audit.recount.json_text import JsonEvent, other_json, parse
from streams.audit.recount.times import is_instant

LARGEST = 65_536
MOST_PARTIES = 32


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
    nullable("test", is_flag),
)
SCAN = (
    *ENVELOPE,
    optional("source_type", sources),
    needed("scan_kind", is_word("entry exit zone_in zone_out booth session")),
    nullable("badge_ref", badge),
    nullable("badge_role", roles),
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
    nullable("source_type", sources),
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
MEETING = (
    *ENVELOPE,
    needed("meeting_id", name),
    needed("step", steps),
    needed("exhibitor_id", name),
)
REGISTRATION = (
    *ENVELOPE,
    needed("badge_ref", badge),
    needed("revision", is_whole(1, 1_000_000)),
    needed("role", roles),
    nullable("residence_country", country),
    nullable("exhibitor_id", name),
    optional("tracking_consent", is_flag),
    nullable("denied", deny_reasons),
    optional("erased", is_flag),
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
TYPES: Mapping[str, Mapping[str, tuple[Field, ...]]] = {
    "fair.scans": {"fair.visitor.scanned.v1": SCAN, ANNULLED: ANNULMENT},
    "fair.interactions": {"fair.exhibit.interaction.v1": INTERACTION},
    "fair.meetings": {"fair.meeting.changed.v1": MEETING},
    "fair.badges": {REGISTERED: REGISTRATION},
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
