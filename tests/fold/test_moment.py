"""A measure gets the facts of the event that it looks at, for every signal and for any chunking."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.events import DealRevision, Event, happened_ms
from schemas.times import epoch_ms
from streams.audit.recount.oracle import StoredRecord
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import fair_values
from streams.kpis.aggregates import Count, Distinct, Sum
from streams.kpis.definition import Kpi, On, Signal, Unit, Window
from streams.kpis.moment import Moment
from tests.support import builders
from tests.support.builders import LATENESS
from tests.support.streams_of import ENGINE, FAIR, Parsed, fair_records, parsed

Facts = dict[str, object]
Looks = Counter[tuple[object, ...]]
"""How often a measure got these facts: signal, identity of the event, then every fact."""


def expected(topic: str, subject: Event | InvalidEvent) -> Facts:
    """Return the facts that a measure should get for an event, worked out from the event alone."""
    facts: Facts = {"fair": FAIR.fair_id, "topic": topic, "number": "the member as it was given"}
    if isinstance(subject, InvalidEvent):
        return facts | {"at_ms": 0, "lag_ms": 0, "is_open": False, "badge": None, "reason": subject.reason}
    happened, received = happened_ms(subject), epoch_ms(subject.received_at)
    if not ENGINE.calendar.is_believable(happened, received):
        happened = received
    return facts | {
        "at_ms": happened,
        "lag_ms": max(0, received - happened),
        "is_open": FAIR.is_open(happened // 60_000 * 60),
        "badge": getattr(subject, "badge_ref", None),
        "reason": "",
    }


def listening(signal: Signal, told: list[tuple[Any, Facts]]) -> Kpi[Any, Any]:
    """Return a KPI that notes the facts that its measure gets, with badges as dense numbers."""

    def _listen(subject: Any, moment: Moment) -> None:
        facts = {name: getattr(moment, name) for name in Moment.__slots__}
        told.append((subject, facts | {"fair": moment.fair.fair_id, "number": moment.number("given", "so")}))

    return kpi_on(signal, _listen, Sum() if signal is Signal.DEAL_STATE else Count())


def kpi_on(signal: Signal, measure: Any, aggregate: Any) -> Kpi[Any, Any]:
    return Kpi(
        name=f"{signal}_tried",
        question="Which facts does it get?",
        unit=Unit.EVENTS,
        source="a test",
        on=On[Any]((signal,)),
        aggregate=aggregate,
        measure=measure,
        windows=(Window.FAIR,),
    )


def chunks(log: Sequence[Parsed], sizes: Iterator[int]) -> Iterator[Sequence[Parsed]]:
    at = 0
    while at < len(log):
        size = next(sizes)
        yield log[at : at + size]
        at += size


def told_in_chunks(logs: Mapping[tuple[int, str], list[Parsed]], sizes: Callable[[], Iterator[int]]) -> Looks:
    """Fold all logs, each partition by itself, and return the facts that measures got."""
    looks: Looks = Counter()
    for partition in sorted({number for number, _ in logs}):
        told: dict[Signal, list[tuple[Any, Facts]]] = {signal: [] for signal in Signal}
        engine, state = Engine(FAIR, LATENESS, [listening(signal, told[signal]) for signal in Signal]), PartitionState()
        for topic in sorted(topic for number, topic in logs if number == partition):
            for chunk in chunks(logs[partition, topic], sizes()):
                engine.apply(state, engine.fold(state, topic, chunk))
        names: dict[object, str | None] = {number: member for member, number in state.numbers.items()} | {-1: None}
        for signal, looked in told.items():
            for subject, facts in looked:
                facts["badge"] = names[facts["badge"]]
                facts["number"] = "the member as it was given" if names[facts["number"]] == "given|so" else "another"
                looks[signal, subject and subject.event_id, *sorted(facts.items())] += 1
    return looks


@settings(max_examples=60, deadline=None)
@given(records=fair_records(), data=st.data())
def test_every_signal_gets_every_fact_of_its_event_in_any_chunking(
    records: Sequence[StoredRecord], data: st.DataObject
) -> None:
    logs = parsed(records)
    one_by_one = told_in_chunks(logs, lambda: iter(lambda: 1, 0))
    assert told_in_chunks(logs, lambda: iter(lambda: 1_000, 0)) == one_by_one
    assert told_in_chunks(logs, lambda: iter(lambda: data.draw(st.integers(1, 5)), 0)) == one_by_one
    events = [(topic, event) for (_, topic), log in logs.items() for _, event in log]
    known = {
        (None if isinstance(event, InvalidEvent) else event.event_id, *sorted(expected(topic, event).items()))
        for topic, event in events
    }
    assert {look[1:] for look in one_by_one} <= known
    signals = {look[0] for look in one_by_one}
    assert (Signal.ACCEPTED in signals) == any(isinstance(event, Event) for _, event in events)
    assert (Signal.DEAL_STATE in signals) == any(isinstance(event, DealRevision) for _, event in events)


def test_these_are_all_the_facts_of_a_moment() -> None:
    assert expected("fair.scans", builders.scan()).keys() == set(Moment.__slots__)


@pytest.mark.parametrize("order", ["abab", "aabb", "abba", "baab"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_badges_that_came_again_are_told_apart_in_any_order(order: str, size: int) -> None:
    again = kpi_on(Signal.DUPLICATE, lambda _, moment: ((), moment.badge), Distinct())
    event = {who: builders.scan(who) for who in "ab"}
    engine, state = Engine(FAIR, LATENESS, [again]), PartitionState()
    log: list[Parsed] = [(offset, event[who]) for offset, who in enumerate(order)]
    for chunk in chunks(log, iter(lambda: size, 0)):
        engine.apply(state, engine.fold(state, "fair.scans", chunk))
    assert fair_values(state, again) == {(): 2}
