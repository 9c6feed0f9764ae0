"""The recount has a table of its own; what is missing in it, or says something else, is named with file and line."""

from typing import Any

import pytest

from schemas.errors import MustStop
from streams.audit.compare import differences, must_know
from streams.audit.recount.oracle import DEAL_KPIS, HISTORY_KPIS, SUMMED_OVER_DAYS, WINDOWS, Oracle
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi
from tests.support.builders import LATENESS
from tests.support.streams_of import FAIR_FILE

FILE = "streams/audit/recount/oracle.py"


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_every_kpi_is_recounted_in_its_windows(kpi: Kpi[Any, Any]) -> None:
    must_know({kpi.name: {"windows": kpi.windows}})
    if kpi.name in WINDOWS:
        windows = [window.value for window in kpi.windows if not (kpi.name in SUMMED_OVER_DAYS and window == "fair")]
        assert WINDOWS[kpi.name].split() == windows, (
            f'in {FILE} let WINDOWS say "{kpi.name}": "{" ".join(windows)}", or name it in SUMMED_OVER_DAYS as well'
        )


def test_no_kpi_is_recounted_that_is_gone() -> None:
    ours = {kpi.name for kpi in ALL_KPIS}
    assert {*WINDOWS, *DEAL_KPIS, *HISTORY_KPIS} <= ours, f"take it out of the tables in {FILE}"


def test_a_kpi_that_is_shown_but_not_recounted_stops_the_comparison() -> None:
    answer = {"window_end": None, "kpis": {"umbrellas_lent": {"windows": {"day": {}, "fair": []}}}}
    with pytest.raises(MustStop) as stop:
        differences(Oracle(FAIR_FILE, LATENESS), [answer])
    assert str(stop.value) == (
        "the recount does not know the KPI umbrellas_lent; in streams/audit/recount/oracle.py add "
        '"umbrellas_lent": "day fair", to WINDOWS, and count it where it takes the event'
    )
