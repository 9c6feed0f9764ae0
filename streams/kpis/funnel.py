"""The funnel: of those who made a visit, who was scanned at a booth, tried an exhibit, left a lead.

Every audience consists of members of its denominator, the visits, so a share is never above 100 %.
"""

from collections.abc import Mapping
from typing import Any

from streams.kpis.booths import AT_BOOTH, AT_EXHIBIT, LEFT_LEAD
from streams.kpis.definition import Derived, Kpi, Trace, Unit, Window
from streams.kpis.labels import FUNNEL, Label, LabelValues
from streams.kpis.people import People, Period
from streams.kpis.presence import PRESENT, visitors_in

_DAY_AND_FAIR = (Window.DAY, Window.FAIR)


def _audience(people: People, trace: Trace[Any, Any], span: Period) -> Mapping[LabelValues, int]:
    return {(): visitors_in(people, span.days).intersection_cardinality(people.seen(trace, span))}


def _at_booths(people: People, span: Period) -> Mapping[LabelValues, int]:
    return _audience(people, AT_BOOTH, span)


def _at_exhibits(people: People, span: Period) -> Mapping[LabelValues, int]:
    return _audience(people, AT_EXHIBIT, span)


def _left_leads(people: People, span: Period) -> Mapping[LabelValues, int]:
    return _audience(people, LEFT_LEAD, span)


def _funnel(people: People, span: Period) -> Mapping[LabelValues, int]:
    left = visitors_in(people, span.days)
    counts = [len(left)]
    for trace in (AT_BOOTH, AT_EXHIBIT, LEFT_LEAD):
        left = left & people.seen(trace, span)
        counts.append(len(left))
    return {(step,): count for step, count in zip(FUNNEL, counts, strict=True)}


BOOTH_AUDIENCE = Kpi(
    name="booth_audience",
    question="How many of the visitors were scanned at one booth or more?",
    unit=Unit.VISITORS,
    source="persons with a visit and an accepted scan at any booth, on the same day or at the fair; staff never counts",
    aggregate=Derived(of=(PRESENT, AT_BOOTH), count=_at_booths),
    windows=_DAY_AND_FAIR,
)

EXHIBIT_AUDIENCE = Kpi(
    name="exhibit_audience",
    question="How many of the visitors tried one exhibit or more?",
    unit=Unit.VISITORS,
    source="persons with a visit and an interaction at any exhibit, on the same day or at the fair",
    aggregate=Derived(of=(PRESENT, AT_EXHIBIT), count=_at_exhibits),
    windows=_DAY_AND_FAIR,
)

LEAD_AUDIENCE = Kpi(
    name="lead_audience",
    question="How many of the visitors left a lead with one exhibitor or more?",
    unit=Unit.VISITORS,
    source="persons with a visit and a lead captured by any exhibitor; `leads` counts one per exhibitor",
    aggregate=Derived(of=(PRESENT, LEFT_LEAD), count=_left_leads),
    windows=_DAY_AND_FAIR,
)

FUNNEL_STEPS = Kpi(
    name="funnel",
    question="How many visitors got how far: visit, booth, exhibit, lead?",
    unit=Unit.VISITORS,
    source="distinct visitors at each step who also took all steps before it; a deal has no badge, so it is not a step",
    labels=(Label.STEP,),
    aggregate=Derived(of=(PRESENT, AT_BOOTH, AT_EXHIBIT, LEFT_LEAD), count=_funnel),
    windows=_DAY_AND_FAIR,
)

KPIS = (BOOTH_AUDIENCE, EXHIBIT_AUDIENCE, LEAD_AUDIENCE, FUNNEL_STEPS)
