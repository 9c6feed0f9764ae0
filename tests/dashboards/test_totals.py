"""A total while a partition moves between workers: never counted twice, never missed, never older than it must be."""

from pathlib import Path
from typing import Any

from dashboards.queries import total
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Window
from streams.kpis.labels import Label
from tests.support.promtool import promtool, promtool_says

pytestmark = promtool
KPIS = {kpi.name: kpi for kpi in ALL_KPIS}
OCCUPANCY = total(KPIS["hall_occupancy"], Window.DAY, Label.HALL)
PASSAGES = total(KPIS["gate_passages"], Window.M1)
H1 = '{hall="h1"}'


def inside(partition: int, worker: str, values: str) -> dict[str, str]:
    """Return a partition's share of hall 1 as a worker shows it, with its watermark."""
    at = f"partition='{partition}', instance='{worker}'"
    watermark = " ".join("_" if value == "_" else "stale" if value == "stale" else "1" for value in values.split())
    return {
        f"fair_hall_occupancy{{hall='h1', window='day', {at}}}": values,
        f"fair_watermark_timestamp_seconds{{{at}}}": watermark,
    }


def says(tmp_path: Path, series: dict[str, str], expr: str, at: str, value: float | None, labels: str = H1) -> str:
    """Return promtool's objections to a value (None: nothing shown) of an expression at a time."""
    samples: list[dict[str, Any]] = [] if value is None else [{"labels": labels, "value": value}]
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": at, "exp_samples": samples}],
    }
    return promtool_says(tmp_path, [test])


def test_a_dead_workers_partition_keeps_its_last_number_until_another_worker_shows_it(tmp_path: Path) -> None:
    series = {**inside(0, "a", "40 40 stale"), **inside(1, "b", "60 60 60 60 60 60 60 60 60 60")}
    assert says(tmp_path, series, OCCUPANCY, "15s", 100) == ""
    assert says(tmp_path, series, OCCUPANCY, "60s", 100) == ""


def test_a_partition_that_nobody_takes_over_is_missing_after_a_while(tmp_path: Path) -> None:
    series = {**inside(0, "a", "40 40 stale"), **inside(1, "b", "60 60 60 60 60 60 60 60 60 60")}
    assert says(tmp_path, series, OCCUPANCY, "120s", 60) == ""


def test_the_number_of_the_new_worker_holds_at_once_even_if_it_is_less(tmp_path: Path) -> None:
    series = {**inside(0, "a", "40 40 stale"), **inside(0, "b", "_ _ _ 10 10")}
    assert says(tmp_path, series, OCCUPANCY, "45s", 10) == ""


def test_a_partition_on_two_workers_is_counted_once(tmp_path: Path) -> None:
    series = {**inside(0, "a", "40 40 40"), **inside(0, "b", "_ 40 40")}
    assert says(tmp_path, series, OCCUPANCY, "30s", 40) == ""


def test_a_minute_in_which_nobody_passed_is_not_the_minute_before(tmp_path: Path) -> None:
    at = "partition='0', instance='a'"
    series = {
        f"fair_gate_passages{{gate='north', direction='entry', window='1m', {at}}}": "7 7 stale",
        f"fair_watermark_timestamp_seconds{{{at}}}": "1 1 1 1",
    }
    assert says(tmp_path, series, PASSAGES, "15s", 7, "{}") == ""
    assert says(tmp_path, series, PASSAGES, "45s", None, "{}") == ""


def test_the_same_holds_at_another_time(tmp_path: Path) -> None:
    series = {**inside(0, "a", "40 40 stale"), **inside(0, "b", "_ _ _ 10 10 10 10 10")}
    then = total(KPIS["hall_occupancy"], Window.DAY, Label.HALL, offset="1m")
    assert says(tmp_path, series, then, "90s", 40) == ""
    assert says(tmp_path, series, then, "105s", 10) == ""
