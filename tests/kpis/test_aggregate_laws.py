"""Every aggregate in use gives the same totals, no matter how its hits are split and ordered."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.fold.engine import Engine
from streams.kpis.aggregates import (
    SPACED_MEMBERS,
    Aggregate,
    Count,
    Distinct,
    Group,
    Histogram,
    PerMember,
    Spaced,
    Sum,
    add,
    times,
)
from streams.kpis.catalogue import ALL_KPIS
from tests.support.builders import LATENESS
from tests.support.streams_of import FAIR

UNTIMED = settings(deadline=None)
FOLDED = Engine(FAIR, LATENESS, ALL_KPIS).folded
IN_USE: list[Aggregate[Any]] = list(
    {repr(one.aggregate): one.aggregate for one in FOLDED if isinstance(one.aggregate, Aggregate)}.values()
)
MERGED = [one for one in IN_USE if not isinstance(one, Spaced)]
"""Panes of the others can be merged. Those of `Spaced` are only put together minute by minute, see below."""
VALUES = [(), ("a",), ("a", "b")]
GROUPS = {values: Group("/".join(values)) for values in VALUES}
LABELS = st.sampled_from(VALUES)


def hits_of(aggregate: Aggregate[Any]) -> st.SearchStrategy[Any]:
    match aggregate:
        case Count():
            return LABELS
        case Sum():
            return st.tuples(LABELS, st.integers(-5, 5))
        case Spaced():
            return st.tuples(LABELS, st.integers(-1, 3), st.integers(1_790_000_000_000, 1_790_000_600_000))
        case Distinct() | PerMember():
            return st.tuples(LABELS, st.integers(0, 9))
        case Histogram():
            return st.tuples(LABELS, st.integers(0, 10_000_000))
        case _:
            pytest.fail(f"{type(aggregate).__name__} is in use: add a strategy for its hits here")


def totals(aggregate: Aggregate[Any], hits: list[Any], cuts: list[int]) -> dict[str, Any]:
    """Fold hits in chunks that are cut at these places, and return the values."""
    state: dict[str, Any] = {}
    for start, end in zip([0, *cuts], [*cuts, len(hits)], strict=True):
        changes: dict[str, Any] = {}
        for hit in hits[start:end]:
            aggregate.fold(changes, hit, GROUPS)
        aggregate.absorb(state, changes)
    return state


@pytest.mark.parametrize("aggregate", IN_USE, ids=repr)
@UNTIMED
@given(data=st.data())
def test_hits_give_the_same_totals_in_any_order_and_any_chunks(aggregate: Aggregate[Any], data: st.DataObject) -> None:
    hits = data.draw(st.lists(hits_of(aggregate), max_size=30))
    mixed = data.draw(st.permutations(hits))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(hits)), max_size=4)))
    assert totals(aggregate, hits, []) == totals(aggregate, mixed, cuts)


@pytest.mark.parametrize("aggregate", MERGED, ids=repr)
@UNTIMED
@given(data=st.data())
def test_merging_panes_equals_folding_all_their_hits_at_once(aggregate: Aggregate[Any], data: st.DataObject) -> None:
    panes = data.draw(st.lists(st.lists(hits_of(aggregate), max_size=8), max_size=4))
    at_once = totals(aggregate, [hit for pane in panes for hit in pane], [])
    apart = [totals(aggregate, pane, []) for pane in panes]
    for group in GROUPS.values():
        there = [pane[group] for pane in apart if group in pane]
        if there:
            assert aggregate.value(aggregate.merge(there)) == aggregate.value(at_once[group])


@pytest.mark.parametrize("aggregate", IN_USE, ids=repr)
@UNTIMED
@given(data=st.data())
def test_values_of_disjoint_partitions_add_up(aggregate: Aggregate[Any], data: st.DataObject) -> None:
    hits = data.draw(st.lists(hits_of(aggregate), min_size=1, max_size=20))
    of_members = isinstance(aggregate, Distinct | PerMember | Spaced)
    member = (lambda hit: hit[1] % 2) if of_members else (lambda hit: hash(hit) % 2)
    whole = totals(aggregate, hits, [])
    halves = [totals(aggregate, [hit for hit in hits if member(hit) == side], []) for side in (0, 1)]
    for group, total in whole.items():
        parts = [aggregate.value(half[group]) for half in halves if group in half]
        assert add(parts) == aggregate.value(total)


def test_a_bound_of_a_histogram_belongs_to_its_bucket() -> None:
    cells = totals(Histogram(bounds=(10, 20)), [((), 10), ((), 11), ((), 20), ((), 21)], [])
    assert cells[""] == [1, 2, 1, 62]


def test_a_capped_histogram_counts_a_longer_value_as_the_cap() -> None:
    assert totals(Histogram(bounds=(10, 20), cap=20), [((), 500)], [])[""] == [0, 1, 0, 20]


TEN_MINUTES = st.integers(1_790_000_000, 1_790_000_600).map(lambda second: second * 1_000)
MET = st.lists(st.tuples(st.integers(-1, 2), TEN_MINUTES), max_size=25)
GAPS = st.integers(1, 6).map(lambda minutes: minutes * 60_000)


@UNTIMED
@given(met=MET, gap=GAPS)
def test_spaced_counts_those_with_nobody_shortly_before(met: list[tuple[int, int]], gap: int) -> None:
    unnamed = sum(member < 0 for member, _ in met)
    seen = {(member, at) for member, at in met if member >= 0}
    alone = [
        (member, at) for member, at in seen if not any((member, one) in seen for one in range(at - gap, at, 1_000))
    ]
    state = totals(Spaced(gap), [((), *one) for one in met], [])
    assert (Spaced(gap).value(state[""]) if met else 0) == unnamed + len(alone)


@UNTIMED
@given(met=MET, gap=GAPS)
def test_the_minutes_of_a_day_add_up_to_the_day_of_spaced(met: list[tuple[int, int]], gap: int) -> None:
    spaced, panes = Spaced(gap), dict[int, dict[Group, Any]]()
    for member, at in met:
        changes: dict[Group, Any] = {}
        spaced.fold(changes, ((), member, at), GROUPS)
        spaced.gather(panes.setdefault(at // 60_000, {}), changes)
    group = GROUPS[()]
    minutes = [
        spaced.spaced(
            cells[group],
            spaced.merge([panes[one][group] for one in range(minute - gap // 60_000, minute) if one in panes]),
        )
        for minute, cells in panes.items()
    ]
    day = totals(spaced, [((), *one) for one in met], [])
    assert sum(minutes) == (spaced.value(day[group]) if met else 0)
    assert sum(cells[group][1] for cells in panes.values()) == (day[group][1] if met else 0) == len(met)


@pytest.mark.parametrize("member", [SPACED_MEMBERS - 1, SPACED_MEMBERS])
def test_spaced_counts_every_meeting_with_members_that_it_cannot_tell_apart(member: int) -> None:
    state = totals(Spaced(300_000), [((), member, 1_790_000_000_000), ((), member, 1_790_000_001_000)], [])
    assert Spaced(300_000).value(state[""]) == 1 + (member == SPACED_MEMBERS)


def test_a_tally_knows_how_often_some_of_its_members_were_met() -> None:
    total = totals(PerMember(), [((), 1), ((), 2), ((), 1), ((), 1), ((), 3)], [2])[""]
    assert (times(total, BitMap([1, 3])), times(total, BitMap([9])), PerMember().value(total)) == (4, 0, 5)
