"""Every metric and label that boards, rules and alerts name exists; renaming one turns a test red."""

import re
from datetime import timedelta
from typing import Any

import promql_parser
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dashboards.alerts import ALERTS
from dashboards.boards import ALL_BOARDS
from dashboards.rules import RULES
from schemas.fair.file import example_fair_path, load_fair
from schemas.watched import ALL_WATCHED
from streams.fold.engine import Engine
from streams.kpis.catalogue import ALL_KPIS
from streams.shown.collector import KpiCollector
from streams.shown.facts import FairFacts
from streams.shown.health import Health
from streams.shown.view import View
from tests.dashboards.test_boards import plain
from tests.shown.test_collector import busy_states

FAIR = load_fair(example_fair_path())
PLACES = {"hall", "gate", "topic", "partition", "setting", "instance"}
"""Labels with which alerts name a place."""
ELSEWHERE = {
    "up": {"job", "instance"},
    "scrape_samples_scraped": {"job", "instance"},
    "ALERTS": {"alertname", "alertstate", "severity", *PLACES},
    "ALERTS_FOR_STATE": {"alertname", "severity", *PLACES},
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_start_time_seconds": set(),
    "fair_gateway_requests_total": {"status", "code"},
    "fair_gateway_events_total": {"outcome"},
    "fair_gateway_rejected_events_total": {"reason"},
    "fair_gateway_request_seconds_bucket": {"le"},
    "fair_gateway_ack_seconds_bucket": {"le"},
    "fair_gateway_terminal_copies": {"terminal"},
    "fair_gateway_certificate_expires_timestamp_seconds": set(),
    "fair_gateway_certificate_unusable": set(),
    "fair_gateway_terminal_over_share": {"terminal"},
    "fair_gateway_addresses_over_share": set(),
    "fair_gateway_registry_age_seconds": set(),
    "fair_unresolved_events": {"partition"},
    "fair_register_clashes": set(),
    "kafka_brokers": set(),
    "kafka_topic_partition_leader": {"topic", "partition"},
    "kafka_topic_partition_under_replicated_partition": {"topic", "partition"},
    "kafka_topic_partition_current_offset": {"topic", "partition"},
    "kafka_topic_partition_stable_offset": {"topic", "partition"},
    "fair_kafka_answer_seconds": set(),
    "fair_topic_findings": {"topic", "setting", "severity"},
    "fair_worker_transaction_seconds": {"topic", "partition"},
    "fair_topics_checked_timestamp_seconds": set(),
    "fair_audit_waiting_seconds": set(),
    "fair_audit_differences": set(),
    "fair_audit_missing_sequence_numbers": set(),
    "fair_audit_reused_sequence_numbers": {"terminal"},
    **{one.metric: set(one.labels) for one in ALL_WATCHED},
}
"""Series that do not come from workers: those of Prometheus, the process, the gateway and the audit."""
SCRAPED = {"job", "instance"}

QUERIES = {
    **{f"{board.uid}-{panel.id}-{n}": query.expr for board in ALL_BOARDS for panel in board.panels
       for n, query in enumerate(panel.queries)},
    **{f"{board.uid}-{mark.name}": mark.expr for board in ALL_BOARDS for mark in board.marks},
    **RULES,
    **{alert.name: alert.expr for alert in ALERTS},
}  # fmt: skip
Names = dict[str, set[str]]
"""Metrics with their labels."""


@pytest.fixture(scope="module")
def known() -> Names:
    registry = CollectorRegistry()
    health = Health(registry)
    health.chunk_done(records=1, journal_bytes=1, decode=1, fold=1)
    registry.register(FairFacts(FAIR))
    states = busy_states()
    registry.register(KpiCollector(View(Engine(FAIR, timedelta(seconds=30)), lambda: states), lambda: {("t", 0): 1}))
    names: Names = {name: labels | SCRAPED for name, labels in ELSEWHERE.items()}
    for kpi in ALL_KPIS:  # also of what did not happen on that afternoon, such as a meeting
        names[kpi.metric] = {*kpi.labels, "window", *([] if kpi.wide else ["partition"])} | SCRAPED
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            names.setdefault(sample.name, set(SCRAPED)).update(sample.labels)
    for name, expr in RULES.items():
        names[name] = {label for metric, _ in selectors(expr) for label in names.get(metric, set())}
    return names


def selectors(expr: str) -> list[tuple[str, list[str]]]:
    """Return the metrics of a query, each with the labels that select it."""
    found: list[tuple[str, list[str]]] = []

    def walk(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((node.name, [matcher.name for matcher in node.matchers.matchers]))
            return
        for part in ("expr", "lhs", "rhs", "args", "vector_selector"):
            below = getattr(node, part, None)
            for one in below if isinstance(below, list) else [below]:
                if one is not None:
                    walk(one)

    walk(promql_parser.parse(plain(expr)))
    return found


def strangers(expr: str, known: Names) -> list[str]:
    """Return the metrics and labels of a query that do not exist."""
    used = selectors(expr)
    missing = [metric for metric, _ in used if metric not in known]
    missing += [
        f"{metric}.{label}" for metric, labels in used for label in labels if label not in known.get(metric, ())
    ]
    labels = {label for metric, _ in used for label in known.get(metric, ())}
    labels |= set(re.findall(r', "(\w+)", "', expr))  # those that label_join and label_replace make
    labels |= set(re.findall(r'count_values\("(\w+)"', expr))
    for words in re.findall(r"\b(?:by|on|group_left) \(([^)]*)\)", expr):
        missing += [word for word in re.split(r",\s*", words) if word and word not in labels]
    return missing


@pytest.mark.parametrize("name", QUERIES)
def test_every_metric_and_label_of_a_query_exists(name: str, known: Names) -> None:
    assert strangers(QUERIES[name], known) == []


def test_renaming_any_metric_or_label_in_use_is_noticed(known: Names) -> None:
    for name, expr in QUERIES.items():
        for metric, labels in selectors(expr):
            assert strangers(expr, {one: its for one, its in known.items() if one != metric}), (name, metric)
            for label in labels:
                without = {one: its - {label} for one, its in known.items()}
                assert strangers(expr, without), (name, label)


def test_every_kpi_is_on_some_board() -> None:
    text = " ".join(QUERIES.values())
    assert [
        kpi.name
        for kpi in ALL_KPIS
        if kpi.scraped and f"{kpi.metric}{{" not in text and f"{kpi.metric}_bucket{{" not in text
    ] == []
