"""`fairpulse gateway conform`: every answer of a gateway is the expected one, and what a proxy breaks has a name."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import click
import pytest
from click.testing import CliRunner, Result

from producers.gateway.cli import gateway as command
from producers.gateway.conform.case import Mode
from producers.gateway.conform.cases import CASES, CHANGES, SCANS
from producers.gateway.conform.report import counted
from schemas.api.terminals import PlaceKind, Terminal
from schemas.ports import HOST
from tests.support.gateway import BOOTH, DESK, GATE, HALL, GatewayProcess
from tests.support.nginx import Nginx, free_ports

pytestmark = pytest.mark.broker

GOOD: Final = "proxy_http_version 1.1; proxy_request_buffering off; client_max_body_size 2m;"
SERVER: Final = (
    "server {{ listen {host}:{port}; large_client_header_buffers {buffers}; client_body_buffer_size 2m; "
    "location / {{ proxy_pass http://{host}:{gateway}{path}; {lines} }} }}"
)
WAYS: Final[dict[str, dict[str, str]]] = {
    "good": {},
    "bodies kept until they are whole": {"lines": "proxy_http_version 1.1; client_max_body_size 2m;"},
    "badly in five ways": {
        "buffers": "4 4k",
        "lines": f"{GOOD.replace('2m', '512k')} proxy_set_header Content-Encoding ''; proxy_set_header ce-id '';"
        "proxy_set_header Clock-Offset ''; proxy_set_header Sent-At '';",
    },
    "no Authorization": {"lines": f"{GOOD} proxy_set_header Authorization '';"},
    "another path": {"path": "/elsewhere/"},
    "no bodies": {"lines": f"{GOOD} proxy_pass_request_body off; proxy_set_header Content-Length '';"},
}
"""Ways to set up nginx, by name: what is not as in a good one."""


@pytest.fixture(scope="module")
def ports(gateway: GatewayProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """An nginx that is set up in each of these ways; the ports by the name of the way."""
    found = dict(zip(WAYS, free_ports(len(WAYS)), strict=True))
    usual = {"host": HOST, "gateway": gateway.port, "lines": GOOD, "path": "", "buffers": "4 32k"}
    servers = "\n".join(SERVER.format(**{**usual, "port": found[name], **way}) for name, way in WAYS.items())
    with Nginx(tmp_path_factory.mktemp("nginx") / "nginx", servers, found["good"]):
        yield found


def conform(gateway: GatewayProcess, url: str, *options: str, terminal: Terminal = BOOTH, typed: str = "") -> Result:
    token = {"FAIRPULSE_TERMINAL_TOKEN": gateway.paired.of(terminal)}
    # The command returns its exit code, as every command of fairpulse does.
    return CliRunner(env=token).invoke(
        click.Group("fairpulse", {"gateway": command}), ["gateway", "conform", url, *options], input=typed,
        standalone_mode=False,
    )  # fmt: skip


def found(done: Result) -> dict[str, Any]:
    assert done.exception is None, done.exception
    return dict(json.loads(done.stdout))


def differing(report: dict[str, Any]) -> dict[str, str]:
    """Return the remedies of the cases that differ."""
    return {one["name"]: one["remedy"] for one in report["cases"] if not one["ok"]}


@pytest.mark.parametrize("terminal", [BOOTH, GATE, HALL, DESK], ids=lambda one: str(one.place))
def test_at_every_place_a_gateway_answers_as_the_suite_expects(gateway: GatewayProcess, terminal: Terminal) -> None:
    before = gateway.metric("fair_gateway_events_total", outcome="accepted")
    done = conform(gateway, f"http://{HOST}:{gateway.port}", "--yes", "--json", terminal=terminal)
    report = found(done)
    assert gateway.paired.of(terminal) not in done.output
    assert differing(report) == {}
    assert (done.return_value, report["ok"], len(report["cases"])) == (0, True, len(CASES))
    posted = [one for ids in report["posted"].values() for one in ids]
    accepted = gateway.metric("fair_gateway_events_total", outcome="accepted") - before
    assert (len(posted), len(set(posted)), accepted) == (counted(CASES), counted(CASES), counted(CASES))
    assert report["terminal"]["place"] == terminal.place


def test_behind_a_proxy_that_is_set_up_well_nothing_differs(gateway: GatewayProcess, ports: dict[str, int]) -> None:
    assert differing(found(conform(gateway, f"http://{HOST}:{ports['good']}", "--yes", "--json"))) == {}


@pytest.mark.parametrize(
    ("way", "cases", "remedy"),
    [
        ("no Authorization", {"who_am_i"}, "proxy_set_header Authorization"),
        ("another path", {"who_am_i"}, "The path was changed"),
    ],
)
def test_what_a_proxy_breaks_is_named_with_a_remedy(
    gateway: GatewayProcess, ports: dict[str, int], way: str, cases: set[str], remedy: str
) -> None:
    done = conform(gateway, f"http://{HOST}:{ports[way]}", "--yes", "--json")
    remedies = differing(found(done))
    assert remedies.keys() == cases
    assert all(remedy in one for one in remedies.values()), remedies
    assert done.return_value == 1


def test_bodies_that_a_proxy_keeps_until_they_are_whole_are_worth_a_note(
    gateway: GatewayProcess, ports: dict[str, int]
) -> None:
    done = conform(gateway, f"http://{HOST}:{ports['bodies kept until they are whole']}", "--yes", "--json")
    report = found(done)
    (noted,) = [one for one in report["cases"] if one["note"]]
    assert (noted["name"], "proxy_request_buffering off" in noted["remedy"]) == ("early_answer", True)
    assert (done.return_value, report["differing"]) == (0, 0)


def test_of_five_things_that_a_proxy_breaks_each_has_its_own_remedy(
    gateway: GatewayProcess, ports: dict[str, int]
) -> None:
    remedies = differing(found(conform(gateway, f"http://{HOST}:{ports['badly in five ways']}", "--yes", "--json")))
    expected = {
        "large_body": "client_max_body_size 2m",
        "too_large_body": "client_max_body_size 2m",
        "gzip": "Content-Encoding was removed",
        "binary": "The headers ce-... were removed",
        "large_headers": "large_client_header_buffers",
        "clock_offset": "Clock-Offset or Sent-At was removed",
        "sent_at": "Clock-Offset or Sent-At was removed",
    }
    assert remedies.keys() == expected.keys()
    assert [name for name, text in expected.items() if text not in remedies[name]] == [], remedies


def test_a_proxy_that_drops_bodies_is_named_wherever_one_is_needed(
    gateway: GatewayProcess, ports: dict[str, int]
) -> None:
    report = found(conform(gateway, f"http://{HOST}:{ports['no bodies']}", "--yes", "--json"))
    remedies = differing(report)
    stored = {one.name for one in CASES if one.expects[0].status in (202, 207)}
    assert stored <= remedies.keys()
    assert all("The body was lost" in remedies[name] for name in stored)
    assert report["posted"] == {}


def test_it_says_what_will_count_and_posts_nothing_unless_told_to(gateway: GatewayProcess) -> None:
    before = gateway.metric("fair_gateway_events_total", outcome="accepted")
    done = conform(gateway, f"http://{HOST}:{gateway.port}")
    assert f"{counted(CASES)} scans will be posted, and will count in fair small-2025" in done.stderr
    assert "rehearsal" in done.stderr
    assert "add --yes" in getattr(done.exception, "hint", "")
    assert gateway.metric("fair_gateway_events_total", outcome="accepted") == before


def test_people_read_what_came_back_and_what_a_client_does(gateway: GatewayProcess, ports: dict[str, int]) -> None:
    done = conform(gateway, f"http://{HOST}:{ports['badly in five ways']}", "--yes")
    said = done.stdout
    assert gateway.paired.of(BOOTH) not in done.output
    assert re.search(r"^terminal stand-1 at booth h1-001$", said, re.MULTILINE)
    assert re.search(r"^clock    the gateway's minus this machine's: -?\d+ ms, to \d+ ms$", said, re.MULTILINE)
    assert re.search(
        r"^ok       conflict .*\n +409 event_id_conflict .*\n +a client sets the event aside", said, re.MULTILINE
    )
    assert re.search(
        r"^differs  sent_at .*\n +200 from the gateway, clock_offset_ms is 0; expected 200", said, re.MULTILINE
    )
    assert re.search(r"^posted   structured +[0-9a-f-]{36}$", said, re.MULTILINE)
    assert said.endswith(f"cases: {len(CASES)}, as expected: {len(CASES) - 7}, differing: 7\n")


def test_without_a_gateway_it_says_so_and_a_prefix_is_part_of_the_address(gateway: GatewayProcess) -> None:
    [port] = free_ports(1)
    assert "nothing listens" in str(conform(gateway, f"http://{HOST}:{port}", "--yes").exception)
    report = found(conform(gateway, f"http://{HOST}:{gateway.port}/fair/", "--yes", "--json"))
    assert differing(report).keys() == {"who_am_i"}
    assert (report["terminal"], report["posted"], report["gateway"][-5:]) == (None, {}, "/fair")


def test_the_table_of_cases_names_what_there_is() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert set(SCANS) == {kind.value for kind in PlaceKind}
    for case in CASES:
        assert set(case.events) <= CHANGES.keys()
        assert case.again == "" or names.index(case.again) < names.index(case.name)
        assert case.mode in (Mode.BATCH, Mode.ARRAY) or len(case.events) * case.count == 1
        assert (case.mode is Mode.NO_EVENT) == (case.method in ("GET", "HEAD", "OPTIONS"))
