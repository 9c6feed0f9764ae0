"""Reference pages, written from the constants that the code itself reads."""

from typing import Any

from schemas.api.producing import CLIENTS, FORMULA, RULES, VECTORS
from schemas.environment import default_text, described, variable
from schemas.events import type_of
from schemas.settings import ALL_SETTINGS
from schemas.topics import ALL_TOPICS, PARTITIONS
from schemas.watched import ALL_WATCHED
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi

_WRITTEN = "Written by `make generate`; change the constants, not this page."


def kpis_page() -> str:
    """Return the page on all KPIs, in the order of the catalogue."""
    lines = [
        "# KPIs",
        "",
        _WRITTEN,
        "Windows in brackets are on /kpis only.",
        "",
        "| KPI | question | unit | labels | windows | definition |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for kpi in ALL_KPIS:
        cells = [
            f"`{kpi.name}`",
            kpi.question,
            kpi.unit,
            ", ".join(kpi.labels) or "-",
            _windows(kpi),
            kpi.source,
        ]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join([*lines, *_watched()]) + "\n"


def _watched() -> list[str]:
    """Return the numbers that gateways and the audit show, because the fold has neither clock nor registry."""
    lines = [
        "",
        "## Of terminals, and of figures that moved",
        "",
        "Gateways and the audit show these on /metrics; they need a clock, the registry or an earlier answer.",
        "",
        "| number | question | unit | labels | over | metric | shown by | definition |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in ALL_WATCHED:
        cells = [f"`{one.name}`", one.question, one.unit, ", ".join(one.labels), one.window, f"`{one.metric}`"]
        lines.append(f"| {' | '.join([*cells, one.shown_by, one.source])} |")
    return lines


def _windows(kpi: Kpi[Any, Any]) -> str:
    """Return the windows of a KPI; those that /metrics leaves out are in brackets."""
    return ", ".join(f"({window})" if window in kpi.unscraped else window for window in kpi.windows)


def topics_page() -> str:
    """Return the page on all Kafka topics."""
    lines = [
        "# Topics",
        "",
        _WRITTEN,
        f"{variable('partitions')} sets the number of partitions, for the life of a fair; the registry always has one.",
        "",
        "| topic | what | events | key | partitioner | partitions | written by | read by | kept |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for topic in ALL_TOPICS:
        kept = "for ever" if topic.retention is None else f"{topic.retention.days} days"
        cells = [
            f"`{topic.name}`",
            topic.description,
            ", ".join(f"`{type_of(event)}`" for event in topic.events) or "-",
            topic.key_text,
            topic.partitioner.text,
            str(topic.partitions_of(PARTITIONS)),
            ", ".join(topic.producers),
            ", ".join(topic.consumers),
            kept,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, *_producing(), *_topic_settings()]) + "\n"


def _producing() -> list[str]:
    """Return how a producer of another team must send events."""
    return [
        "",
        "## Write a producer",
        "",
        "All events of one badge, or of one deal, must lie in one partition. Its number is",
        "",
        "```text",
        FORMULA,
        "```",
        "",
        "| client | how it chooses like that |",
        "|---|---|",
        *(f"| {client} | {how} |" for client, how in CLIENTS),
        "",
        "Try your producer with these keys:",
        "",
        f"| key | partition of {PARTITIONS} |",
        "|---|---|",
        *(f"| `{key}` | {partition} |" for key, partition in VECTORS.items()),
        "",
        *(f"* {rule}" for rule in RULES),
        "",
        "`fairpulse topics conform FILE` and `fairpulse topics conform --live` say whether your records would count.",
    ]


def _topic_settings() -> list[str]:
    """Return the settings of each topic in Kafka."""
    names = list(ALL_TOPICS[0].config())
    return [
        "",
        "## Settings in Kafka",
        "",
        "`fairpulse topics --create` makes topics so, `--check` compares, and `--correct` corrects.",
        f"min.insync.replicas is one less than {variable('replication_factor')}, and at least 1; here for 3 copies.",
        "",
        f"| topic | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
        *(f"| `{topic.name}` | {' | '.join(topic.config(3).values())} |" for topic in ALL_TOPICS),
    ]


def settings_page() -> str:
    """Return the page on all settings."""
    lines = ["# Settings", "", _WRITTEN, "", "Environment variables; an unknown one is refused.", ""]
    lines += ["| variable | default | what |", "|---|---|---|"]
    for owner in ALL_SETTINGS:
        for name in owner.model_fields:
            default = default_text(owner, name)
            cells = [f"`{variable(name)}`", f"`{default}`" if default else "none", described(owner, name)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
