"""Does a well-formed event make sense at this fair? These rules need several fields, or the fair file."""

from collections.abc import Callable
from typing import Any, Final

from schemas.codes import BadgeRole, ScanKind, ScanResult, SourceType
from schemas.errors import InvalidEvent
from schemas.events import (
    BadgeRegistered,
    DealTerms,
    Event,
    ExhibitInteraction,
    MeetingChanged,
    ScanAnnulled,
    VisitorScan,
)
from schemas.fair.model import Fair
from schemas.topics import EVENT_CLASSES
from schemas.wire import REASONS

LARGEST_MINOR: Final = 2**63 - 1
"""Largest value of one deal in minor units of the reporting currency: the largest number that a journal keeps."""

_NEVER_ANONYMOUS: Final = "at a gate, only a denied scan has no badge; scans at booths and hall doors may be anonymous"
"""In Kafka, an event of a test terminal has none either if the register lacks its badge."""


def admission(fair: Fair) -> Callable[[Event], None]:
    """Return a check of events against the fair file; it raises InvalidEvent with reason, field and remedy."""
    fair_id, gates, halls, booths = fair.fair_id, fair.gates, fair.halls, fair.booths
    exhibits, exhibitors, sections, currencies = fair.exhibits, fair.exhibitors, fair.sections, fair.currencies

    has_register = fair.badge_register
    booth, entry, exit_, session = ScanKind.BOOTH, ScanKind.ENTRY, ScanKind.EXIT, ScanKind.SESSION
    denied = ScanResult.DENIED

    def admit_scan(scan: VisitorScan) -> None:
        kind = scan.scan_kind
        if scan.badge_role is None and not has_register:
            raise _missing("badge_role", "without a register of badges, a scan says who wears the badge")
        if kind is booth:
            if scan.booth_id not in booths:
                raise _unplaced("booth_id", scan.booth_id)
        elif kind is entry or kind is exit_:
            if scan.gate_id not in gates:
                raise _unplaced("gate_id", scan.gate_id)
            if scan.badge_ref is None and scan.result is not denied and not scan.test:
                raise _missing("badge_ref", _NEVER_ANONYMOUS)
        elif kind is not session and scan.hall_id not in halls:
            raise _unplaced("hall_id", scan.hall_id)

    def admit_interaction(touch: ExhibitInteraction) -> None:
        if touch.source_type is SourceType.BLE_ROLLUP:
            raise InvalidEvent(
                "bad_value",
                f"source_type: {REASONS['bad_value']}",
                field="source_type",
                hint="leave the event out: a beacon does not see what somebody does at an exhibit",
            )
        exhibit = exhibits.get(touch.exhibit_id)
        if exhibit is None:
            raise _unplaced("exhibit_id", touch.exhibit_id)
        if touch.exhibitor_id not in exhibitors:
            raise _unplaced("exhibitor_id", touch.exhibitor_id)
        if exhibit.exhibitor != touch.exhibitor_id:
            raise InvalidEvent(
                "unknown_place",
                "exhibitor_id: the exhibit belongs to another exhibitor",
                field="exhibitor_id",
                hint="send the exhibitor that the fair file gives for the exhibit",
                to_sender="send the exhibitor that shows the exhibit; the organiser has the list",
            )

    def admit_annulment(annulment: ScanAnnulled) -> None:
        for field, places in (("gate_id", gates), ("hall_id", halls), ("booth_id", booths)):
            place = getattr(annulment, field)
            if place is not None and place not in places:
                raise _unplaced(field, place)
        if annulment.gate_id is not None and annulment.badge_ref is None and not annulment.test:
            raise _missing("badge_ref", _NEVER_ANONYMOUS)
        if annulment.target == annulment.event_id:
            raise InvalidEvent(
                "bad_value",
                f"target: {REASONS['bad_value']}",
                field="target",
                hint="give the annulment an id of its own, and name the event that is taken back",
            )

    def admit_meeting(meeting: MeetingChanged) -> None:
        if meeting.exhibitor_id not in exhibitors:
            raise _unplaced("exhibitor_id", meeting.exhibitor_id)

    def admit_registration(person: BadgeRegistered) -> None:
        if not has_register:
            raise InvalidEvent(
                "no_register",
                REASONS["no_register"],
                hint="write `badge_register: yes` into the fair file of all programs, or do not import badges",
            )
        if person.exhibitor_id is None:
            return
        if person.exhibitor_id not in exhibitors:
            raise _unplaced("exhibitor_id", person.exhibitor_id)
        if person.role is not BadgeRole.EXHIBITOR_STAFF:
            raise InvalidEvent(
                "bad_value",
                f"exhibitor_id: {REASONS['bad_value']}",
                field="exhibitor_id",
                hint="leave it out: only exhibitor staff has an exhibitor",
            )

    def admit_deal(deal: DealTerms) -> None:
        if deal.section not in sections:
            raise _unplaced("section", deal.section)
        if deal.booth_id is not None and deal.booth_id not in booths:
            raise _unplaced("booth_id", deal.booth_id)
        if deal.value_minor is not None:
            if deal.currency is None:
                raise _missing("currency", "a value needs its currency")
            if deal.currency not in currencies:
                raise InvalidEvent(
                    "unknown_currency",
                    f"currency: {REASONS['unknown_currency']}",
                    field="currency",
                    hint="add it with its minor units and a rate, then redrive",
                    to_sender="ask the organiser which currencies the fair accepts, or to add this one",
                )
            signed_on = fair.local_date(deal.signed_at.timestamp())
            if fair.to_reporting_minor(deal.value_minor, deal.currency, signed_on) > LARGEST_MINOR:
                raise InvalidEvent(
                    "bad_value",
                    f"value_minor: {REASONS['bad_value']}",
                    field="value_minor",
                    hint="it is too large in the fair's reporting currency; correct the value or the rate",
                    to_sender="it is too large; send it in the smallest unit of its currency",
                )

    rules: tuple[tuple[type[Event], Callable[[Any], None]], ...] = (
        (VisitorScan, admit_scan),
        (ExhibitInteraction, admit_interaction),
        (ScanAnnulled, admit_annulment),
        (MeetingChanged, admit_meeting),
        (BadgeRegistered, admit_registration),
        (DealTerms, admit_deal),
    )
    rule_of = {kind: rule for kind in EVENT_CLASSES for base, rule in rules if issubclass(kind, base)}

    def admit(event: Event) -> None:
        if event.fair_id != fair_id:
            raise InvalidEvent(
                "wrong_fair",
                f"fair_id: {REASONS['wrong_fair']}",
                field="fair_id",
                hint="pair the terminal with this fair",
            )
        rule = rule_of.get(type(event))
        if rule is not None:  # else it names nothing from the fair file
            rule(event)

    return admit


def _unplaced(field: str, value: str | None) -> InvalidEvent:
    if value is None:
        return _missing(field, "this kind of event must name its place")
    return InvalidEvent(
        "unknown_place",
        f"{field}: {REASONS['unknown_place']}",
        field=field,
        hint="correct the terminal's set-up or add the place to the fair file, then redrive",
        to_sender="correct it, or ask the organiser to add it to the fair",
    )


def _missing(field: str, hint: str) -> InvalidEvent:
    return InvalidEvent("missing_field", f"{field}: {REASONS['missing_field']}", field=field, hint=hint)
