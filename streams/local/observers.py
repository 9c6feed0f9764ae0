"""The programs that watch a demo: Kafka's exporter, the audit, Prometheus and Grafana, if this machine has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.ports import HOST, free_port
from schemas.program import PROGRAM
from streams.local.children import Children
from streams.local.grafana import HOME_BOARD, start_grafana
from streams.local.images import installed
from streams.local.parts import Part, answers_at
from streams.local.prometheus import start_prometheus

AUDIT_SECONDS: Final = 10
"""Pause between two recounts."""
SINCE: Final = "from=now-15m&to=now"
"""A demo takes minutes; the boards look back over a day of a fair."""
STACK: Final = "docker compose --profile demo up --build"
"""Starts everything in containers."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts that are watched.

    Attributes:
        worker: host:port of its pages.
        gateway: host:port of its internal pages; None without one.
        arguments: options that all programs of the house take: Kafka and the fair.
        lateness: seconds of fair time that the worker leaves a minute open.
    """

    worker: str
    gateway: str | None
    arguments: Sequence[str]
    bootstrap: str
    lateness: float


@dataclass(frozen=True, slots=True)
class Observers:
    """The observers that this machine has.

    Attributes:
        addresses: what to open, by title.
        missing: which of them could be installed, how, and what for, in one line; empty if all are there.
    """

    parts: Sequence[Part]
    addresses: dict[str, str]
    missing: str


def start_observers(children: Children, home: Path, watched: Watched) -> Observers:
    """Start what there is, and wait for none of it. Without Prometheus nothing is started."""
    audit, exporter = free_port(), free_port()
    targets = {"worker": watched.worker, "audit": f"{HOST}:{audit}", "kafka-exporter": f"{HOST}:{exporter}"}
    if watched.gateway is not None:
        targets["gateway"] = watched.gateway
    found = start_prometheus(children, home, targets)
    if found is None:
        missing = "Prometheus is not installed: with it (apt-get install prometheus) the demo runs a fair's alerts too"
        return Observers([], {}, f"{missing}{_whole_stack()}.")
    prometheus, address = found
    live = ["--live", f"http://{watched.worker}", "--lateness", f"{watched.lateness:g}s"]
    recount = ["audit", "--every", f"{AUDIT_SECONDS}s", "--port", str(audit), *live, *watched.arguments]
    exports = ["kafka-exporter", "--every", "2s", "--port", str(exporter), "--bootstrap-servers", watched.bootstrap]
    parts = [
        prometheus,
        _start(children, home, "audit", audit, *recount),
        _start(children, home, "exporter", exporter, *exports),
    ]
    addresses = {"Prometheus": address}
    boards = start_grafana(children, home, address)
    if boards is None:
        return Observers(parts, addresses, f"Grafana is not installed: with it the demo shows boards{_whole_stack()}.")
    grafana, address = boards
    addresses["boards"] = f"{address}/d/{HOME_BOARD}?{SINCE}"
    return Observers([*parts, grafana], addresses, "")


def _whole_stack() -> str:
    return f"; or with Docker: {STACK}" if installed("docker") else ""


def _start(children: Children, home: Path, name: str, port: int, *arguments: str) -> Part:
    program = [*PROGRAM, *arguments]
    return Part.start(children, home, name, program, lambda: answers_at(f"http://{HOST}:{port}/metrics"))
