"""A Grafana beside the demo, with our boards in it, if it is installed or Docker has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from schemas.ports import HOST, free_port
from streams.local.children import Children
from streams.local.images import boards, in_container, installed, with_environment
from streams.local.parts import Part, answers_at

IMAGE: Final = "grafana/grafana:13.2.3"
"""The one in docker-compose.yml."""

HOME_BOARD: Final = "fair-now"
"""What Grafana shows first."""

_PACKAGED_HOME: Final = Path("/usr/share/grafana")
"""Where Debian's and Red Hat's packages put what Grafana needs."""


def home_of(program: Path) -> Path | None:
    """Return the folder with Grafana's own files: beside a program that was unpacked, else the package's."""
    places = (program.resolve().parent.parent, _PACKAGED_HOME)
    return next((place for place in places if (place / "conf" / "defaults.ini").exists()), None)


def provision(home: Path, prometheus: str) -> Path:
    """Write the provisioning of a fair with this machine's addresses; return its folder.

    Args:
        home: gets a folder `provisioning`.
        prometheus: address of Prometheus.
    """
    ours = boards() / "provisioning"
    changed: Mapping[str, Mapping[str, object]] = {
        "datasources/fairpulse.yaml": {"url": prometheus},
        "dashboards/fairpulse.yaml": {"options": {"path": str(boards() / "json")}},
    }
    for name, values in changed.items():
        written = yaml.safe_load((ours / name).read_text(encoding="utf-8"))
        for one in written.get("datasources") or written["providers"]:
            one.update(values)
        file = home / "provisioning" / name
        file.parent.mkdir(parents=True)
        file.write_text(yaml.safe_dump(written), encoding="utf-8")
    return home / "provisioning"


def settings(home: Path, port: int, provisioning: Path) -> dict[str, str]:
    """Return Grafana's variables: everybody on this machine may look, nobody can change, nothing is told to others."""
    return {
        "GF_PATHS_DATA": str(home / "grafana"),
        "GF_PATHS_LOGS": str(home / "grafana" / "log"),
        "GF_PATHS_PLUGINS": str(home / "grafana" / "plugins"),
        "GF_PATHS_PROVISIONING": str(provisioning),
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_DISABLE_LOGIN_FORM": "true",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(boards() / "json" / f"{HOME_BOARD}.json"),
        "GF_DASHBOARDS_MIN_REFRESH_INTERVAL": "5s",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
    }


def start_grafana(children: Children, home: Path, prometheus: str) -> tuple[Part, str] | None:
    """Start Grafana on a free port; return it and its address, None if there is none to start."""
    port = free_port()
    variables = settings(home, port, provision(home, prometheus))
    (home / "grafana").mkdir()
    program = installed("grafana", "grafana-server")
    own = home_of(Path(program)) if program else None
    if program and own:
        server = [program, "server"] if Path(program).name == "grafana" else [program]
        command = with_environment(variables, [*server, f"--homepath={own}"])
    else:
        found = in_container(IMAGE, home, variables)
        if found is None:
            return None
        command = found
    address = f"http://{HOST}:{port}"
    return Part.start(children, home, "Grafana", command, lambda: answers_at(f"{address}/api/health")), address
