"""Meetings of exhibitors and visitors: how many reached each step."""

from collections.abc import Mapping

from schemas.events import MeetingChanged
from streams.kpis.aggregates import Distinct
from streams.kpis.definition import Derived, Kpi, On, Trace, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment
from streams.kpis.people import People, Period


def _step(meeting: MeetingChanged, moment: Moment) -> tuple[LabelValues, int]:
    return (meeting.step,), moment.number(meeting.meeting_id)


CAME_TO = Trace(
    name="came_to_step",
    what="came to a step; the members are meetings",
    on=On[MeetingChanged]((MeetingChanged,)),
    labels=(Label.STEP,),
    aggregate=Distinct(),
    measure=_step,
    windows=(Window.DAY,),
)


def _new(people: People, span: Period) -> Mapping[LabelValues, int]:
    """Return the meetings that came to each step for the first time in the span."""
    before = people.totals(CAME_TO, Period(tuple(people.before(span.days[0])))) if span.days else {}
    there = people.totals(CAME_TO, span)
    return {step: len(some - before[step]) if step in before else len(some) for step, some in there.items()}


MEETINGS = Kpi(
    name="meetings",
    question="How many meetings reached each step: invited, accepted, declined, held?",
    unit=Unit.MEETINGS,
    source="distinct meetings at each step, on the day of its first report; a step that is reported again is the same",
    labels=(Label.STEP,),
    aggregate=Derived(of=(CAME_TO,), count=_new),
    windows=(Window.DAY, Window.FAIR),
)

KPIS = (MEETINGS,)
