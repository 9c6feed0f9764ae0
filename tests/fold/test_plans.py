"""Which KPIs look at which events follows from the declarations of both. A KPI that would never look is refused."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.codes import BadgeRole, Code, DealStage, InteractionKind, PartyRole, ScanKind, ServiceCategory
from schemas.errors import MustStop
from schemas.events import DealCancelled, DealTerms, Event, ExhibitInteraction, VisitorScan
from schemas.partitioning import beside
from schemas.topics import SCANS, Topic, topic_of
from streams.fold import plans
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import fair_values
from streams.kpis.aggregates import Count
from streams.kpis.definition import Kpi, Occasion, On, Signal, Unit, Window
from streams.kpis.labels import LabelValues
from streams.kpis.moment import Moment
from tests.support import builders
from tests.support.streams_of import FAIR

EVENTS: Sequence[Event] = [
    builders.scan("ada", "entry"),
    builders.scan("bob", "exit", result="denied"),
    builders.scan(None, "session"),
    builders.touch("ada", "demo_started"),
    builders.touch(None, "lead_captured"),
    builders.deal("d-1", stage="contract"),
    builders.amended("d-1", stage="contract"),
    builders.amended("d-1", stage="contract", revision=1),
    builders.cancelled("d-1", 3),
]


def _once(_event: Event, _moment: Moment) -> LabelValues:
    return ()


def _if_open_and_known(_event: Event, moment: Moment) -> LabelValues | None:
    return () if moment.is_open and moment.badge >= 0 else None


def kpi_on(*occasions: Occasion, measure: Any = _once) -> Kpi[Any, Any]:
    return Kpi(
        name="tried",
        question="How often?",
        unit=Unit.EVENTS,
        source="a test",
        on=On[Any](occasions),
        aggregate=Count(),
        measure=measure,
        windows=(Window.FAIR,),
    )


def counted(kpi: Kpi[Any, Any], events: Sequence[Event] = EVENTS) -> int:
    engine, state = Engine(FAIR, timedelta(seconds=30), [kpi]), PartitionState()
    for offset, event in enumerate(events):
        topic = topic_of(event).name
        engine.apply(state, engine.fold(state, topic, [(offset, event)]))
    value = fair_values(state, kpi).get((), 0)
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(
    ("occasions", "times"),
    [
        ((ScanKind.ENTRY,), 1),
        ((ScanKind.ENTRY, ScanKind.EXIT), 2),
        ((ScanKind.BOOTH,), 0),
        ((InteractionKind.LEAD_CAPTURED,), 1),
        ((VisitorScan,), 3),
        ((ExhibitInteraction,), 2),
        ((VisitorScan, ScanKind.ENTRY), 3),  # an event counts once, even if several of its occasions are named
        ((VisitorScan, ExhibitInteraction), 5),
        ((DealCancelled,), 1),
        ((DealStage.CONTRACT,), 3),
        ((BadgeRole.VISITOR_PROFESSIONAL,), 3),
        ((Signal.ACCEPTED,), 9),
        ((Signal.DUPLICATE,), 0),
    ],
)
def test_a_kpi_looks_at_the_events_of_its_classes_and_kinds_once_each(
    occasions: tuple[Occasion, ...], times: int
) -> None:
    assert counted(kpi_on(*occasions)) == times


def test_a_measure_knows_of_any_event_whether_the_fair_is_open_and_whose_badge_it_has() -> None:
    early = [builders.touch("ada", at="08:00"), builders.scan("ada", "booth", at="08:00")]
    assert counted(kpi_on(VisitorScan, measure=_if_open_and_known), [*EVENTS, *early]) == 2
    assert counted(kpi_on(ExhibitInteraction, measure=_if_open_and_known), [*EVENTS, *early]) == 1
    assert counted(kpi_on(DealCancelled, measure=_if_open_and_known)) == 0, "a deal has no badge"


class Weather(Code):
    RAIN = "rain"


@pytest.mark.parametrize("occasion", [Weather.RAIN, DealTerms, Event])
def test_a_kpi_that_would_never_look_is_refused_by_name(occasion: Occasion) -> None:
    with pytest.raises(MustStop, match=r"KPI tried has the occasion .*, which no event can have"):
        Engine(FAIR, timedelta(seconds=30), [kpi_on(ScanKind.ENTRY, occasion)])


def test_the_same_word_in_two_lists_means_two_kinds() -> None:
    """A deal can have the kind ServiceCategory.GOVERNMENT, but no event has the kind PartyRole.GOVERNMENT."""
    assert PartyRole.GOVERNMENT == ServiceCategory.GOVERNMENT  # type: ignore[comparison-overlap]
    of_services = kpi_on(ServiceCategory.GOVERNMENT)
    assert counted(of_services, [builders.deal("d-1", ebops_main="government")]) == 1
    of_parties = replace(kpi_on(PartyRole.GOVERNMENT), name="of_parties")
    with pytest.raises(MustStop, match=r"KPI of_parties has the occasion .*, which no event can have"):
        Engine(FAIR, timedelta(seconds=30), [of_services, of_parties])


def test_two_kpis_of_one_key_are_refused() -> None:
    twice = [kpi_on(ScanKind.ENTRY), kpi_on(ScanKind.EXIT)]
    with pytest.raises(MustStop, match="2 KPIs have the key tried, so their numbers would be added"):
        Engine(FAIR, timedelta(seconds=30), twice)
    Engine(FAIR, timedelta(seconds=30), [twice[0], replace(twice[1], version=2)])


def test_two_kpis_that_select_events_of_a_class_by_different_fields_are_refused() -> None:
    with pytest.raises(MustStop, match=r"VisitorScan has several badges or kinds: badge_ref, .*scan_kind"):
        Engine(FAIR, timedelta(seconds=30), [kpi_on(ScanKind.ENTRY, BadgeRole.MEDIA)])


@pytest.mark.parametrize(
    "topic",
    [replace(SCANS, key=("terminal_id",)), replace(SCANS, partitioner=beside("the last one"))],
    ids=["another key", "another partitioner"],
)
def test_a_badge_that_does_not_choose_the_partition_of_its_events_is_refused(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fold takes it as known that all events of a badge that it has met are where they belong."""
    monkeypatch.setattr(plans, "EVENT_TOPICS", (topic,))
    with pytest.raises(MustStop, match="VisitorScan has a badge that does not choose its partition") as told:
        Engine(FAIR, timedelta(seconds=30), [])
    assert (
        told.value.hint == "make badge_ref the first field of the key of fair.scans, with BY_KEY, in schemas/topics.py"
    )
