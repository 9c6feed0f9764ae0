"""What happens at booths and exhibits: scans and interactions of anybody, visitors and leads without staff."""

from collections.abc import Mapping
from typing import Final

from pyroaring import BitMap

from schemas.codes import InteractionKind, ScanKind, ScanResult, SourceType
from schemas.events import ExhibitInteraction, VisitorScan
from streams.kpis.aggregates import Count, Distinct, Spaced
from streams.kpis.definition import Derived, Kpi, On, Trace, Unit, Window
from streams.kpis.labels import UNKNOWN, Label, LabelValues
from streams.kpis.moment import Moment
from streams.kpis.people import People, Period, TraceTotals, union
from streams.kpis.presence import claims

GAP_MINUTES: Final = 5
"""Scans of one badge at one booth that are at most this far apart are one."""

_SPACED: Final = Spaced(gap=GAP_MINUTES * 60_000)
_BOOTH: On[VisitorScan] = On((ScanKind.BOOTH,))
_TOUCH: On[ExhibitInteraction] = On(tuple(InteractionKind))
_LEAD: On[ExhibitInteraction] = On((InteractionKind.LEAD_CAPTURED,))


def _is_scan(scan: VisitorScan) -> bool:
    return scan.result is ScanResult.ACCEPTED and scan.source_type is not SourceType.BLE_ROLLUP


def _booth_scan(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int, int] | None:
    return ((scan.booth_id or "",), moment.badge, moment.at_ms) if _is_scan(scan) else None


def _at_booth(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.badge_ref is None or not _is_scan(scan):
        return None
    return (scan.booth_id or "", claims(scan, moment)[0]), moment.badge


def _interaction(touch: ExhibitInteraction, _: Moment) -> LabelValues:
    return (touch.interaction_kind,)


def _interaction_at(touch: ExhibitInteraction, _: Moment) -> LabelValues:
    return (touch.exhibit_id,)


def _at_exhibit(touch: ExhibitInteraction, moment: Moment) -> tuple[LabelValues, int] | None:
    return None if touch.badge_ref is None else ((touch.exhibit_id,), moment.badge)


def _left_lead(touch: ExhibitInteraction, moment: Moment) -> tuple[LabelValues, int] | None:
    return None if touch.badge_ref is None else ((touch.exhibitor_id,), moment.badge)


SCANNED = Trace(
    name="scanned",
    what="was scanned at a booth, at which instants; a beacon is not a scan",
    on=_BOOTH,
    labels=(Label.BOOTH,),
    aggregate=_SPACED,
    measure=_booth_scan,
    windows=(Window.M1, Window.DAY),
)

AT_BOOTH = Trace(
    name="at_booth",
    what="was scanned at a booth; a beacon is not a scan",
    on=_BOOTH,
    labels=(Label.BOOTH, Label.CLAIMED_ROLE),
    aggregate=Distinct(),
    measure=_at_booth,
    windows=(Window.DAY,),
)

AT_EXHIBIT = Trace(
    name="at_exhibit",
    what="did something at an exhibit",
    on=_TOUCH,
    labels=(Label.EXHIBIT,),
    aggregate=Distinct(),
    measure=_at_exhibit,
    windows=(Window.M15, Window.DAY),
)

LEFT_LEAD = Trace(
    name="left_lead",
    what="left a lead with an exhibitor",
    on=_LEAD,
    labels=(Label.EXHIBITOR,),
    aggregate=Distinct(),
    measure=_left_lead,
    windows=(Window.DAY,),
)


def _booth_scans(people: People, span: Period) -> Mapping[LabelValues, int]:
    totals = people.totals(SCANNED, span)
    if span.minutes is None:
        return {labels: total[0] for labels, total in totals.items()}
    before = people.totals(SCANNED, _just_before(people, span.minutes))
    return {labels: _SPACED.spaced(total, before.get(labels)) for labels, total in totals.items()}


def _just_before(people: People, minutes: range) -> Period:
    """Return the minutes that a scan looks back on: those of another day are not among them."""
    first, day_of = minutes[0], people.fair.local_date
    earlier = range(first - GAP_MINUTES, first)
    same = [minute for minute in earlier if day_of(minute * 60) == day_of(first * 60)]
    return Period(minutes=range(same[0] if same else first, first))


def _scans_by_section(people: People, span: Period) -> Mapping[LabelValues, int]:
    found: dict[LabelValues, int] = {}
    for (booth_id,), count in _booth_scans(people, span).items():
        booth = people.fair.booths.get(booth_id)
        section = (UNKNOWN if booth is None else booth.section,)  # it may have left the fair file since
        found[section] = found.get(section, 0) + count
    return found


def _soft_duplicates(people: People, span: Period) -> Mapping[LabelValues, int]:
    return {(): sum(total[1] - total[0] for total in people.totals(SCANNED, span).values())}


def _booth_visitors(people: People, span: Period) -> Mapping[LabelValues, int]:
    if people.fair.badge_register:
        who = people.visitors
        cells = people.totals(AT_BOOTH, span).items()
        return {(booth,): count for (booth, _), some in cells if (count := some.intersection_cardinality(who))}
    roles = people.fair.profile.visitors
    found: dict[str, list[BitMap]] = {}
    for (booth, role), some in people.totals(AT_BOOTH, span).items():
        if role in roles:
            found.setdefault(booth, []).append(some)
    return {(booth,): len(union(sets)) for booth, sets in found.items()}


def _exhibit_visitors(people: People, span: Period) -> Mapping[LabelValues, int]:
    return _counted(people, people.totals(AT_EXHIBIT, span))


def _leads(people: People, span: Period) -> Mapping[LabelValues, int]:
    """Return the pairs of exhibitor and visitor that are new in the span, by section. A pair is new once."""
    before = people.totals(LEFT_LEAD, Period(tuple(people.before(span.days[0])))) if span.days else {}
    left = people.totals(LEFT_LEAD, span)
    new = {labels: some - before[labels] if labels in before else some for labels, some in left.items()}
    found: dict[LabelValues, int] = {}
    for (exhibitor_id,), count in _counted(people, new).items():
        exhibitor = people.fair.exhibitors.get(exhibitor_id)
        section = (UNKNOWN if exhibitor is None else exhibitor.section,)  # it may have left the fair file since
        found[section] = found.get(section, 0) + count
    return found


def _counted(people: People, totals: TraceTotals) -> Mapping[LabelValues, int]:
    """Return the visitors of each group. Without a register nobody says who they are, and every badge counts."""
    if not people.fair.badge_register:
        return {labels: len(some) for labels, some in totals.items()}
    who = people.visitors
    return {labels: count for labels, some in totals.items() if (count := who.intersection_cardinality(some))}


BOOTH_SCANS = Kpi(
    name="booth_scans",
    question="How many badges were scanned at each booth, without scanning one again within five minutes?",
    unit=Unit.SCANS,
    source="accepted badge scans at a booth; those of one badge at most five minutes apart are one",
    labels=(Label.BOOTH,),
    aggregate=Derived(of=(SCANNED,), count=_booth_scans),
    windows=(Window.M1, Window.DAY),
    wide=True,
    unscraped=(Window.M1,),
    version=2,
)

BOOTH_SCANS_BY_SECTION = Kpi(
    name="booth_scans_by_section",
    question="How many badges were scanned at the booths of each section, none again within five minutes?",
    unit=Unit.SCANS,
    source="`booth_scans` added up over the booths of a section; on /metrics also for the last minute",
    labels=(Label.SECTION,),
    aggregate=Derived(of=(SCANNED,), count=_scans_by_section),
    windows=(Window.M1, Window.DAY),
)

SOFT_DUPLICATES = Kpi(
    name="soft_duplicates",
    question="How many scans at booths read a badge again, at most five minutes after it was read there before?",
    unit=Unit.SCANS,
    source="same badge, booth and kind of scan, another event id; all accepted scans at booths minus `booth_scans`",
    aggregate=Derived(of=(SCANNED,), count=_soft_duplicates, adds_days=True),
    windows=(Window.DAY, Window.FAIR),
)

BOOTH_VISITORS = Kpi(
    name="booth_visitors",
    question="How many different visitors did each booth scan?",
    unit=Unit.VISITORS,
    source="distinct visitors per booth, by day and over the fair; days do not add up to the fair; staff never counts",
    labels=(Label.BOOTH,),
    aggregate=Derived(of=(AT_BOOTH,), count=_booth_visitors),
    windows=(Window.DAY, Window.FAIR),
    wide=True,
    unscraped=(Window.FAIR,),
)

INTERACTIONS = Kpi(
    name="interactions",
    question="What is done at the exhibits, and how often?",
    unit=Unit.INTERACTIONS,
    source="exhibit interactions by kind, each event once",
    on=_TOUCH,
    labels=(Label.KIND,),
    aggregate=Count(),
    measure=_interaction,
    windows=(Window.M1, Window.M15, Window.DAY, Window.FAIR),
)

EXHIBIT_INTERACTIONS = Kpi(
    name="exhibit_interactions",
    question="How often did somebody do something at each exhibit?",
    unit=Unit.INTERACTIONS,
    source="exhibit interactions by exhibit, each event once; breaks a tie in the rank of exhibits",
    on=_TOUCH,
    labels=(Label.EXHIBIT,),
    aggregate=Count(),
    measure=_interaction_at,
    windows=(Window.M15, Window.DAY),
    wide=True,
    unscraped=(Window.DAY,),
)

EXHIBIT_VISITORS = Kpi(
    name="exhibit_visitors",
    question="Which exhibits draw the most different visitors?",
    unit=Unit.VISITORS,
    source="distinct visitors per exhibit in the last 15 minutes and by day; rank with topk over sum by (exhibit)",
    labels=(Label.EXHIBIT,),
    aggregate=Derived(of=(AT_EXHIBIT,), count=_exhibit_visitors),
    windows=(Window.M15, Window.DAY),
    wide=True,
)

LEADS = Kpi(
    name="leads",
    question="How many leads did exhibitors take, counting each visitor once per exhibitor?",
    unit=Unit.LEADS,
    source="distinct pairs of an exhibitor and a visitor with a captured lead, on the day of the first one",
    labels=(Label.SECTION,),
    aggregate=Derived(of=(LEFT_LEAD,), count=_leads),
    windows=(Window.DAY, Window.FAIR),
)

KPIS = (
    BOOTH_SCANS,
    BOOTH_SCANS_BY_SECTION,
    SOFT_DUPLICATES,
    BOOTH_VISITORS,
    INTERACTIONS,
    EXHIBIT_INTERACTIONS,
    EXHIBIT_VISITORS,
    LEADS,
)
