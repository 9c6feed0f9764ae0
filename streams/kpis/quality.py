"""Data quality: volume, lag, sources, and late, duplicate, suspect, refused and test events."""

from schemas.codes import ScanResult
from schemas.events import Event, VisitorScan
from streams.kpis.aggregates import Count, Histogram
from streams.kpis.definition import Kpi, On, Signal, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment

LAG_BOUNDS_MS = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000)


def _topic(_: Event, moment: Moment) -> LabelValues:
    return (moment.topic,)


def _source(scan: VisitorScan, _: Moment) -> LabelValues | None:
    return (scan.source_type,) if scan.result is ScanResult.ACCEPTED else None


def _lag(_: Event, moment: Moment) -> tuple[LabelValues, int]:
    return ((), moment.lag_ms)


def _refusal(_: None, moment: Moment) -> LabelValues:
    return (moment.topic, moment.reason)


EVENTS = Kpi(
    name="events",
    question="How many events were accepted?",
    unit=Unit.EVENTS,
    source="well-formed events of this fair, each counted once by (terminal, event id)",
    on=On[Event]((Signal.ACCEPTED,)),
    labels=(Label.TOPIC,),
    aggregate=Count(),
    measure=_topic,
    windows=(Window.M1, Window.M5, Window.DAY, Window.FAIR),
)

EVENT_LAG = Kpi(
    name="event_lag",
    question="How long do events take from the terminal to the server?",
    unit=Unit.SECONDS,
    source="time received minus time happened, corrected for the terminal's clock; never below zero",
    on=On[Event]((Signal.ACCEPTED,)),
    aggregate=Histogram(bounds=LAG_BOUNDS_MS),
    measure=_lag,
    windows=(Window.M5, Window.DAY, Window.FAIR),
    wide=True,
)

LATE_EVENTS = Kpi(
    name="late_events",
    question="How many events came after their minute had been published?",
    unit=Unit.EVENTS,
    source="received once its minute plus the allowed lateness was over; the order of arrival does not matter",
    on=On[Event]((Signal.LATE,)),
    labels=(Label.TOPIC,),
    aggregate=Count(),
    measure=_topic,
    windows=(Window.M5, Window.DAY, Window.FAIR),
    version=2,
)

DUPLICATE_EVENTS = Kpi(
    name="duplicate_events",
    question="How many copies of earlier events came, and were not counted again?",
    unit=Unit.EVENTS,
    source="the same (terminal, event id) was seen before at this fair",
    on=On[Event]((Signal.DUPLICATE,)),
    labels=(Label.TOPIC,),
    aggregate=Count(),
    measure=_topic,
    windows=(Window.M5, Window.DAY, Window.FAIR),
)

CLOCK_SUSPECTS = Kpi(
    name="clock_suspects",
    question="How many events had an impossible time and were counted at their arrival instead?",
    unit=Unit.EVENTS,
    source="time more than 5 minutes ahead of the server, or more than a day outside the fair",
    on=On[Event]((Signal.CLOCK_SUSPECT,)),
    labels=(Label.TOPIC,),
    aggregate=Count(),
    measure=_topic,
    windows=(Window.DAY, Window.FAIR),
)

REJECTED_EVENTS = Kpi(
    name="rejected_events",
    question="How many records were refused, and why?",
    unit=Unit.RECORDS,
    source="records that workers refused, by reason; gateways count theirs in fair_gateway_rejected_events",
    on=On[None]((Signal.REJECTED,)),
    labels=(Label.TOPIC, Label.REASON),
    aggregate=Count(),
    measure=_refusal,
    windows=(Window.FAIR,),
)

TEST_EVENTS = Kpi(
    name="test_events",
    question="How many events came from test badges and test terminals, which count nowhere else?",
    unit=Unit.EVENTS,
    source="FKM certifies an electronic admission system before its first use: it is tried on the live fair",
    on=On[Event]((Signal.TEST,)),
    labels=(Label.TOPIC,),
    aggregate=Count(),
    measure=_topic,
    windows=(Window.DAY, Window.FAIR),
)

SCANS_BY_SOURCE = Kpi(
    name="scans_by_source",
    question="What read the badges: how many codes were scanned, and how many typed by hand?",
    unit=Unit.SCANS,
    source="accepted scans of any kind; manual ones are listed one by one in the evidence",
    on=On[VisitorScan]((VisitorScan,)),
    labels=(Label.SOURCE,),
    aggregate=Count(),
    measure=_source,
    windows=(Window.DAY,),
)

KPIS = (
    EVENTS,
    EVENT_LAG,
    LATE_EVENTS,
    DUPLICATE_EVENTS,
    CLOCK_SUSPECTS,
    REJECTED_EVENTS,
    TEST_EVENTS,
    SCANS_BY_SOURCE,
)
