"""First-time and returning visitors follow from the days of all visits, in any order of arrival."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.errors import MustStop
from schemas.events import VisitorScan
from schemas.fair.days import FairDay
from schemas.topics import SCANS
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import combine, day_values, fair_values
from streams.kpis.aggregates import Count, Sum
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi, On, Signal, Window
from streams.kpis.gates import (
    FIRST_TIME_VISITORS,
    GATE_PASSAGES,
    RETURNING_VISITORS,
    UNIQUE_VISITORS,
    VISITORS_BY_COUNTRY,
    VISITS,
)
from streams.kpis.history import FirstTime, Returning
from streams.kpis.labels import Label
from streams.kpis.quality import REJECTED_EVENTS
from tests.support import builders
from tests.support.streams_of import FAIR

OPEN = FAIR.days[0]
DATES = ("2025-10-25", "2025-10-26", "2025-10-27", "2025-10-28")
LONG_FAIR = replace(
    FAIR,
    days=tuple(FairDay(OPEN.date + timedelta(days=n), OPEN.opens, OPEN.closes, FAIR.zone) for n in range(4)),
)
ENGINE = Engine(LONG_FAIR, timedelta(seconds=30))

Visits = dict[str, set[str]]
"""Who visited, by date."""


def drawn(seed: int) -> tuple[list[VisitorScan], Visits]:
    """Return the entries of some people over four days, in any order, and the visits that they make."""
    dice = random.Random(seed)
    visits: Visits = defaultdict(set)
    scans = []
    for _ in range(dice.randrange(1, 40)):
        who, date, hour = dice.choice("abcdefgh"), dice.choice(DATES), dice.randrange(8, 20)
        scans.append(builders.scan(who, at=f"{date} {hour:02}:30"))
        if 9 <= hour < 18:
            visits[date].add(who)
    return scans, visits


def folded(scans: Sequence[VisitorScan], partitions: int, dice: random.Random) -> list[PartitionState]:
    """Fold scans in chunks of any length, with all scans of a person in one partition."""
    states = [PartitionState() for _ in range(partitions)]
    logs: dict[int, list[VisitorScan]] = defaultdict(list)
    for scan in scans:
        logs[int(scan.badge_ref or "", 16) % partitions].append(scan)
    for number, log in logs.items():
        at = 0
        while at < len(log):
            size = dice.randrange(1, 8)
            chunk = list(enumerate(log[at : at + size], at))
            ENGINE.apply(states[number], ENGINE.fold(states[number], SCANS.name, chunk))
            at += size
    return states


def shown(states: Sequence[PartitionState], kpi: Kpi[Any, Any], day: str = "") -> int:
    parts = [day_values(state, kpi, day) if day else fair_values(state, kpi) for state in states]
    value = combine(parts).get((), 0)
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize("partitions", [1, 3, 8])
@pytest.mark.parametrize("seed", range(100))
def test_any_order_of_arrival_gives_the_numbers_that_sets_give(seed: int, partitions: int) -> None:
    scans, visits = drawn(seed)
    dice = random.Random(-1 - seed)
    states = folded(dice.sample(scans, len(scans)), partitions, dice)
    before: set[str] = set()
    for day in DATES:
        assert shown(states, FIRST_TIME_VISITORS, day) == len(visits[day] - before)
        assert shown(states, RETURNING_VISITORS, day) == len(visits[day] & before)
        assert shown(states, VISITS, day) == len(visits[day])
        before |= visits[day]
    twice = [who for who in before if sum(who in present for present in visits.values()) >= 2]
    assert shown(states, RETURNING_VISITORS) == len(twice)
    assert (
        shown(states, UNIQUE_VISITORS) == len(before) == sum(shown(states, FIRST_TIME_VISITORS, day) for day in DATES)
    )


def test_they_need_no_state_and_no_journal_of_their_own() -> None:
    without = [kpi for kpi in ALL_KPIS if kpi not in (FIRST_TIME_VISITORS, RETURNING_VISITORS)]
    bare = Engine(LONG_FAIR, timedelta(seconds=30), without)
    assert bare.fingerprint == ENGINE.fingerprint
    scans, _ = drawn(7)
    delta, other = (engine.fold(PartitionState(), SCANS.name, list(enumerate(scans))) for engine in (ENGINE, bare))
    assert delta == other


def test_a_kpi_that_reads_the_days_of_one_that_is_not_folded_is_refused() -> None:
    with pytest.raises(MustStop, match="KPI returning_visitors reads the days of visits, which is not folded"):
        Engine(FAIR, timedelta(seconds=30), [RETURNING_VISITORS])


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (lambda: replace(VISITS, measure=None), "visits: say when it looks"),
        (lambda: replace(VISITS, on=None), "visits: say when it looks"),
        (
            lambda: replace(VISITS, aggregate=Count(), on=On((Signal.DEAL_STATE,))),
            "visits: a deal's state is taken back",
        ),
        (lambda: replace(VISITS, aggregate=Sum(), on=On((Signal.DEAL_STATE, Signal.LATE))), "name no other occasion"),
        (lambda: replace(VISITS, on=On(())), "visits: it has no occasion: name one"),
        (lambda: replace(VISITS, windows=(Window.FAIR,)), "visits: the total of the fair is the sum of its days"),
        (lambda: replace(VISITS, windows=(Window.M15, Window.FAIR)), "visits: the total of the fair is the sum of"),
        (lambda: replace(REJECTED_EVENTS, windows=(Window.DAY, Window.FAIR)), "a refused record has no time"),
        (lambda: replace(REJECTED_EVENTS, windows=(Window.M1,)), "rejected_events: a refused record has no time"),
        (lambda: replace(REJECTED_EVENTS, on=On((Signal.REJECTED, Signal.LATE))), "name no other occasion, and only"),
        (lambda: replace(GATE_PASSAGES, labels=(Label.GATE, Label.GATE)), "gate_passages: it has a label twice: gate$"),
        (lambda: replace(VISITS, windows=()), "visits: it has no window"),
        (lambda: replace(RETURNING_VISITORS, windows=()), "returning_visitors: it has no window"),
        (lambda: replace(GATE_PASSAGES, unscraped=(Window.FAIR,), windows=(Window.DAY,)), "`unscraped` names a window"),
        (lambda: replace(FIRST_TIME_VISITORS, on=VISITS.on), "reads the days of visits: leave `on` and `measure` out"),
        (lambda: replace(FIRST_TIME_VISITORS, windows=(Window.FAIR,)), "it can only have the windows day$"),
        (lambda: replace(RETURNING_VISITORS, windows=(Window.M15,)), "it can only have the windows day, fair$"),
        (lambda: replace(RETURNING_VISITORS, labels=(Label.GATE,)), "its labels must be those of visits: none"),
        (lambda: replace(RETURNING_VISITORS, aggregate=Returning(of=UNIQUE_VISITORS)), "unique_visitors does not keep"),
        (lambda: replace(FIRST_TIME_VISITORS, aggregate=FirstTime(of=FIRST_TIME_VISITORS)), "visitors does not keep"),
    ],
)
def test_a_kpi_whose_parts_do_not_fit_together_is_refused_when_it_is_written(made: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=fault):
        made()


def test_a_history_has_the_labels_of_the_kpi_whose_days_it_reads() -> None:
    by_day = replace(VISITORS_BY_COUNTRY, name="visitors_by_country_and_day", windows=(Window.DAY,))
    back = replace(RETURNING_VISITORS, aggregate=Returning(of=by_day), labels=by_day.labels, wide=True)
    engine, state = Engine(FAIR, timedelta(seconds=30), [by_day, back]), PartitionState()
    came = [("ada", "NO", 25), ("ada", "NO", 26), ("bob", "JP", 25), ("cy", "JP", 26), ("dee", "NO", 26)]
    scans = [builders.scan(who, at=f"2025-10-{day} 11:00", residence_country=land) for who, land, day in came]
    engine.apply(state, engine.fold(state, SCANS.name, list(enumerate(scans))))
    assert day_values(state, back, "2025-10-26") == {("NO",): 1, ("JP",): 0}
    assert fair_values(state, back) == {("NO",): 1, ("JP",): 0}
