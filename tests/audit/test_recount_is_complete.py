"""The recount has a table of its own; what is missing in it, or says something else, is named with file and line."""

from collections.abc import Collection
from typing import Any

import pytest

from schemas.errors import MustStop
from streams.audit.compare import differences
from streams.audit.recount.oracle import DEAL_KPIS, HISTORY_KPIS, SUMMED_OVER_DAYS, WINDOWS, Oracle
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.deals import OUTCOMES
from streams.kpis.definition import History, Kpi, Signal, Window
from streams.kpis.gates import GATE_PASSAGES, RETURNING_VISITORS, VISITS
from streams.shown.view import View
from tests.support.builders import LATENESS
from tests.support.stories import all_stories
from tests.support.streams_of import FAIR_FILE, parsed

FILE = "streams/audit/recount/oracle.py"


def remedy(kpi: Kpi[Any, Any]) -> str:
    """Return what is to be added to the recount for a KPI of its sort."""
    if isinstance(kpi.aggregate, History):
        return f'in {FILE} add "{kpi.name}" to HISTORY_KPIS, and count it in _history_kpis'
    if Signal.DEAL_STATE in kpi.occasions:
        return f'in {FILE} add "{kpi.name}" to DEAL_KPIS, and count it in _deal_kpis'
    windows = " ".join(window for window in kpi.windows if not (kpi.aggregate.per_day and window is Window.FAIR))
    also = "; name it in SUMMED_OVER_DAYS as well" if kpi.aggregate.per_day and Window.FAIR in kpi.windows else ""
    return f'in {FILE} let WINDOWS say "{kpi.name}": "{windows}", and count it where the event is taken{also}'


def table(kpi: Kpi[Any, Any]) -> Collection[str]:
    """Return the table of the recount that a KPI belongs to."""
    if isinstance(kpi.aggregate, History):
        return HISTORY_KPIS
    return DEAL_KPIS if Signal.DEAL_STATE in kpi.occasions else WINDOWS


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_every_kpi_is_recounted_in_its_windows(kpi: Kpi[Any, Any]) -> None:
    assert kpi.name in table(kpi), remedy(kpi)
    if kpi.name in WINDOWS:
        windows = [window.value for window in kpi.windows if not (kpi.name in SUMMED_OVER_DAYS and window == "fair")]
        assert WINDOWS[kpi.name].split() == windows, remedy(kpi)


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_the_recount_has_the_numbers_of_the_cases_of_every_kpi(kpi: Kpi[Any, Any]) -> None:
    for story in all_stories():
        if story.name.startswith(f"kpis/cases/{kpi.name}/"):
            state, oracle = PartitionState(), Oracle(story.fair_file, LATENESS).read(story.records())
            engine = Engine(story.fair, LATENESS, ALL_KPIS)
            for (_, topic), log in parsed(story.records(), story.fair).items():
                engine.apply(state, engine.fold(state, topic, log))
            found = differences(oracle, [View(engine, lambda state=state: {0: state}).report()])  # type: ignore[misc]
            assert not [str(one) for one in found if one.name == kpi.name], f"{story.name}: {remedy(kpi)}"


@pytest.mark.parametrize(
    ("kpi", "said"),
    [
        (GATE_PASSAGES, 'WINDOWS say "gate_passages": "1m 5m 15m day fair", and count it where the event is taken'),
        (VISITS, 'WINDOWS say "visits": "day", and count it where the event is taken; name it in SUMMED_OVER_DAYS'),
        (OUTCOMES, 'add "outcomes" to DEAL_KPIS, and count it in _deal_kpis'),
        (RETURNING_VISITORS, 'add "returning_visitors" to HISTORY_KPIS, and count it in _history_kpis'),
    ],
)
def test_the_remedy_names_the_place_for_its_sort_of_kpi(kpi: Kpi[Any, Any], said: str) -> None:
    assert said in remedy(kpi)


def test_no_kpi_is_recounted_that_is_gone() -> None:
    ours = {kpi.name for kpi in ALL_KPIS}
    assert {*WINDOWS, *DEAL_KPIS, *HISTORY_KPIS} <= ours, f"take it out of the tables in {FILE}"


def test_a_kpi_that_is_shown_but_not_recounted_stops_the_comparison() -> None:
    answer = {"window_end": None, "kpis": {"umbrellas_lent": {"windows": {"day": {}, "fair": []}}}}
    with pytest.raises(MustStop) as stop:
        differences(Oracle(FAIR_FILE, LATENESS), [answer])
    assert str(stop.value) == (
        "the recount does not know the KPI umbrellas_lent; "
        "count it in streams/audit/recount/oracle.py, whose tests say where"
    )
