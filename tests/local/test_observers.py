"""The observers of a demo are configured like those of a fair: same jobs, same rules, same boards, other addresses."""

from pathlib import Path

import pytest
import yaml

from dashboards.scraping import RULES, prometheus_config
from dashboards.spec import DATASOURCE
from streams.local import grafana, images, prometheus
from streams.local.children import Children

ROOT = Path(__file__).parents[2]
TARGETS = {"worker": "127.0.0.1:1", "audit": "127.0.0.1:2", "kafka-exporter": "127.0.0.1:3", "gateway": "127.0.0.1:4"}
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


def test_the_demo_runs_the_images_of_the_stack() -> None:
    assert SERVICES["prometheus"]["image"] == prometheus.IMAGE
    assert SERVICES["grafana"]["image"] == grafana.IMAGE


def test_every_job_of_a_fair_is_scraped_at_the_demos_addresses_with_its_limits() -> None:
    config = prometheus.configured(prometheus_config(), TARGETS, Path("/rules"), Path("/runbooks"))
    ours = [job for job in prometheus_config()["scrape_configs"] if "dns_sd_configs" in job]
    assert [job["job_name"] for job in config["scrape_configs"]] == [job["job_name"] for job in ours]
    for job, fair in zip(config["scrape_configs"], ours, strict=True):
        assert job["static_configs"] == [{"targets": [TARGETS[fair["dns_sd_configs"][0]["names"][0]]]}]
        assert job["sample_limit"] == fair["sample_limit"]
        assert job.get("metrics_path") == fair.get("metrics_path")
    assert config["rule_files"] == [f"/rules/{name}" for name in RULES]
    assert config["global"]["external_labels"] == {"runbooks": "/runbooks"}


def test_a_demo_without_a_gateway_does_not_scrape_one() -> None:
    targets = {name: place for name, place in TARGETS.items() if name != "gateway"}
    config = prometheus.configured(prometheus_config(), targets, Path("/rules"), Path("/runbooks"))
    assert "fairpulse-gateway" not in {job["job_name"] for job in config["scrape_configs"]}


def test_grafana_is_provisioned_with_our_boards_and_the_demos_prometheus(tmp_path: Path) -> None:
    place = grafana.provision(tmp_path, "http://127.0.0.1:9")
    [source] = yaml.safe_load((place / "datasources" / "fairpulse.yaml").read_text())["datasources"]
    assert (source["uid"], source["url"], source["editable"]) == (DATASOURCE, "http://127.0.0.1:9", False)
    [provider] = yaml.safe_load((place / "dashboards" / "fairpulse.yaml").read_text())["providers"]
    assert (Path(provider["options"]["path"]) / f"{grafana.HOME_BOARD}.json").exists()


def test_in_the_demos_grafana_everybody_may_look_and_nobody_change(tmp_path: Path) -> None:
    given = grafana.settings(tmp_path, 1, tmp_path)
    assert given["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert given["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert Path(given["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).exists()


@pytest.mark.parametrize("where", ["beside it", "of the package", "nowhere"])
def test_grafanas_own_files_are_found_where_it_was_unpacked_or_packaged(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "opt" / "bin" / "grafana"
    program.parent.mkdir(parents=True)
    program.touch()
    packaged = tmp_path / "share"
    monkeypatch.setattr(grafana, "_PACKAGED_HOME", packaged)
    expected = {"beside it": tmp_path / "opt", "of the package": packaged, "nowhere": None}[where]
    if expected is not None:
        (expected / "conf").mkdir(parents=True)
        (expected / "conf" / "defaults.ini").touch()
    assert grafana.home_of(program) == expected


def test_without_program_and_docker_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prometheus.start_prometheus(Children(), tmp_path, TARGETS) is None
    assert grafana.start_grafana(Children(), tmp_path, "http://127.0.0.1:9") is None


def test_an_image_sees_what_it_may_write_and_our_boards_read_only_as_this_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 0\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(images.sys, "platform", "linux")
    command = images.in_container("x/y:1.2.3", tmp_path, {"A": "b"})
    assert command is not None
    assert command[0] == str(docker)
    assert command[-1] == "x/y:1.2.3"
    assert f"{tmp_path}:{tmp_path}" in command
    assert f"{images.boards()}:{images.boards()}:ro" in command
    assert "A=b" in command
    assert "--user" in command
    docker.write_text("#!/bin/sh\nexit 1\n")
    assert images.in_container("x/y:1.2.3", tmp_path, {}) is None, "Docker does not have it"
