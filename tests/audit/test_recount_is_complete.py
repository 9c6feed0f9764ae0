"""The recount counts every KPI with its own code, as the fold does. A difference names the code that may be wrong."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.errors import MustStop
from streams.audit.compare import differences
from streams.audit.recount.oracle import WINDOWS, Oracle
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.deals import OUTCOMES
from streams.kpis.definition import Kpi, Window
from streams.kpis.gates import GATE_DENIALS, GATE_PASSAGES
from streams.kpis.labels import Label
from streams.kpis.visits import RETURNING_VISITORS, VISITS
from streams.shown.answers import Number
from streams.shown.view import View
from tests.support.builders import LATENESS
from tests.support.remedies import MOST_LINES, measure_remedy, recount_remedy, told
from tests.support.stories import all_stories
from tests.support.streams_of import FAIR_FILE, parsed


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_every_kpi_is_recounted_in_its_windows(kpi: Kpi[Any, Any]) -> None:
    windows = [window.value for window in kpi.windows]
    assert WINDOWS.get(kpi.name, "").split() == windows, recount_remedy(kpi)


@pytest.fixture(scope="module")
def apart() -> list[tuple[str, Number]]:
    """Return every number in which fold and recount differ, with its story. KPIs without a recount are left out."""
    recounted, found = [kpi for kpi in ALL_KPIS if kpi.name in WINDOWS], []
    for story in all_stories():
        engine, state = Engine(story.fair, LATENESS, recounted), PartitionState()
        for (_, topic), log in parsed(story.records(), story.fair).items():
            engine.apply(state, engine.fold(state, topic, log))
        report = View(engine, lambda state=state: {0: state}).report()  # type: ignore[misc]
        oracle = Oracle(story.fair_file, LATENESS).read(story.records())
        found += [(story.name, number) for number in differences(oracle, [report])]
    return found


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_fold_and_recount_give_every_kpi_the_same_numbers_in_every_story(
    kpi: Kpi[Any, Any], apart: list[tuple[str, Number]]
) -> None:
    """The cases of other KPIs are used too: a mistake in a measure is often missing from the KPI's own cases."""
    mine = [(story, number) for story, number in apart if number.name == kpi.name]
    first, *more = dict.fromkeys(story for story, _ in mine) or [""]
    others = f" and {len(more)} more" if more else ""
    assert not mine, f"in tests/{first}{others}:\n{told(number for story, number in mine if story == first)}"


@pytest.mark.parametrize(
    ("kpi", "said"),
    [
        (
            replace(GATE_PASSAGES, labels=(Label.GATE, Label.HALL), windows=(Window.M15, Window.DAY)),
            'WINDOWS say "gate_passages": "15m day", and count it where the event is taken, in oracle.py there, by',
        ),
        (
            VISITS,
            'WINDOWS say "visits": "day fair", and count it from its persons, in visits.py or floor.py there',
        ),
        (replace(OUTCOMES, labels=(Label.KIND,)), '"outcomes": "day fair", and count it in deals.py there, by kind'),
    ],
)
def test_the_remedy_names_the_place_for_its_sort_of_kpi(kpi: Kpi[Any, Any], said: str) -> None:
    assert said in recount_remedy(kpi)


def test_no_kpi_is_recounted_that_is_gone() -> None:
    ours = {kpi.name for kpi in ALL_KPIS}
    assert WINDOWS.keys() <= ours, "take it out of streams/audit/recount/counts.py, and what counts it"


def test_numbers_that_differ_are_reported_with_both_values_and_how_to_correct_either_side() -> None:
    found = [Number("gate_denials", "fair", f"gate=g-{number}", 3, 0) for number in range(MOST_LINES + 2)]
    lines = told(found).splitlines()
    assert lines[0] == "gate_denials{gate=g-0} [fair]: the fold gives 3, the recount gives 0"
    assert lines[MOST_LINES] == "... and 2 more"
    assert lines[MOST_LINES + 1 :] == [
        (
            f"gate_denials: if the recount is right, {measure_remedy(GATE_DENIALS)}; "
            f"if the fold is right, {recount_remedy(GATE_DENIALS)}"
        )
    ]


def test_the_code_that_may_be_wrong_is_the_measure_or_the_view() -> None:
    assert measure_remedy(GATE_DENIALS) == "put its measure in streams/kpis/gates.py right"
    assert measure_remedy(RETURNING_VISITORS) == "put its view in streams/kpis/visits.py right"


def test_a_kpi_that_is_shown_but_not_recounted_stops_the_comparison() -> None:
    answer = {"window_end": None, "kpis": {"umbrellas_lent": {"windows": {"day": {}, "fair": []}}}}
    with pytest.raises(MustStop) as stop:
        differences(Oracle(FAIR_FILE, LATENESS), [answer])
    assert str(stop.value) == (
        "the recount does not know the KPI umbrellas_lent; "
        "count it in streams/audit/recount/, and name it in counts.py there; a failing test says where"
    )
