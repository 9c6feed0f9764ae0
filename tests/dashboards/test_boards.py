"""House rules of the boards: readers of a panel can rely on them. They are checked on the committed JSON."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import __main__ as generating
from dashboards.__main__ import ROOT, stale
from dashboards.boards import ALL_BOARDS
from dashboards.spec import DATASOURCE
from schemas import environment
from schemas.errors import FairpulseError
from schemas.settings import WorkerSettings
from streams.kpis.catalogue import ALL_KPIS

FILES = sorted((ROOT / "json").glob("*.json"))
BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
PANELS = [(uid, panel) for uid, board in BOARDS.items() for panel in board["panels"]]
TARGETS = [(uid, panel, target) for uid, panel in PANELS for target in panel["targets"]]
MEANINGS = {"green", "yellow", "orange", "red", "blue", "text", "purple"}
COUNTERS = re.compile(r"fair_\w+_total|process_cpu_seconds_total")
INTERVALS = {
    "$__rate_interval": "5m",
    "$__range": "1h",
    "$__interval": "1m",
    "$offset": "1d",
    "$__from": "0",
    "$__to": "1",
}

of_board = pytest.mark.parametrize("uid", BOARDS)
of_panel = pytest.mark.parametrize(("uid", "panel"), PANELS, ids=[f"{u}-{p['id']}" for u, p in PANELS])
of_target = pytest.mark.parametrize(
    ("uid", "panel", "target"), TARGETS, ids=[f"{u}-{p['id']}-{t['refId']}" for u, p, t in TARGETS]
)


def title_of(panel: dict[str, Any]) -> str:
    """Return the title that a reader sees: a number on the wall shows it itself, in large letters."""
    title: str = panel["title"] or panel["fieldConfig"]["defaults"]["displayName"]
    return title


def plain(expr: str) -> str:
    """Return the query as sent to Prometheus, with Grafana's own variables filled in."""
    for name, value in INTERVALS.items():
        expr = expr.replace(name, value)
    return re.sub(r"\$\{?(\w+)\}?", ".*", expr)


def test_every_file_is_a_board_and_every_board_is_a_fresh_file() -> None:
    assert {path.stem for path in FILES} == {board.uid for board in ALL_BOARDS}
    assert not (names := [path.name for path in stale()]), f"stale: {', '.join(names)}; run: make generate"


def test_the_check_names_every_stale_file_with_the_remedy_and_writes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {ROOT / "generated" / "GONE.md": "", ROOT / "py.typed": "", ROOT / "generated" / "KPIS.md": "other"}
    monkeypatch.setattr(generating, "written", lambda: {path: lambda text=text: text for path, text in made.items()})
    with pytest.raises(FairpulseError) as refused:
        generating.dashboards.main(["--check"], standalone_mode=False)
    assert str(refused.value) == "stale: dashboards/generated/GONE.md, dashboards/generated/KPIS.md; run: make generate"
    assert not (ROOT / "generated" / "GONE.md").exists()


@of_board
def test_a_board_survives_the_round_trip_through_the_sdk(uid: str) -> None:
    board = BOARDS[uid]
    again = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    assert again == board, "a key was dropped: it is misspelt, or Grafana does not know it"


@of_board
def test_a_board_says_its_question_and_cannot_be_edited_in_place(uid: str) -> None:
    board = BOARDS[uid]
    assert board["uid"] == uid
    assert len(uid) <= 40
    assert re.fullmatch(r"[A-Z].*\?.*", board["description"])
    assert board["editable"] is False
    assert board.get("id") is None
    assert board["schemaVersion"] == 42
    assert board["tags"] == ["fairpulse"]
    assert board["refresh"]
    assert [link["type"] for link in board["links"]] == ["dashboards"]


@of_board
def test_a_board_has_six_to_twenty_panels_and_the_reference_one_per_kpi(uid: str) -> None:
    panels = len(BOARDS[uid]["panels"])
    shown = sum(bool(kpi.scraped) for kpi in ALL_KPIS)
    assert panels == shown if uid == "fair-kpis" else 6 <= panels <= 20, "run: make generate"


@of_board
def test_the_data_source_is_chosen_first_and_is_the_provisioned_one(uid: str) -> None:
    first, *rest = BOARDS[uid]["templating"]["list"]
    assert (first["type"], first["name"], first["query"]) == ("datasource", "datasource", "prometheus")
    assert first["current"]["value"] == DATASOURCE
    for variable in rest:
        assert variable["label"]
        if variable["type"] == "query":
            assert variable["refresh"] == 2, "reload it when the time range changes"
            assert variable["datasource"]["uid"] == "${datasource}"


@of_board
def test_every_variable_is_used_and_every_used_one_exists(uid: str) -> None:
    board = BOARDS[uid]
    text = json.dumps([board["panels"], board["annotations"]])
    used = {name for _, name in re.findall(r"\$(\{)?([a-z_]\w*)", text) if not name.startswith("__")}
    assert used == {variable["name"] for variable in board["templating"]["list"]}


@of_board
def test_panels_are_inside_the_grid_and_do_not_overlap(uid: str) -> None:
    places = [(panel["id"], panel["gridPos"]) for panel in BOARDS[uid]["panels"]]
    for _, place in places:
        assert place["x"] + place["w"] <= 24
        assert place["h"] >= 3
    for (one, a), (other, b) in combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"panels {one} and {other} overlap"


@of_board
def test_ids_and_titles_are_unique_on_a_board(uid: str) -> None:
    panels = BOARDS[uid]["panels"]
    for values in ([panel["id"] for panel in panels], [title_of(panel) for panel in panels]):
        assert len(set(values)) == len(values)
    assert all(panel["id"] > 0 for panel in panels)


def test_titles_of_boards_are_unique() -> None:
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


@of_panel
def test_a_panel_says_what_it_shows_what_is_good_and_what_to_do(uid: str, panel: dict[str, Any]) -> None:
    assert re.match(r"[A-Z0-9]", title_of(panel))
    what, good, otherwise = panel["description"].split("\n\n")
    assert len(what) > 20
    assert good.startswith("Good: ")
    assert otherwise.startswith("Otherwise: ")


@of_panel
def test_a_panel_has_a_unit_colours_with_a_meaning_and_a_text_for_no_data(uid: str, panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert defaults["noValue"]
    steps = defaults["thresholds"]["steps"]
    assert steps[0]["value"] is None
    values = [step["value"] for step in steps[1:]]
    assert values == sorted(values)
    assert {step["color"] for step in steps} <= MEANINGS
    fixed = [
        one["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "color"
    ]
    assert set(fixed) <= MEANINGS


@of_panel
def test_a_share_is_shown_from_zero_and_a_change_from_losing_everything(uid: str, panel: dict[str, Any]) -> None:
    if panel["fieldConfig"]["defaults"]["unit"] == "percentunit":
        change = panel["targets"][0]["expr"].endswith("- 1")
        assert panel["fieldConfig"]["defaults"]["min"] == (-1 if change else 0)


@of_panel
def test_a_panel_queries_the_chosen_data_source_under_distinct_names(uid: str, panel: dict[str, Any]) -> None:
    assert panel["targets"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    refs = [target["refId"] for target in panel["targets"]]
    assert len(set(refs)) == len(refs)
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
    if len(refs) > 1:
        assert all(target["legendFormat"] for target in panel["targets"]), "several series need names"


@of_panel
def test_current_values_are_instant_queries(uid: str, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert target["instant"] is (panel["type"] != "timeseries")
        assert target["range"] is (panel["type"] == "timeseries")
    if panel["type"] in ("stat", "bargauge"):
        assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]


@of_target
def test_a_query_is_promql(uid: str, panel: dict[str, Any], target: dict[str, Any]) -> None:
    promql_parser.parse(plain(target["expr"]))


@of_target
def test_counters_are_rated_over_grafanas_interval_and_summed_afterwards(
    uid: str, panel: dict[str, Any], target: dict[str, Any]
) -> None:
    expr = target["expr"]
    for found in re.finditer(r"\b(rate|increase|irate|delta|deriv)\(", expr):
        inside = expr[found.end() :]
        assert re.match(r"[^\[]*\[\$__rate_interval\]", inside), f"{found[1]} wants [$__rate_interval]"
        assert COUNTERS.match(inside) or "_bucket" in inside.split("[")[0], "only a counter has a rate"
    for counter in COUNTERS.finditer(expr):
        before = expr[: counter.start()]
        assert re.search(r"(rate|increase)\($", before), f"{counter[0]} is a counter: rate it"


@of_target
def test_topk_ranks_sums_over_all_workers_and_only_at_an_instant(
    uid: str, panel: dict[str, Any], target: dict[str, Any]
) -> None:
    for after in re.findall(r"topk\(\s*[^,]+,\s*(\w+)", target["expr"]):
        assert after == "sum"
        assert target["instant"]


@of_target
def test_a_narrow_kpi_is_read_once_per_partition(uid: str, panel: dict[str, Any], target: dict[str, Any]) -> None:
    for kpi in ALL_KPIS:
        for found in re.finditer(rf"(.{{0,60}})\b{kpi.metric}\{{", target["expr"]):
            assert kpi.wide or re.search(r"max by \([a-z, ]*partition\) \((last_over_time\()?$", found[1]), kpi.name


@of_board
def test_links_lead_to_boards_and_variables_that_exist(uid: str) -> None:
    text = json.dumps(BOARDS[uid])
    targets = re.findall(r"/d/([a-z-]+)\?([^\"]*)", text)
    assert targets
    for target, query in targets:
        assert target in BOARDS, target
        known = {variable["name"] for variable in BOARDS[target]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", query)) <= known


@of_board
def test_a_board_marks_opening_closing_idle_gates_and_deploys(uid: str) -> None:
    names = [mark["name"] for mark in BOARDS[uid]["annotations"]["list"]]
    assert {"Opening", "Closing", "Gates without a passage", "Deploys"} <= set(names)
    for mark in BOARDS[uid]["annotations"]["list"]:
        promql_parser.parse(plain(mark["expr"]))


def test_the_wall_fits_on_a_screen_of_1080_lines_without_scrolling() -> None:
    """Grafana 12 keeps its row of choices in kiosk mode, and a line with its name below."""
    choices_and_name = 103
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in BOARDS["fair-now"]["panels"])
    assert bottom * 38 + choices_and_name <= 1_080


def test_the_numbers_on_the_wall_can_be_read_from_five_metres() -> None:
    """Names in letters of 28 pixels, numbers of 60; seven figures or the text for no data fit into one line."""
    numbers = [panel for panel in BOARDS["fair-now"]["panels"] if not panel["title"]]
    assert len(numbers) == 12
    for panel in numbers:
        size = panel["options"]["text"]
        assert size["titleSize"] >= 28
        assert size["valueSize"] >= 60
        longest = max(7, len(panel["fieldConfig"]["defaults"]["noValue"]))
        assert panel["gridPos"]["w"] * 80 - 16 >= longest * 0.6 * size["valueSize"]
        assert panel["gridPos"]["h"] * 38 >= 1.5 * (size["titleSize"] + size["valueSize"])
    for panel in BOARDS["fair-now"]["panels"]:
        if panel["title"] and panel["type"] != "timeseries":
            assert panel["options"]["text"]["titleSize"] >= 22


@of_panel
def test_an_empty_panel_is_grey(uid: str, panel: dict[str, Any]) -> None:
    """Grafana paints the text for "no data" in the first colour: green would say that all is well without a worker."""
    if panel["type"] != "timeseries" and panel["fieldConfig"]["defaults"].get("min") is not None:
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] == "text"


def test_a_number_of_the_wall_keeps_its_name_when_there_is_nothing_to_show() -> None:
    for panel in BOARDS["fair-now"]["panels"]:
        if not panel["title"]:
            assert "vector(NaN)" in panel["targets"][0]["expr"]
            [mapping] = panel["fieldConfig"]["defaults"]["mappings"]
            assert mapping["options"]["match"] == "null+nan"
            assert mapping["options"]["result"]["text"] == panel["fieldConfig"]["defaults"]["noValue"]


@of_board
def test_a_mark_at_the_value_of_a_metric_gives_grafana_milliseconds_within_what_is_shown(uid: str) -> None:
    for mark in BOARDS[uid]["annotations"]["list"]:
        assert mark["expr"].endswith(" * 1000 >= $__from <= $__to") is mark["useValueForTime"]


@of_panel
def test_the_axis_of_a_share_has_more_labels_than_its_ends(uid: str, panel: dict[str, Any]) -> None:
    """Without decimals, Grafana labels an axis with whole numbers only: for shares, 0 % and 100 %."""
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] == "timeseries" and defaults["unit"] == "percentunit":
        assert defaults.get("decimals") != 0


@of_panel
def test_a_table_has_links_only_in_its_first_column(uid: str, panel: dict[str, Any]) -> None:
    """In cells with links, numbers are not aligned."""
    if panel["type"] == "table":
        assert not panel["fieldConfig"]["defaults"].get("links")
        order = panel["transformations"][1]["options"]
        first = order["renameByName"][min(order["indexByName"], key=order["indexByName"].get)]
        linked = {
            override["matcher"]["options"]
            for override in panel["fieldConfig"]["overrides"]
            if any(one["id"] == "links" for one in override["properties"])
        }
        assert linked <= {first}


def test_intended_and_contract_value_are_never_added() -> None:
    for _, _, target in TARGETS:
        expr = target["expr"]
        if "fair_contract_value" in expr or "fair_service_value" in expr:
            assert "fair_intended_value" not in expr


def test_only_the_build_imports_the_sdk() -> None:
    for path in Path(ROOT).rglob("*.py"):
        if path.name != "build.py":
            assert "import grafana_foundation_sdk" not in path.read_text(encoding="utf-8")
            assert "from grafana_foundation_sdk" not in path.read_text(encoding="utf-8")


def test_the_good_age_of_the_numbers_follows_from_the_allowed_lateness() -> None:
    of_age = [panel for board in BOARDS.values() for panel in board["panels"] if title_of(panel) == "Age of numbers"]
    assert len(of_age) == 2
    for panel in of_age:
        _, good, _ = panel["description"].split("\n\n")
        assert environment.variable("allowed_lateness") in good
        assert environment.default_text(WorkerSettings, "allowed_lateness") not in good
