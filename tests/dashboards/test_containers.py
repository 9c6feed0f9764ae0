"""Grafana and Prometheus, run from their images, read our files unchanged. Skipped where Docker lacks the images."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
import yaml

from dashboards.boards import ALL_BOARDS
from dashboards.spec import DATASOURCE

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
PATIENCE_S = 90
VARIABLE = re.compile(r"\$\{?(\w+)(?::\w+)?\}?")
"""A variable of a board or of Grafana's page in a query."""

BROKEN = re.compile(r"Panel plugin not found|was not found|Dashboard not found|An unexpected error")
"""Messages of Grafana's page for a panel that cannot be drawn."""


def image(service: str) -> str:
    """Return the image that compose runs; skip if Docker does not have it: nothing is pulled."""
    name: str = SERVICES[service]["image"]
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "image", "inspect", name], capture_output=True, check=False).returncode
    ):
        pytest.skip(f"Docker does not answer, or does not have {name} (docker pull {name})")
    return name


@contextmanager
def container(
    service: str, mounts: dict[str, str], environment: dict[str, str], network: Any, port: int
) -> Iterator[str]:
    """Run a service's image under the service's name, with our files, and yield its address."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # reads the environment when imported

    one: Any = DockerContainer(image(service)).with_exposed_ports(port)
    one = one.with_network(network).with_network_aliases(service)
    for key, value in environment.items():
        one = one.with_env(key, value)
    for source, target in mounts.items():
        one = one.with_volume_mapping(str(ROOT / source), target, "ro")
    with one:
        yield f"http://{one.get_container_host_ip()}:{one.get_exposed_port(port)}"


@pytest.fixture(scope="module")
def network() -> Iterator[Any]:
    image("prometheus")  # skips before anything is made
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # its helper image would be pulled
    from testcontainers.core.network import Network  # noqa: PLC0415  # reads the variable when imported

    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def prometheus(network: Any) -> Iterator[str]:
    mounts = {"dashboards/prometheus": "/etc/prometheus"}
    with container("prometheus", mounts, {"RUNBOOKS_URL": "http://r"}, network, 9_090) as address:
        yield address


@pytest.fixture(scope="module")
def grafana(network: Any, prometheus: str) -> Iterator[str]:
    """Grafana, which finds Prometheus by the name that our data source gives it."""
    mounts = {"dashboards/provisioning": "/etc/grafana/provisioning", "dashboards/json": "/var/lib/grafana/dashboards"}
    settings = {"GF_AUTH_ANONYMOUS_ENABLED": "true", "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer"}
    answer(f"{prometheus}/api/v1/status/buildinfo")
    with container("grafana", mounts, settings, network, 3_000) as address:
        answer(f"{address}/api/health")
        yield address


def queries_of(panel: dict[str, Any], chosen: dict[str, str]) -> list[dict[str, Any]]:
    """Return a panel's queries as Grafana's page sends them: the data source and the page's variables filled in."""
    source = {"type": "prometheus", "uid": DATASOURCE}
    return [
        {**target, "expr": VARIABLE.sub(lambda found: chosen.get(found[1], ".*"), target["expr"]), "datasource": source}
        | {"intervalMs": 15_000, "maxDataPoints": 100}
        for target in panel.get("targets", [])
        if "expr" in target
    ]


def chosen_on(board: dict[str, Any]) -> dict[str, str]:
    """Return the variables' values on the page: the first choice, or everything for a variable without choices."""
    listed = {one["name"]: one.get("current", {}).get("value") for one in board["templating"]["list"]}
    return {"__rate_interval": "1m"} | {name: one for name, one in listed.items() if isinstance(one, str) and one}


def queried(grafana: str, queries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return Grafana's result by refId; an error of Grafana is raised with its message."""
    number = answer(f"{grafana}/api/frontend/settings")["datasources"]["Prometheus"].get("id")
    numbered = [{**query, "datasourceId": number} for query in queries]  # before 8, Grafana does not accept a uid here
    body = json.dumps({"queries": numbered, "from": "now-1h", "to": "now"}).encode()
    request = Request(f"{grafana}/api/ds/query", body, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=30) as said:
            results: dict[str, Any] = json.load(said)["results"]
            return results
    except HTTPError as error:
        pytest.fail(f"{error.code}: {error.read().decode(errors='replace')}")


def answer(url: str) -> Any:
    """Wait until an address answers, and return its JSON."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urlopen(Request(url), timeout=5) as said:
                return json.load(said)
        except (URLError, OSError):
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.5)


def test_grafana_loads_every_board_as_it_is_and_knows_the_data_source(grafana: str) -> None:
    assert answer(f"{grafana}/api/health")["database"] == "ok"
    for board in ALL_BOARDS:
        loaded = answer(f"{grafana}/api/dashboards/uid/{board.uid}")
        assert loaded["meta"]["provisioned"] is True
        assert loaded["meta"]["canSave"] is False
        assert loaded["dashboard"]["title"] == board.title
        assert len(loaded["dashboard"]["panels"]) == len(board.panels)
    assert answer(f"{grafana}/api/frontend/settings")["datasources"]["Prometheus"]["uid"] == DATASOURCE


def test_prometheus_takes_our_configuration_and_rules(prometheus: str) -> None:
    groups = answer(f"{prometheus}/api/v1/rules")["data"]["groups"]
    assert {group["name"] for group in groups} == {"fairpulse", "fairpulse-alerts"}
    config = answer(f"{prometheus}/api/v1/status/config")["data"]["yaml"]
    assert "runbooks: http://r" in config


@pytest.mark.parametrize("board", ALL_BOARDS, ids=lambda board: board.uid)
def test_every_panel_of_a_board_is_answered_by_grafana_without_an_error(grafana: str, board: Any) -> None:
    loaded = answer(f"{grafana}/api/dashboards/uid/{board.uid}")["dashboard"]
    asked = [(panel["title"], queries_of(panel, chosen_on(loaded))) for panel in loaded["panels"]]
    assert any(queries for _, queries in asked)
    for title, queries in asked:
        results = queried(grafana, queries) if queries else {}
        assert results.keys() == {query["refId"] for query in queries}, title
        for result in results.values():
            assert not result.get("error"), f"{title}: {result['error']}"
            assert result.get("status", 200) == 200, title


def test_a_query_that_is_wrong_is_seen(grafana: str) -> None:
    source = {"type": "prometheus", "uid": DATASOURCE}
    wrong = {"refId": "A", "datasource": source, "expr": "sum(", "range": True, "intervalMs": 1_000}
    with pytest.raises((pytest.fail.Exception, AssertionError)):
        assert not queried(grafana, [wrong])["A"].get("error")


@pytest.mark.parametrize("board", ALL_BOARDS, ids=lambda board: board.uid)
def test_a_board_is_drawn_in_a_browser(grafana: str, board: Any, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only where a browser is

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1_600, "height": 900})
        page.goto(f"{grafana}/d/{board.uid}?kiosk")
        loaded = answer(f"{grafana}/api/dashboards/uid/{board.uid}")["dashboard"]
        title = next(panel["title"] for panel in loaded["panels"] if panel.get("title"))
        page.get_by_text(title, exact=True).first.wait_for(timeout=PATIENCE_S * 1_000)
        page.wait_for_load_state("networkidle", timeout=PATIENCE_S * 1_000)
        picture = page.screenshot(path=tmp_path / f"{board.uid}.png")
        text = page.inner_text("body")
        browser.close()
    assert picture.startswith(b"\x89PNG")
    assert not BROKEN.search(text), BROKEN.findall(text)
