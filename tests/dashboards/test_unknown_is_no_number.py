"""Numbers that only gateways or the audit know are unknown while none runs: no board shows a good one instead."""

import re
from pathlib import Path

import pytest

from dashboards.boards import ALL_BOARDS
from dashboards.boards.quality import BOARD as QUALITY
from tests.dashboards.test_totals import says
from tests.support.promtool import promtool, promtool_says

pytestmark = promtool
WORKER = {"fair_window_end_timestamp_seconds{instance='a'}": "60+15x40"}
REGISTER = {**WORKER, "fair_unregistered_badges{window='fair', partition='0', instance='a'}": "0x40"}
OTHERS = re.compile(
    r"fair_(unresolved|register_|released|gateway|audit|topics|topic_findings)|fair:(terminals|gateway)"
)
"""Metrics that no worker has, or that others show too."""


def waiting(instance: str, values: str, partition: int = 0) -> dict[str, str]:
    return {f"fair_unresolved_events{{partition='{partition}', instance='{instance}'}}": values}


@pytest.mark.parametrize(
    ("series", "at", "shown"),
    [
        (WORKER, "60s", 0),
        (REGISTER, "60s", None),
        ({**REGISTER, **waiting("g", "7x40"), **waiting("h", "5x40", 1)}, "60s", 12),
        ({**REGISTER, **waiting("g", "7 7 stale"), **waiting("h", "5x40", 1)}, "60s", 12),
        ({**REGISTER, **waiting("g", "7 7 stale"), **waiting("h", "_ _ _ 3x37")}, "60s", 3),
        ({**REGISTER, **waiting("g", "7 7 stale")}, "180s", None),
        (waiting("g", "7x40"), "60s", 7),
    ],
    ids=["no register", "no gateway", "two gateways", "one moves", "one has moved", "all are gone", "no worker"],
)
def test_events_that_wait_are_known_only_by_gateways_and_none_wait_without_a_register(
    series: dict[str, str], at: str, shown: float | None, tmp_path: Path
) -> None:
    [panel] = [one for one in QUALITY.panels if one.id == 22]
    assert panel.no_value == "no gateway"
    assert says(tmp_path, series, panel.queries[0].expr, at, shown, "{}") == ""


def test_with_workers_alone_no_panel_makes_a_number_of_what_gateways_and_the_audit_know(tmp_path: Path) -> None:
    asked = {
        re.sub(r"\$__rate_interval|\$offset", "5m", query.expr)
        for board in ALL_BOARDS
        for panel in board.panels
        for query in panel.queries
        if OTHERS.search(query.expr)
    }
    assert len(asked) > 20
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in REGISTER.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": "5m", "exp_samples": []} for expr in sorted(asked)],
    }
    assert promtool_says(tmp_path, [test]) == ""
