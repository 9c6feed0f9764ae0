"""Grafana and Prometheus from their images read our files as they are. Only where Docker has the images already."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
import yaml

from dashboards.boards import ALL_BOARDS
from dashboards.spec import DATASOURCE

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
PATIENCE_S = 90


def image(service: str) -> str:
    """Return the image that compose runs; skip if Docker does not have it. Nothing is pulled."""
    name: str = SERVICES[service]["image"]
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "image", "inspect", name], capture_output=True, check=False).returncode
    ):
        pytest.skip(f"Docker does not answer, or does not have {name} (docker pull {name})")
    return name


def container(service: str, port: int, mounts: dict[str, str], environment: dict[str, str]) -> Iterator[str]:
    name = image(service)
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # its helper image would be pulled
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # reads the variable when imported

    one: Any = DockerContainer(name).with_exposed_ports(port)
    for key, value in environment.items():
        one = one.with_env(key, value)
    for source, target in mounts.items():
        one = one.with_volume_mapping(str(ROOT / source), target, "ro")
    with one:
        yield f"http://{one.get_container_host_ip()}:{one.get_exposed_port(port)}"


@pytest.fixture
def grafana() -> Iterator[str]:
    mounts = {"dashboards/provisioning": "/etc/grafana/provisioning", "dashboards/json": "/var/lib/grafana/dashboards"}
    home = {"GF_AUTH_ANONYMOUS_ENABLED": "true", "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer"}
    yield from container("grafana", 3_000, mounts, home)


@pytest.fixture
def prometheus() -> Iterator[str]:
    yield from container(
        "prometheus", 9_090, {"dashboards/prometheus": "/etc/prometheus"}, {"RUNBOOKS_URL": "http://r"}
    )


def answer(url: str) -> Any:
    """Return the JSON that an address answers, as soon as it does."""
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
