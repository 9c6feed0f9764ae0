"""Meetings of exhibitors and visitors: how many reached each step."""

from schemas.events import MeetingChanged
from streams.kpis.aggregates import Distinct
from streams.kpis.definition import Kpi, On, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment


def _step(meeting: MeetingChanged, moment: Moment) -> tuple[LabelValues, int]:
    return (meeting.step,), moment.number(meeting.meeting_id)


MEETINGS = Kpi(
    name="meetings",
    question="How many meetings reached each step: invited, accepted, declined, held?",
    unit=Unit.MEETINGS,
    source="distinct meetings at each step; a step that is reported again is the same",
    on=On[MeetingChanged]((MeetingChanged,)),
    labels=(Label.STEP,),
    aggregate=Distinct(),
    measure=_step,
    windows=(Window.DAY, Window.FAIR),
)

KPIS = (MEETINGS,)
