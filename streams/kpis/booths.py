"""What visitors do at booths and exhibits: scans, interactions, leads."""

from schemas.codes import InteractionKind, ScanKind, ScanResult
from schemas.events import ExhibitInteraction, VisitorScan
from streams.kpis.aggregates import Count, Distinct
from streams.kpis.definition import Kpi, On, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment

_BOOTH: On[VisitorScan] = On((ScanKind.BOOTH,))
_TOUCH: On[ExhibitInteraction] = On(tuple(InteractionKind))


def _booth_scan(scan: VisitorScan, _: Moment) -> LabelValues | None:
    return (scan.booth_id or "",) if scan.result is ScanResult.ACCEPTED else None


def _booth_visitor(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.badge_ref is None or scan.result is not ScanResult.ACCEPTED:
        return None
    return ((scan.booth_id or "",), moment.badge)


def _interaction(touch: ExhibitInteraction, _: Moment) -> LabelValues:
    return (touch.interaction_kind,)


def _exhibit_visitor(touch: ExhibitInteraction, moment: Moment) -> tuple[LabelValues, int] | None:
    return None if touch.badge_ref is None else ((touch.exhibit_id,), moment.badge)


def _lead(touch: ExhibitInteraction, moment: Moment) -> tuple[LabelValues, int] | None:
    if touch.badge_ref is None:
        return None
    section = moment.fair.exhibitors[touch.exhibitor_id].section
    return ((section,), moment.number(touch.exhibitor_id, touch.badge_ref))


def _seen_at_a_booth(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    return None if scan.badge_ref is None or scan.result is not ScanResult.ACCEPTED else ((), moment.badge)


def _touched(touch: ExhibitInteraction, moment: Moment) -> tuple[LabelValues, int] | None:
    return None if touch.badge_ref is None else ((), moment.badge)


BOOTH_SCANS = Kpi(
    name="booth_scans",
    question="How many badges were scanned at each booth?",
    unit=Unit.SCANS,
    source="accepted badge scans at a booth, each event once",
    on=_BOOTH,
    labels=(Label.BOOTH,),
    aggregate=Count(),
    measure=_booth_scan,
    windows=(Window.DAY,),
    wide=True,
)

BOOTH_VISITORS = Kpi(
    name="booth_visitors",
    question="How many different visitors did each booth scan?",
    unit=Unit.VISITORS,
    source="distinct badges per booth, by day and over the fair; days do not add up to the fair",
    on=_BOOTH,
    labels=(Label.BOOTH,),
    aggregate=Distinct(),
    measure=_booth_visitor,
    windows=(Window.DAY, Window.FAIR),
    wide=True,
    unscraped=(Window.FAIR,),
)

INTERACTIONS = Kpi(
    name="interactions",
    question="What do visitors do at the exhibits, and how often?",
    unit=Unit.INTERACTIONS,
    source="exhibit interactions by kind, each event once",
    on=_TOUCH,
    labels=(Label.KIND,),
    aggregate=Count(),
    measure=_interaction,
    windows=(Window.M1, Window.M15, Window.DAY, Window.FAIR),
)

EXHIBIT_VISITORS = Kpi(
    name="exhibit_visitors",
    question="Which exhibits draw the most different visitors?",
    unit=Unit.VISITORS,
    source="distinct badges per exhibit in the last 15 minutes and by day; rank with topk over sum by (exhibit)",
    on=_TOUCH,
    labels=(Label.EXHIBIT,),
    aggregate=Distinct(),
    measure=_exhibit_visitor,
    windows=(Window.M15, Window.DAY),
    wide=True,
)

LEADS = Kpi(
    name="leads",
    question="How many leads did exhibitors take, counting each visitor once per exhibitor?",
    unit=Unit.LEADS,
    source="distinct (exhibitor, badge) pairs with a captured lead",
    on=On[ExhibitInteraction]((InteractionKind.LEAD_CAPTURED,)),
    labels=(Label.SECTION,),
    aggregate=Distinct(),
    measure=_lead,
    windows=(Window.DAY, Window.FAIR),
)

BOOTH_AUDIENCE = Kpi(
    name="booth_audience",
    question="How many different visitors were scanned at one booth or more?",
    unit=Unit.VISITORS,
    source="funnel: distinct badges with an accepted scan at any booth",
    on=_BOOTH,
    aggregate=Distinct(),
    measure=_seen_at_a_booth,
    windows=(Window.DAY, Window.FAIR),
)

EXHIBIT_AUDIENCE = Kpi(
    name="exhibit_audience",
    question="How many different visitors tried one exhibit or more?",
    unit=Unit.VISITORS,
    source="funnel: distinct badges with an interaction at any exhibit",
    on=_TOUCH,
    aggregate=Distinct(),
    measure=_touched,
    windows=(Window.DAY, Window.FAIR),
)

LEAD_AUDIENCE = Kpi(
    name="lead_audience",
    question="How many different visitors left a lead with one exhibitor or more?",
    unit=Unit.VISITORS,
    source="funnel: distinct badges with a lead captured by any exhibitor; `leads` counts one per exhibitor",
    on=On[ExhibitInteraction]((InteractionKind.LEAD_CAPTURED,)),
    aggregate=Distinct(),
    measure=_touched,
    windows=(Window.DAY, Window.FAIR),
)

KPIS = (
    BOOTH_SCANS,
    BOOTH_VISITORS,
    BOOTH_AUDIENCE,
    INTERACTIONS,
    EXHIBIT_VISITORS,
    EXHIBIT_AUDIENCE,
    LEADS,
    LEAD_AUDIENCE,
)
