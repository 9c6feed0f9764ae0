"""Attendance at the gates: passages, visits, visitors.

There is never one attendance number: gate_passages >= visits >= unique_visitors, and every label says which it is.
"""

from schemas.codes import BadgeRole, ScanKind, ScanResult
from schemas.events import VisitorScan
from streams.kpis.aggregates import Count, Distinct, Sum
from streams.kpis.definition import Kpi, On, Unit, Window
from streams.kpis.history import FirstTime, Returning
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment

_ENTRY: On[VisitorScan] = On((ScanKind.ENTRY,))
_PASSAGE: On[VisitorScan] = On((ScanKind.ENTRY, ScanKind.EXIT))
_ACCEPTED = ScanResult.ACCEPTED


def is_visit(scan: VisitorScan, moment: Moment) -> bool:
    """Whether an entry makes a visit: accepted, at a countable gate, by a visitor, within opening hours.

    FKM counts a visitor's admission at most once per day. Stand staff, media and service staff are not visitors.
    The audit profile of the fair file says which roles are visitors.
    """
    return (
        scan.result is _ACCEPTED
        and moment.is_open
        and scan.badge_role in moment.fair.profile.visitors
        and moment.fair.gates[scan.gate_id or ""].countable
    )


def _passage(scan: VisitorScan, _: Moment) -> LabelValues | None:
    return (scan.gate_id or "", scan.scan_kind) if scan.result is _ACCEPTED else None


def _denial(scan: VisitorScan, _: Moment) -> LabelValues | None:
    return None if scan.result is _ACCEPTED else (scan.gate_id or "",)


def _visit(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    return ((), moment.badge) if is_visit(scan, moment) else None


def _professional_visit(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.badge_role is BadgeRole.VISITOR_PROFESSIONAL and is_visit(scan, moment):
        return ((), moment.badge)
    return None


def _international_visitor(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.residence_country not in (None, moment.fair.host_country) and is_visit(scan, moment):
        return ((), moment.badge)
    return None


def _country(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.residence_country is not None and is_visit(scan, moment):
        return ((scan.residence_country,), moment.badge)
    return None


def _inside(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.result is not _ACCEPTED or not moment.fair.gates[scan.gate_id or ""].countable:
        return None
    return ((), 1 if scan.scan_kind is ScanKind.ENTRY else -1)


GATE_PASSAGES = Kpi(
    name="gate_passages",
    question="How many badges passed each gate, by direction?",
    unit=Unit.PASSAGES,
    source="gate flow in persons per minute; never published as visitors",
    on=_PASSAGE,
    labels=(Label.GATE, Label.DIRECTION),
    aggregate=Count(),
    measure=_passage,
    windows=(Window.M1, Window.M5, Window.M15, Window.DAY, Window.FAIR),
)

GATE_DENIALS = Kpi(
    name="gate_denials",
    question="How many badges did each gate turn away?",
    unit=Unit.SCANS,
    source="numerator of a gate's denied ratio: denied scans out of all scans",
    on=_PASSAGE,
    labels=(Label.GATE,),
    aggregate=Count(),
    measure=_denial,
    windows=(Window.M15, Window.DAY),
)

VISITS = Kpi(
    name="visits",
    question="How many visits were made, at most one per person and day?",
    unit=Unit.VISITS,
    source="FKM visitor admissions; ABC Event Audience",
    on=_ENTRY,
    aggregate=Distinct(daily=True),
    measure=_visit,
    windows=(Window.DAY, Window.FAIR),
)

PROFESSIONAL_VISITS = Kpi(
    name="professional_visits",
    question="How many of the visits were made by professional visitors?",
    unit=Unit.VISITS,
    source="FKM visitor admissions, trade visitors",
    on=_ENTRY,
    aggregate=Distinct(daily=True),
    measure=_professional_visit,
    windows=(Window.DAY, Window.FAIR),
)

UNIQUE_VISITORS = Kpi(
    name="unique_visitors",
    question="How many different persons visited the fair?",
    unit=Unit.VISITORS,
    source="ABC Unique Attendance",
    on=_ENTRY,
    aggregate=Distinct(),
    measure=_visit,
    windows=(Window.FAIR,),
)

INTERNATIONAL_VISITORS = Kpi(
    name="international_visitors",
    question="How many different visitors came from abroad?",
    unit=Unit.VISITORS,
    source="ISO 25639-1 foreign visitor, by the address given to the organiser",
    on=_ENTRY,
    aggregate=Distinct(),
    measure=_international_visitor,
    windows=(Window.DAY, Window.FAIR),
)

FIRST_TIME_VISITORS = Kpi(
    name="first_time_visitors",
    question="How many of the day's visitors were at this fair for the first time?",
    unit=Unit.VISITORS,
    source="first visit within this fair, even if it is reported late; not the first-time flag of the registration",
    aggregate=FirstTime(of=VISITS),
    windows=(Window.DAY,),
)

RETURNING_VISITORS = Kpi(
    name="returning_visitors",
    question="How many of the day's visitors had also come on an earlier day (over the fair: on two days or more)?",
    unit=Unit.VISITORS,
    source="visits of persons who visited on an earlier day of this fair: all of a day's visits except first-time ones",
    aggregate=Returning(of=VISITS),
    windows=(Window.DAY, Window.FAIR),
)

VISITORS_BY_COUNTRY = Kpi(
    name="visitors_by_country",
    question="How many different visitors came from each country or region?",
    unit=Unit.VISITORS,
    source="ISO 25639-1, by the address given to the organiser; count countries with count(sum by (country) (...) > 0)",
    on=_ENTRY,
    labels=(Label.COUNTRY,),
    aggregate=Distinct(),
    measure=_country,
    windows=(Window.FAIR,),
    wide=True,
)

SITE_OCCUPANCY = Kpi(
    name="site_occupancy",
    question="How many persons are on the site now (entries minus exits since midnight)?",
    unit=Unit.PERSONS,
    source="entries minus exits, reset every day; signed: floor it at zero for display only",
    on=_PASSAGE,
    aggregate=Sum(),
    measure=_inside,
    windows=(Window.DAY,),
)

KPIS = (
    GATE_PASSAGES,
    GATE_DENIALS,
    VISITS,
    PROFESSIONAL_VISITS,
    UNIQUE_VISITORS,
    FIRST_TIME_VISITORS,
    RETURNING_VISITORS,
    INTERNATIONAL_VISITORS,
    VISITORS_BY_COUNTRY,
    SITE_OCCUPANCY,
)
