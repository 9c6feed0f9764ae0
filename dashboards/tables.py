"""The tables that stand in pages, written from the constants that the code itself reads."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from dashboards.alerts import ALERTS, kpi_alerts
from dashboards.blocks import Table, rows
from dashboards.boards import ALL_BOARDS
from dashboards.figures import figure_named
from schemas.environment import default_of, described, variable
from schemas.settings import (
    ALL_SETTINGS,
    AuditSettings,
    ExporterSettings,
    GatewaySettings,
    LocalSettings,
    WorkerSettings,
)
from schemas.terminal_settings import TerminalSettings
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi

ROOT: Final = Path(__file__).parents[1]
COMPOSE: Final = ROOT / "docker-compose.yml"
RUNBOOKS: Final = ROOT / "dashboards" / "runbooks"
PROGRAMS: Final = {
    WorkerSettings: "worker",
    GatewaySettings: "gateway",
    AuditSettings: "audit",
    ExporterSettings: "Kafka exporter",
    LocalSettings: "local Kafka",
    TerminalSettings: "booth terminal",
}
"""Whose settings a class holds, for all that listen somewhere."""


def ports(_folder: Path, _words: tuple[str, ...]) -> str:
    """Return the ports of all programs, and of what Compose publishes beside them."""
    compose = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    published = {port: service for service, one in compose.items() for port in _published(one)}
    exposed = {port: service for service, one in compose.items() for port in _exposed(one)}
    lines = [("port", "program", "what", "setting", "with Compose")]
    known = set()
    for owner in ALL_SETTINGS:
        for name in owner.model_fields:
            if name.endswith("_port"):
                port = str(default_of(owner, name))
                known.add(port)
                told, reach = _first_sentence(described(owner, name)), _reach(port, published, exposed)
                lines.append((port, PROGRAMS[owner], told, f"`{variable(name)}`", reach))
    for port, service in published.items():
        if port not in known:
            lines.append((port, service.title(), "Its pages.", "-", _reach(port, published, exposed)))
    return rows(lines[0], *sorted(lines[1:], key=lambda line: int(line[0])))


def _published(service: Mapping[str, Any]) -> list[str]:
    return [str(one).split(":")[-2] for one in service.get("ports", ())]


def _exposed(service: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in service.get("expose", ())]


def _reach(port: str, published: Mapping[str, str], exposed: Mapping[str, str]) -> str:
    if port in published:
        return f"`{published[port]}`, published on 127.0.0.1"
    return f"`{exposed[port]}`, inside its network only" if port in exposed else "-"


def _first_sentence(text: str) -> str:
    """Return what a port is for: the first sentence of its setting, without saying again that it is a port."""
    text = re.sub(r"^Port (?:of|on which) (\w?)", lambda found: found[1].upper(), text)
    return re.split(r"(?<=\.)\s|; ", text, maxsplit=1)[0].rstrip(".") + "."


def alerts(folder: Path, _words: tuple[str, ...]) -> str:
    """Return all alerts: how urgent, what each says, and where its runbook is."""
    lines = [
        (f"[{one.name}]({os.path.relpath(RUNBOOKS, folder)}/{one.runbook or one.name}.md)".replace("(./", "("),
         one.severity, one.wait, _told(one.summary))
        for one in (*ALERTS, *kpi_alerts())
    ]  # fmt: skip
    return rows(("alert and runbook", "severity", "after", "says"), *lines)


def _told(summary: str) -> str:
    """Return the line of an alert with the placeholders of Prometheus as words."""
    named = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", summary)
    return re.sub(r"\{\{ \$value[^}]*\}\}", "*value*", named)


def boards(_folder: Path, _words: tuple[str, ...]) -> str:
    """Return all boards: title, address at Grafana, question."""
    lines = [(one.title, f"`/d/{one.uid}`", one.question) for one in ALL_BOARDS]
    return rows(("board", "address", "question"), *lines)


def kpis(_folder: Path, _words: tuple[str, ...]) -> str:
    """Return the counting rule of every KPI, with its version."""
    lines = [
        (f"`{one.name}`", str(one.version), one.unit, one.question, one.source, _versions(one)) for one in ALL_KPIS
    ]
    return rows(("KPI", "version", "unit", "question", "rule", "days and fair"), *lines)


def _versions(kpi: Kpi[Any, Any]) -> str:
    """Return over which of the spans an audit compares a KPI: days, the fair, or both."""
    return ", ".join(window for window in ("day", "fair") if window in kpi.windows)


def figures(folder: Path, words: tuple[str, ...]) -> str:
    """Return the figures of these names, each with its date and a link to the page on which it stands."""
    return rows(("figure", "value", "date", "command"), *_figures(folder, words))


def _figures(folder: Path, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name in names:
        one, home = figure_named(name)
        yield one.figure, f"[{one.value}]({os.path.relpath(home, folder)})", one.date, f"`{one.command}`"


TABLES: Final[Mapping[str, Table]] = {
    "ports": ports,
    "alerts": alerts,
    "boards": boards,
    "kpis": kpis,
    "figures": figures,
}
"""By the name of their block."""
