"""Views: numbers of persons follow from traces, in any order of arrival."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.events import VisitorScan
from schemas.fair.days import FairDay
from schemas.topics import SCANS
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import combine, day_values, fair_values, people_of
from streams.kpis.aggregates import Count, Sum
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi, On, Signal, Window
from streams.kpis.gates import GATE_PASSAGES
from streams.kpis.labels import Label
from streams.kpis.presence import PRESENT
from streams.kpis.quality import REJECTED_EVENTS
from streams.kpis.visits import FIRST_TIME_VISITORS, RETURNING_VISITORS, UNIQUE_VISITORS, VISITS
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
    with_people = [(state, people_of(state, LONG_FAIR)) for state in states]
    parts = [day_values(one, kpi, day, who) if day else fair_values(one, kpi, who) for one, who in with_people]
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


def test_a_trace_is_folded_once_however_many_views_read_it() -> None:
    engine = Engine(FAIR, timedelta(seconds=30), [RETURNING_VISITORS, VISITS])
    assert [one.name for one in engine.folded] == ["present"]


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (lambda: replace(GATE_PASSAGES, measure=None), "KPI gate_passages: say when it looks"),
        (lambda: replace(GATE_PASSAGES, on=None), "KPI gate_passages: say when it looks"),
        (
            lambda: replace(GATE_PASSAGES, aggregate=Count(), on=On((Signal.DEAL_STATE,))),
            "gate_passages: a deal's state is taken back",
        ),
        (
            lambda: replace(GATE_PASSAGES, aggregate=Sum(), on=On((Signal.DEAL_STATE, Signal.LATE))),
            "name no other occasion",
        ),
        (lambda: replace(GATE_PASSAGES, on=On(())), "gate_passages: it has no occasion: name one"),
        (lambda: replace(VISITS, windows=(Window.FAIR,)), "visits: the number of the fair is the sum of its days"),
        (lambda: replace(REJECTED_EVENTS, windows=(Window.DAY, Window.FAIR)), "a refused record has no time"),
        (lambda: replace(REJECTED_EVENTS, windows=(Window.M1,)), "rejected_events: a refused record has no time"),
        (lambda: replace(REJECTED_EVENTS, on=On((Signal.REJECTED, Signal.LATE))), "name no other occasion, and only"),
        (lambda: replace(GATE_PASSAGES, labels=(Label.GATE, Label.GATE)), "gate_passages: it has a label twice: gate$"),
        (lambda: replace(VISITS, windows=()), "visits: it has no window"),
        (lambda: replace(GATE_PASSAGES, unscraped=(Window.FAIR,), windows=(Window.DAY,)), "`unscraped` names a window"),
        (
            lambda: replace(VISITS, on=GATE_PASSAGES.on),
            "visits: it is worked out from traces: leave `on`",
        ),
        (lambda: replace(VISITS, windows=(Window.M15,)), "visits: a trace that it reads does not have the window 15m"),
        (lambda: replace(PRESENT, windows=(Window.FAIR,)), "trace present: the fair is made of its days"),
        (lambda: replace(PRESENT, measure=None), "trace present: say when it looks"),
        (lambda: replace(PRESENT, aggregate=VISITS.aggregate), "trace present: aggregate with one that folds events"),
    ],
)
def test_a_kpi_whose_parts_do_not_fit_together_is_refused_when_it_is_written(made: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=fault):
        made()
