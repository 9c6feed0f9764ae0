"""push, annotate, snapshot, doctor against a stand-in that answers in the shapes of Grafana 13."""

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from dashboards.__main__ import ROOT, dashboards
from dashboards.boards import ALL_BOARDS
from schemas.console import run
from streams.local.ports import HOST, free_port
from tests.support.grafana_stub import TOKEN, VIEWER, GrafanaStub, grafana_stub

UIDS = [board.uid for board in ALL_BOARDS]
DOCUMENTED = re.compile(
    r"/api/(health|datasources/uid/[\w-]+/health|dashboards/uid/[\w-]+(/versions\?limit=1)?|dashboards/db|folders(/\w+)?"
    r"|annotations|ds/query|snapshots)"
)


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[GrafanaStub]:
    with grafana_stub() as stub:
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


def test_push_brings_every_board_into_its_folder_and_then_finds_them_as_they_were(grafana: GrafanaStub) -> None:
    assert ok("push").splitlines() == [f"{uid}: saved" for uid in UIDS]
    assert grafana.folders == {"fairpulse": "Fair"}
    assert set(grafana.boards) == set(UIDS)
    assert ok("push").splitlines() == [f"{uid}: as it was" for uid in UIDS]
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
    assert "change the file" in refused("push")


def test_a_note_bears_text_tags_and_time_and_may_be_of_one_board(grafana: GrafanaStub) -> None:
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
        assert [field["values"] for field in panel["snapshotData"][0]["fields"]] == [[1], [7]]
    end = str(1_757_498_400_000)
    assert all(asked["to"] == end and int(asked["to"]) - int(asked["from"]) == 7_200_000 for asked in grafana.asked)
    text = json.dumps(grafana.asked)
    assert "$hall" not in text
    assert "${datasource}" not in text
    assert kept["dashboard"]["refresh"] == ""


def test_a_snapshot_of_a_board_that_is_not_there_says_so(grafana: GrafanaStub) -> None:
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
