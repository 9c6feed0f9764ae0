"""What watches a demo: Kafka's exporter, the audit, Prometheus and Grafana, as far as this machine has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from schemas.ports import HOST, free_port
from schemas.program import PROGRAM
from streams.local.children import Children
from streams.local.grafana import HOME_BOARD, start_grafana
from streams.local.images import installed
from streams.local.parts import Part, note, say, wait_for
from streams.local.prometheus import start_prometheus

START_SECONDS: Final = 90
"""Patience with Prometheus and Grafana."""
AUDIT_SECONDS: Final = 10
"""Pause between two recounts."""
SINCE: Final = "from=now-15m&to=now"
"""A demo takes minutes; the boards look back over a day of a fair."""
STACK: Final = "docker compose --profile demo up --build"
"""Starts everything in containers."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched.

    Attributes:
        worker: host:port of its pages.
        gateway: host:port of its internal pages; None without one.
        arguments: options that all our programs take: Kafka and the fair.
        lateness: seconds of fair time that the worker leaves a minute open.
    """

    worker: str
    gateway: str | None
    arguments: Sequence[str]
    bootstrap: str
    lateness: float


def start_observers(children: Children, home: Path, watched: Watched) -> tuple[list[Part], dict[str, str]]:
    """Start what there is; return it, and what to open, by title. Without Prometheus nothing is started.

    Raises:
        Unavailable: one of them did not start.
    """
    audit, exporter = free_port(), free_port()
    targets = {"worker": watched.worker, "audit": f"{HOST}:{audit}", "kafka-exporter": f"{HOST}:{exporter}"}
    if watched.gateway is not None:
        targets["gateway"] = watched.gateway
    found = start_prometheus(children, home, targets)
    if found is None:
        note(f"no boards: Prometheus is not installed (Debian: apt-get install prometheus){_whole_stack()}")
        return [], {}
    say("starting Prometheus, Kafka's exporter and the audit")
    prometheus, address = found
    live = ["--live", f"http://{watched.worker}", "--lateness", str(watched.lateness)]
    recount = ["audit", "--every", str(AUDIT_SECONDS), "--port", str(audit), *live, *watched.arguments]
    parts = [prometheus, _start(children, home, "audit", *recount)]
    exports = ["kafka-exporter", "--every", "2", "--port", str(exporter), "--bootstrap-servers", watched.bootstrap]
    parts.append(_start(children, home, "exporter", *exports))
    wait_for(lambda: _answers(f"{address}/-/ready"), prometheus, START_SECONDS)
    addresses = {"Prometheus": address, "alerts": f"{address}/alerts"}
    boards = start_grafana(children, home, address)
    if boards is None:
        note(f"no boards: Grafana is not installed, nor does Docker have its image{_whole_stack()}")
    else:
        say("starting Grafana")
        grafana, address = boards
        wait_for(lambda: _answers(f"{address}/api/health"), grafana, START_SECONDS)
        parts.append(grafana)
        addresses["boards"] = f"{address}/d/{HOME_BOARD}?{SINCE}"
    return parts, addresses


def _whole_stack() -> str:
    return f"; with Docker: {STACK}" if installed("docker") else ""


def _start(children: Children, home: Path, name: str, *arguments: str) -> Part:
    log = home / f"{name}.log"
    return Part(name, children.start([*PROGRAM, *arguments], log), log)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - a server that we have started
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
