"""push, annotate, snapshot, doctor against a stand-in that answers in the shapes of Grafana 13."""

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from dashboards.__main__ import ROOT, dashboards
from dashboards.boards import ALL_BOARDS
from schemas.console import run
from schemas.ports import HOST, free_port
from tests.support.grafana_stub import TOKEN, VIEWER, GrafanaStub, grafana_stub

UIDS = [board.uid for board in ALL_BOARDS]
DOCUMENTED = re.compile(
    r"/api/(health|datasources/uid/[\w-]+/health|dashboards/uid/[\w-]+(/versions\?limit=1)?|dashboards/db|folders(/\w+)?"
    r"|annotations|ds/query|snapshots)"
)


@pytest.fixture(params=[404, 403], ids=["missing is missing", "missing is denied"])
def grafana(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[GrafanaStub]:
    with grafana_stub() as stub:
        stub.missing = request.param
        monkeypatch.setenv("FAIRPULSE_GRAFANA_URL", stub.url)
        monkeypatch.setenv("FAIRPULSE_GRAFANA_TOKEN", TOKEN)
        yield stub


def call(*arguments: str) -> Result:
    return CliRunner().invoke(dashboards, arguments, catch_exceptions=True)


def ok(*arguments: str) -> str:
    done = call(*arguments)
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    return done.output


def refused(*arguments: str) -> str:
    done = call(*arguments)
    assert done.exception is not None
    assert not isinstance(done.exception, AssertionError)
    return str(done.exception)


def test_push_brings_every_board_into_its_folder_and_then_finds_them_unchanged(grafana: GrafanaStub) -> None:
    assert ok("push").splitlines() == [f"{uid}: saved" for uid in UIDS]
    assert grafana.folders == {"fairpulse": "Fair"}
    assert set(grafana.boards) == set(UIDS)
    assert ok("push").splitlines() == [f"{uid}: unchanged" for uid in UIDS]
    assert all(len(messages) == 1 for messages in grafana.messages.values())


def test_push_renews_a_board_of_an_older_release(grafana: GrafanaStub) -> None:
    ok("push")
    grafana.boards["fair-now"]["title"] = "Fair now, last year"
    assert "fair-now: saved" in ok("push")
    assert grafana.boards["fair-now"]["title"] == "Fair now"


def test_push_does_not_overwrite_what_somebody_changed_unless_told_to(grafana: GrafanaStub) -> None:
    ok("push")
    grafana.edited_by_somebody("fair-gates")
    said = refused("push")
    assert "fair-gates was changed in Grafana by somebody else" in said
    assert "--force" in said
    assert grafana.boards["fair-gates"]["title"] == "mine now"
    assert "fair-gates: saved" in ok("push", "--force")
    assert grafana.boards["fair-gates"]["title"] == "Gates and halls"


def test_a_change_between_looking_and_saving_is_refused_by_grafana_and_said(grafana: GrafanaStub) -> None:
    ok("push")
    grafana.boards["fair-now"]["title"] = "older"
    save = grafana.save

    def racing(body: object) -> tuple[int, object]:
        grafana.boards["fair-now"]["version"] += 1
        return save(body)

    grafana.save = racing  # type: ignore[method-assign]
    assert "HTTP status 412" in refused("push")


def test_a_provisioned_board_is_said_to_come_from_a_file(grafana: GrafanaStub) -> None:
    grafana.provisioned.add("fair-now")
    assert "change that file" in refused("push")


def test_a_note_has_text_tags_and_time_and_may_be_on_one_board(grafana: GrafanaStub) -> None:
    ok("annotate", "Gate 4 & 5 closed", "--tag", "gate-closed", "--at", "2025-09-10T08:30", "--board", "fair-gates")
    ok("annotate", "Press cut-off", "--tag", "press")
    first, second = grafana.notes
    assert first == {
        "text": "Gate 4 & 5 closed",
        "tags": ["fairpulse", "gate-closed"],
        "time": 1_757_493_000_000,
        "dashboardUID": "fair-gates",
    }
    assert "dashboardUID" not in second
    assert second["time"] > first["time"]


def test_a_snapshot_holds_the_data_of_the_cut_off_and_asks_nothing_afterwards(grafana: GrafanaStub) -> None:
    ok("push")
    printed = ok("snapshot", "fair-gates", "--at", "2025-09-10T10:00", "--hours", "2")
    assert printed.strip() == f"{grafana.url}/dashboard/snapshot/k1"
    [kept] = grafana.snapshots
    assert kept["name"] == "fair-gates at 2025-09-10 10:00 UTC"
    assert kept["dashboard"]["time"] == {"from": "2025-09-10T08:00:00.000Z", "to": "2025-09-10T10:00:00.000Z"}
    for panel in kept["dashboard"]["panels"]:
        assert panel["targets"] == []
        if panel["type"] != "table":
            assert [field["values"] for field in panel["snapshotData"][0]["fields"]] == [[1], [7]]
    end = str(1_757_498_400_000)
    assert all(asked["to"] == end and int(asked["to"]) - int(asked["from"]) == 7_200_000 for asked in grafana.asked)
    text = json.dumps(grafana.asked)
    assert "$hall" not in text
    assert "${datasource}" not in text
    assert kept["dashboard"]["refresh"] == ""


def test_a_snapshot_shows_names_units_and_colours_without_the_help_of_grafana(grafana: GrafanaStub) -> None:
    ok("push")
    ok("snapshot", "fair-now")
    for panel in grafana.snapshots[0]["dashboard"]["panels"]:
        time, value = panel["snapshotData"][0]["fields"]
        assert "unit" not in time["config"]
        defaults = panel["fieldConfig"]["defaults"]
        assert {name: value["config"][name] for name in defaults} == defaults


def test_a_table_in_a_snapshot_is_merged_named_and_ordered_as_on_its_board(grafana: GrafanaStub) -> None:
    ok("push")
    ok("snapshot", "fair-gates")
    [table] = [panel for panel in grafana.snapshots[0]["dashboard"]["panels"] if panel["type"] == "table"]
    assert table["transformations"] == []
    [frame] = table["snapshotData"]
    names = [field["name"] for field in frame["fields"]]
    assert names == ["Gate", "Entries today", "Entries per minute", "Pressure, %", "Lanes", "Denied today"]
    assert [field["values"] for field in frame["fields"]] == [[None], [7], [7], [7], [7], [7]]
    ok("snapshot", "fair-exhibitors")
    tops = [panel for panel in grafana.snapshots[1]["dashboard"]["panels"] if panel["title"].startswith("Top ")]
    for panel in tops:
        *about, visitors = panel["snapshotData"][0]["fields"]
        assert [field["config"]["unit"] for field in about] == ["string"] * 3
        assert (visitors["name"], visitors["values"]) == ("Visitors", [7])
        assert about[0]["config"]["links"]


def test_a_snapshot_has_the_first_choices_of_the_board_or_the_given_ones(grafana: GrafanaStub) -> None:
    ok("push")
    ok("snapshot", "fair-exhibitors")
    ok("snapshot", "fair-exhibitors", "--set", "booth=h1-a01")
    shown = [[panel["title"] for panel in one["dashboard"]["panels"]] for one in grafana.snapshots]
    assert "Booth b9: visitors today" in shown[0]
    assert "Booth h1-a01: visitors today" in shown[1]
    assert 'booth=\\"h1-a01\\"' in json.dumps(grafana.asked)
    assert "it has datasource, window, booth" in refused("snapshot", "fair-exhibitors", "--set", "stand=h1-a01")


def test_no_snapshot_is_kept_when_one_of_its_queries_fails(grafana: GrafanaStub) -> None:
    ok("push")
    grafana.failing = "fair_unique_visitors"
    said = refused("snapshot", "fair-now")
    assert "status 503" in said
    assert grafana.snapshots == []


def test_a_snapshot_of_a_missing_board_says_so(grafana: GrafanaStub) -> None:
    assert "push it first" in refused("snapshot", "fair-now")


def test_doctor_names_what_is_well_and_what_is_not(grafana: GrafanaStub) -> None:
    done = call("doctor")
    assert done.exit_code == 1
    assert "ok  Grafana 13.0.1, database ok" in done.output
    assert "ill board fair-now: is missing" in done.output
    ok("push")
    assert "ill" not in ok("doctor")
    grafana.source = {"status": "ERROR", "message": "connection refused"}
    assert "ill data source fairpulse-prometheus: connection refused" in call("doctor").output
    grafana.source = {}
    done = call("doctor")
    assert done.exit_code == 1
    assert "ill data source fairpulse-prometheus: is missing" in done.output
    assert "ok  board fair-now: is there" in done.output


def test_doctor_asks_a_data_source_that_has_no_health_check(grafana: GrafanaStub) -> None:
    ok("push")
    grafana.checks_sources = False
    assert "ok  data source fairpulse-prometheus: answers queries" in ok("doctor")


def test_doctor_says_that_a_grafana_is_too_old_for_the_boards(grafana: GrafanaStub) -> None:
    ok("push")
    grafana.version = "9.4.0"
    assert "ill Grafana 9.4.0 shows trends without lines; the boards need 10 or newer" in call("doctor").output


def test_a_wrong_token_is_said_without_showing_it(grafana: GrafanaStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_GRAFANA_TOKEN", "glsa_secret_and_wrong")
    said = refused("annotate", "x")
    assert "HTTP status 401" in said
    assert "service-account token" in said
    assert "secret" not in said


def test_a_viewer_may_look_and_not_write(grafana: GrafanaStub) -> None:
    grafana.role = VIEWER
    assert "database ok" in call("doctor").output
    assert "role Editor" in refused("annotate", "x")


def test_without_a_token_only_the_setting_is_named(grafana: GrafanaStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRPULSE_GRAFANA_TOKEN")
    assert "set FAIRPULSE_GRAFANA_TOKEN" in refused("annotate", "x")


def test_a_grafana_that_is_away_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRPULSE_GRAFANA_URL", f"http://{HOST}:{free_port()}")
    monkeypatch.setenv("FAIRPULSE_GRAFANA_TOKEN", TOKEN)
    assert run(dashboards, ["doctor"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "does not answer" in said
    assert TOKEN not in said


def test_only_documented_paths_by_uid_are_asked(grafana: GrafanaStub) -> None:
    ok("push")
    ok("annotate", "x")
    ok("snapshot", "fair-now")
    ok("doctor")
    for _, path in grafana.requests:
        assert DOCUMENTED.fullmatch(path), path


def test_methods_of_grafana_api_that_grafana_no_longer_serves_are_not_used() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("*.py"))
    for gone in ("notifications.", "_by_id", "permissions", "get_datasource_by_name", "pause_all_alerts"):
        assert gone not in text
