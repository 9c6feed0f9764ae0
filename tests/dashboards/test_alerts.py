"""Every alert fires when it must, is silent in a near case, and says what to do; recording rules are right."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from dashboards.__main__ import ROOT
from dashboards.alert import Alert
from dashboards.alerts import ALERTS, kpi_alerts
from dashboards.boards.all_kpis import panel_of
from dashboards.rules import RULES
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi
from tests.dashboards.alert_cases import (
    CASES,
    MINUTES,
    NORTH,
    NOW,
    OPEN,
    READY,
    events,
    folded,
    hall,
    of_tests,
    passages,
    refused,
    waiting,
)
from tests.support.promtool import promtool, promtool_says

RULE_FILES = [str(ROOT / "prometheus" / "rules" / name) for name in ("recording.yml", "alerts.yml")]
RUNBOOKS = ROOT / "runbooks"
of_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def check(tmp_path: Path, tests: list[dict[str, Any]]) -> str:
    """Return promtool's output about tests of the shipped rules; empty if all pass."""
    return promtool_says(tmp_path, tests, RULE_FILES)


def given(series: dict[str, str]) -> dict[str, Any]:
    return {
        "interval": "15s",
        "external_labels": {"runbooks": "https://runbooks.test"},
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
    }


def verdict(alert: Alert, series: dict[str, str], at: int, *labels: dict[str, str]) -> dict[str, Any]:
    expected = [{"exp_labels": {"severity": alert.severity, **one}} for one in labels]
    return {
        **given(series),
        "alert_rule_test": [{"eval_time": f"{at}m", "alertname": alert.name, "exp_alerts": expected}],
    }


Said = dict[str, str]
"""By alert, promtool's output about one that fires unexpectedly; nothing if it is silent."""


def fired(tmp_path: Path, verdicts: list[dict[str, Any]]) -> Said:
    blocks = check(tmp_path, verdicts).split("alertname: ")[1:]
    return {block.split(",")[0]: block.split("got:")[1] for block in blocks}


@pytest.fixture(scope="module")
def firing(tmp_path_factory: pytest.TempPathFactory) -> Said:
    home = tmp_path_factory.mktemp("firing")
    return fired(home, [verdict(alert, CASES[alert.name].fires, CASES[alert.name].at) for alert in ALERTS])


@pytest.fixture(scope="module")
def at_first(tmp_path_factory: pytest.TempPathFactory) -> Said:
    return fired(tmp_path_factory.mktemp("first"), [verdict(alert, CASES[alert.name].fires, 0) for alert in ALERTS])


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Said:
    home = tmp_path_factory.mktemp("beside")
    return fired(home, [verdict(alert, CASES[alert.name].quiet, CASES[alert.name].at) for alert in ALERTS])


@pytest.fixture(scope="module")
def without_data(tmp_path_factory: pytest.TempPathFactory) -> Said:
    nothing = {"fair_nothing": "1x400"}
    asked = [one for alert in ALERTS for one in verdict(alert, nothing, 20)["alert_rule_test"]]
    return fired(tmp_path_factory.mktemp("nothing"), [given(nothing) | {"alert_rule_test": asked}])


@promtool
@of_alert
def test_an_alert_fires_with_its_labels_and_a_link_to_its_runbook(alert: Alert, firing: Said) -> None:
    assert alert.name in firing, f"{alert.name} does not fire"
    said = firing[alert.name]
    labels = dict(re.findall(r'(\w+)="([^"]*)"', said.split("Annotations")[0]))
    assert labels == {"alertname": alert.name, "severity": alert.severity, **CASES[alert.name].labels}
    assert f'runbook_url="https://runbooks.test/{alert.runbook or alert.name}.md"' in said
    assert "<no value>" not in said
    assert "{{" not in said


@promtool
@of_alert
def test_an_alert_does_not_fire_in_the_near_case(alert: Alert, beside: Said) -> None:
    assert alert.name not in beside


@promtool
@of_alert
def test_without_any_data_only_the_alert_for_a_missing_worker_fires(alert: Alert, without_data: Said) -> None:
    assert (alert.name in without_data) is (alert.name == "NoWorker")


@promtool
@of_alert
def test_an_alert_waits_before_it_fires(alert: Alert, at_first: Said) -> None:
    assert alert.name not in at_first or alert.wait == "0s"


@promtool
@pytest.mark.parametrize(
    ("refused", "fires"), [("0x60 10+10x20 200x300", True), ("0x60 2+2x20 40x300", False), ("900x60 0x340", False)]
)
def test_refusals_of_gateways_are_a_burst_too_but_their_restart_is_not(
    refused: str, fires: bool, tmp_path: Path
) -> None:
    [alert] = [one for one in ALERTS if one.name == "RejectsBurst"]
    series = {"fair_gateway_events_total{outcome='rejected', instance='g'}": refused}
    assert ("RejectsBurst" in fired(tmp_path, [verdict(alert, series, 20)])) is fires


@promtool
@pytest.mark.parametrize(("minute", "fires"), [(9, False), (10, True), (14, True), (30, True), (31, False)])
def test_a_copied_terminal_is_still_told_of_when_its_gateway_restarts_or_vanishes(
    minute: int, fires: bool, tmp_path: Path
) -> None:
    [alert] = [one for one in ALERTS if one.name == "TerminalSentFromTwice"]
    series = {"fair_gateway_terminal_copies{terminal='t-1', instance='g'}": "_x40 1x10 _x4 1x6 _x340"}
    assert (alert.name in fired(tmp_path, [verdict(alert, series, minute)])) is fires


@promtool
@pytest.mark.parametrize(
    ("name", "series", "minutes"),
    [
        (  # the audit is gone: a quarter of an hour without it counts
            "AuditOld",
            {"fair_audit_waiting_seconds": "30x40 stale"},
            {9: False, 24: False, 26: True, 90: True},
        ),
        (  # the exporter sees it too, when no worker runs
            "TransactionHangs",
            {
                "kafka_topic_partition_current_offset{topic='t', partition='0'}": "9x20 9+1x30 40x350",
                "kafka_topic_partition_stable_offset{topic='t', partition='0'}": "9x400",
            },
            {5: False, 6: False, 8: True, 20: True},
        ),
        (  # another worker takes over, and the partition of the dead one is missing for a while: nothing fell
            "EventsFell",
            {**folded(1), events(0): "100x400", **{one.replace("'0'", "'1'"): "9x40 stale" for one in folded(1)},
             events(1): "100x40 stale"},
            {9: False, 11: False, 13: False, 16: False},
        ),
        (  # topics were made anew, and a new generation counts from zero
            "EventsFell",
            {**folded(2), events(0): "100x40 stale", events(1): "100x40 stale"},
            {9: False, 11: True, 20: True, 26: False},
        ),
        (  # the wrong fair file, from the beginning until it is corrected
            "EventsOfAnotherFair",
            {refused("wrong_fair", 0): "_x20 90x380", events(0): "_x200 90x200"},
            {4: False, 6: True, 48: True, 51: False},
        ),
        (  # a partition is away while another one has some strangers among many events
            "EventsOfAnotherFair",
            {
                refused("wrong_fair", 1): "0x40 30x360", events(1): "0x40 5000x360",
                events(0): "90000x70 _x20 90000x310",
            },
            {17: False, 18: False, 19: False, 24: False},
        ),
        (  # strangers of yesterday, and all workers were away
            "EventsOfAnotherFair",
            {refused("wrong_fair", 0): "9000x40 _x400 9000x60", events(0): "9000x40 _x400 9000x60"},
            {9: False, 111: False, 120: False},
        ),
        (  # six events begin to wait, nobody passes a gate, and no more come
            "BadgesUnknown",
            {**NOW, **waiting("g", "0x20 6x380")},
            {4: False, 9: False, 11: True, 19: True, 21: False, 90: False},
        ),
        (  # the register was never imported, and people arrive from the start of Prometheus on
            "BadgesUnknown",
            {**NOW, **passages("15m", "50x400"), **waiting("g", "0+1x400")},
            {5: False, 8: True, 16: True, 60: True, 99: True},
        ),
        (  # the register is imported, and others come without a registration later
            "BadgesUnknown",
            {**NOW, **waiting("g", "0x20 500x60 0x120 8x200")},
            {11: True, 19: True, 22: False, 50: False, 54: False, 56: True, 64: True, 66: False},
        ),
        (  # the same, and the gateway that showed the most is gone since
            "BadgesUnknown",
            {**NOW, **waiting("g", "0x20 500x20 stale"), **waiting("h", "_x40 0x120 8x240")},
            {22: False, 39: False, 46: True, 54: True, 56: False},
        ),
        (  # old scans of badges of another fair, and only a few people come
            "BadgesUnknown",
            {**NOW, **passages("15m", "300x400"), **waiting("g", "6x400")},
            {6: False, 11: False, 16: False, 60: False},
        ),
        (  # the gateway was away for the night, and reads what waits from the beginning
            "BadgesUnknown",
            {**NOW, **waiting("g", "_x200 0 600x199")},
            {51: False, 54: False, 56: False, 60: False, 66: False, 71: False},
        ),
        (  # the gateway restarts
            "BadgesUnknown",
            {**NOW, **waiting("g", "600x80 _x30 0 600x289")},
            {29: False, 34: False, 36: False, 43: False, 48: False, 60: False},
        ),
        (  # the partition moves to a gateway that is new
            "BadgesUnknown",
            {**NOW, **waiting("g", "600x80 stale"), **waiting("h", "_x84 0 600x315")},
            {22: False, 27: False, 36: False, 37: False, 42: False, 60: False},
        ),
        (  # the register was never imported; after closing
            "BadgesUnknown",
            {**NOW, "fair_closes_timestamp_seconds{day='d1'}": "60x400", **waiting("g", "0+1x400")},
            {11: False, 34: False},
        ),
        (  # a gate that was enrolled as a test, seen from the opening on
            "TestEventsDuringFair",
            {**NOW, of_tests(0): "_x80 2+2x320"},
            {20: False, 22: False, 24: True, 60: True},
        ),
        (  # Prometheus is new, or the partition was away: nothing rose
            "TestEventsDuringFair",
            {**NOW, of_tests(0): "900x100 _x20 900x280"},
            {2: False, 10: False, 24: False, 31: False, 60: False},
        ),
        (
            "EventsMisplaced",
            {refused("misplaced", 0): "2x120 3x280"},
            {20: False, 31: True, 44: True, 46: False},
        ),
    ],
)  # fmt: skip
def test_an_alert_is_right_at_each_minute_when_series_vanish_or_appear(
    name: str, series: dict[str, str], minutes: dict[int, bool], tmp_path: Path
) -> None:
    [alert] = [one for one in ALERTS if one.name == name]
    asked = [one for minute in minutes for one in verdict(alert, series, minute)["alert_rule_test"]]
    said = check(tmp_path, [given(series) | {"alert_rule_test": asked}])
    fires = {
        60 * int(hours or 0) + int(rest or 0)
        for hours, rest in re.findall(rf"alertname: {name}, time: (?:(\d+)h)?(?:(\d+)m)?", said)
    }
    assert {minute: minute in fires for minute in minutes} == minutes


def test_every_alert_has_its_two_cases_and_every_case_its_alert() -> None:
    assert set(CASES) == {alert.name for alert in ALERTS}


@of_alert
def test_an_alert_says_what_is_wrong_how_urgent_it_is_and_for_how_long(alert: Alert) -> None:
    assert alert.severity in ("notice", "warning", "critical")
    assert re.fullmatch(r"[0-9]+[sm]", alert.wait)
    assert 20 < len(alert.summary) < 160
    promql_parser.parse(alert.expr)


@of_alert
def test_an_alert_has_a_runbook_with_first_look_causes_and_commands(alert: Alert) -> None:
    page = (RUNBOOKS / f"{alert.runbook or alert.name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {alert.runbook or alert.name}\n")
    assert alert.name in page
    for heading in ("## What it means", "## First look", "## Likely causes", "## Commands", "## Afterwards"):
        assert heading in page, heading
    assert "```" in page


def test_no_runbook_is_left_of_an_alert_that_is_gone() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {alert.runbook or alert.name for alert in ALERTS} | {
        "README",
        "KpiAboveItsLevel",
    }


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_a_kpi_that_names_a_level_gets_an_alert_a_panel_and_its_line(kpi: Kpi[Any, Any]) -> None:
    asking = replace(kpi, warn_above=42.5)
    assert kpi_alerts([kpi]) == ()
    [alert] = kpi_alerts([asking])
    promql_parser.parse(alert.expr)
    assert kpi.metric in alert.expr
    assert alert.expr.endswith("> 42.5")
    assert (RUNBOOKS / f"{alert.runbook or alert.name}.md").exists()
    panel = panel_of(asking)
    assert panel.levels[-1][0] == 42.5
    assert panel.lines
    assert panel.id == panel_of(kpi).id


@pytest.mark.parametrize("name", RULES)
def test_a_recording_rule_is_promql(name: str) -> None:
    promql_parser.parse(RULES[name])


@promtool
def test_promtool_accepts_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", *RULE_FILES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_promtool_accepts_the_scrape_config(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    config["rule_files"] = RULE_FILES
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run(["promtool", "check", "config", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def heard(terminal: str, kind: str, place: str, instance: str) -> str:
    labels = f"terminal='{terminal}', kind='{kind}', place='{place}', instance='{instance}'"
    return f"fair_gateway_terminal_heard_timestamp_seconds{{{labels}}}"


BEFORE_NOON = {
    heard("lane-1", "gate", "north", "a"): "0+60x400",
    heard("lane-1", "gate", "north", "b"): "100x400",  # it asks the other gateway now
    heard("lane-2", "gate", "north", "a"): "100x400",
    heard("door-1", "hall", "h1", "a"): "0+60x400",
    heard("stand-1", "booth", "b1", "a"): "0x400",
    heard("stand-2", "booth", "b2", "b"): "100x400",
    heard("stand-3", "booth", "b3", "b"): "0+60x400",
    **OPEN,
    **READY,
    **NORTH,
    **hall("30x400"),
    **passages("15m", "180x400"),
    "fair_window_end_timestamp_seconds{instance='a'}": "80000x400",
    "fair_visitors_by_country{country='DE', window='fair', instance='a'}": "4x400",
    "fair_visitors_by_country{country='DE', window='fair', instance='b'}": "3x400",
    "fair_visitors_by_country{country='NO', window='fair', instance='b'}": "1x400",
    "fair_visitors_by_country{country='JP', window='fair', instance='b'}": "0x400",
    "fair_booth_scans{booth='b1', window='day', instance='a'}": "9x400",
    "fair_booth_scans{booth='b1', window='day', instance='b'}": "9+1x400",
    "fair_booth_scans{booth='b2', window='day', instance='b'}": "9x400",
    "fair_booth_visitors{booth='b1', window='day', instance='a'}": "4x400",
    "fair_booth_visitors{booth='b1', window='day', instance='b'}": "3x400",
    "fair_booth_visitors{booth='b2', window='day', instance='b'}": "2x400",
    "fair_rejected_events{topic='t', reason='r', window='fair', partition='0'}": "5x400",
    "fair_gateway_rejected_events_total{reason='bad_value', instance='a'}": "2x400",
    "fair_gateway_rejected_events_total{reason='bad_value', instance='b'}": "3x400",
    "fair_events{topic='t', window='fair', partition='0', instance='a'}": "5x400",
    "fair_events{topic='t', window='fair', partition='0', instance='b'}": "4x400",
    "fair_events{topic='u', window='fair', partition='1', instance='b'}": "7x400",
    "fair_worker_remembered_events{partition='0', instance='a'}": "5x400",
    "fair_worker_remembered_events{partition='0', instance='b'}": "4x400",
    "fair_worker_remembered_events{partition='1', instance='b'}": "7x400",
    "fair_worker_lag_records{topic='t', partition='0', instance='a'}": "7x400",
    "fair_worker_lag_records{topic='t', partition='0', instance='b'}": "9x400",
    "fair_worker_lag_records{topic='u', partition='0', instance='b'}": "-3x400",
    "fair_watermark_timestamp_seconds{partition='0', instance='a'}": "77x400",
    "fair_watermark_timestamp_seconds{partition='0', instance='b'}": "78x400",
}
ANSWERS = {
    "fair:time": {"{}": 80_000},
    "fair:open": {"{}": 1},
    "fair:countries": {"{}": 2},
    "fair:booth_visitors_average": {"{}": 4.5},
    "fair:active_booths": {"{}": 2},
    "fair:silent_booths": {"{}": 1},
    "fair:hall_load": {'{hall="h1"}': 0.3},
    "fair:gate_pressure": {'{gate="north"}': 1},
    "fair:gate_passages": {'{gate="north"}': 180},
    "fair:gate_idle": {},
    "fair:rejected_events": {"{}": 5},
    "fair:gateway_rejected_events": {'{reason="bad_value"}': 5},
    "fair:events": {"{}": 12},
    "fair:partitions": {"{}": 2},
    "fair:lag": {"{}": 9},
    "fair:partition_lag": {'{partition="0"}': 9},
    "fair:watermark": {'{partition="0"}': 78},
    "fair:terminals_silent": {
        '{kind="gate", place="north"}': 1,
        '{kind="hall", place="h1"}': 0,
        '{kind="booth", place="all"}': 2,
    },
}


def recorded(name: str, series: dict[str, str], answer: dict[str, float], at: str = "50m") -> dict[str, Any]:
    samples = [
        {"labels": f"{name}{labels}" if labels != "{}" else name, "value": value} for labels, value in answer.items()
    ]
    return {**given(series), "promql_expr_test": [{"expr": name, "eval_time": at, "exp_samples": samples}]}


@promtool
@pytest.mark.parametrize("name", RULES)
def test_a_rule_records_the_number_of_the_whole_fair(name: str, tmp_path: Path) -> None:
    assert check(tmp_path, [recorded(name, BEFORE_NOON, ANSWERS[name])]) == ""


@promtool
@pytest.mark.parametrize(("end", "opened"), [("0", 1), ("89999", 1), ("90000", 0)])
def test_the_fair_is_open_from_the_first_second_to_the_one_before_closing(
    end: str, opened: int, tmp_path: Path
) -> None:
    series = {**OPEN, "fair_window_end_timestamp_seconds{instance='a'}": f"{end}x400"}
    assert check(tmp_path, [recorded("fair:open", series, {"{}": opened})]) == ""


@promtool
def test_a_gate_is_idle_after_an_hour_with_passages_and_a_quarter_without(tmp_path: Path) -> None:
    busy = {**OPEN, **MINUTES, **READY, **NORTH, **passages("15m", "5x40 0x360")}
    never = {**OPEN, **MINUTES, **READY, **NORTH}
    recovering = {**busy, "fair_worker_ready{instance='a'}": "0x400"}
    assert check(tmp_path, [recorded("fair:gate_idle", busy, {'{gate="north"}': 1}, "20m")]) == ""
    assert check(tmp_path, [recorded("fair:gate_idle", busy, {}, "5m")]) == ""
    assert check(tmp_path, [recorded("fair:gate_idle", busy, {}, "80m")]) == "", "closed for the day, not idle"
    assert check(tmp_path, [recorded("fair:gate_idle", never, {}, "20m")]) == ""
    assert check(tmp_path, [recorded("fair:gate_idle", recovering, {}, "20m")]) == ""
