"""Alerts about what the numbers rest on: topics, their logs and settings, places of records, and the recount."""

from typing import Final

from dashboards.alert import OPEN, Alert
from dashboards.queries import total
from schemas.topics import REJECTED
from streams.kpis.badges import UNREGISTERED_BADGES
from streams.kpis.definition import Window
from streams.kpis.labels import Label
from streams.kpis.quality import EVENTS, REJECTED_EVENTS, TEST_EVENTS


def _refused(reason: str) -> str:
    return f'{REJECTED_EVENTS.metric}{{window="fair", reason="{reason}"}}'


def _of_places(series: str) -> str:
    """Return the largest value of each partition over all workers."""
    return f"max by (topic, partition) ({series})"


def _before(series: str) -> str:
    """Return the same as it was a quarter of an hour ago."""
    return _of_places(f"last_over_time({series}[1h] offset 15m)")


def _risen(series: str) -> str:
    """Return by how much a number of each partition rose within the last quarter of an hour.

    A partition that nobody showed then is compared with its last number of the hour before. Without one, it is compared
    with what was seen of it first: the number may be old, of a gateway that was away. The very first numbers do not
    count, because a gateway that has just begun to read what waits shows too few.
    """
    now = f"max by (partition) ({series})"
    before = (
        f"max by (partition) ({series} offset 15m)"
        f" or max by (partition) (last_over_time({series}[1h] offset 15m))"
        f" or quantile_over_time(0.1, ({now})[15m:15s])"
    )
    return f"clamp_min({now} - ({before}), 0)"


_MISPLACED = total(REJECTED_EVENTS, Window.FAIR, Label.TOPIC, where='reason="misplaced"')
_MISPLACED_BEFORE = f"sum by (topic) ({_before(_refused('misplaced'))})"
_OURS = f'{EVENTS.metric}{{window="fair"}}'
_OURS_BEFORE = _before(_OURS)
_OURS_LATELY = f"sum by (topic) (clamp_min({_of_places(_OURS)} - {_OURS_BEFORE}, 0))"
_STRANGERS = _of_places(_refused("wrong_fair"))
_STRANGERS_BEFORE = f"({_before(_refused('wrong_fair'))} or {_OURS_BEFORE} * 0)"
_STRANGERS_LATELY = f"sum by (topic) (clamp_min({_STRANGERS} - {_STRANGERS_BEFORE}, 0))"
"""A partition that is between two workers is missing on both sides of a difference."""
_ANY_OURS = f"sum by (topic) ({_of_places(f'last_over_time({_OURS}[1h])')}) > 0"
_STRANGERS_ALONE = f"sum by (topic) ({_STRANGERS}) > 10 unless {_ANY_OURS}"
_STABLE = "kafka_topic_partition_stable_offset"
_HANGS = (
    f"max by (topic, partition) (min_over_time(kafka_topic_partition_current_offset[2m])) > "
    f"max by (topic, partition) (max_over_time({_STABLE}[2m]))"
    f" and on (topic, partition) changes({_STABLE}[2m]) == 0"
)
"""The log was longer than what may be read for two minutes, and the place from which on records wait did not move."""
_LETTERS = f'sum(max by (partition) (kafka_topic_partition_current_offset{{topic="{REJECTED.name}"}}))'
"""Letters that were ever written, of workers and gateways; a topic that was made anew begins at 0."""
_UNRESOLVED = "fair_unresolved_events"
_UNREGISTERED = f'{UNREGISTERED_BADGES.metric}{{window="fair"}}'
_RISE = f"((sum({_risen(_UNRESOLVED)}) or vector(0)) + (sum({_risen(_UNREGISTERED)}) or vector(0)))"
"""Events that began to wait for a registration, and persons who were met without one, within 15 minutes.

Those of before do not count: badges of another fair wait for ever. If all wait, nobody passes a gate.
"""
_TESTS = f'{TEST_EVENTS.metric}{{window="day"}}'
_SCRAPED_BEFORE = "max(last_over_time(fair_window_end_timestamp_seconds[1h] offset 15m))"
_TESTS_BEFORE = f"({_before(_TESTS)} or {_of_places(_TESTS)} * 0 and on () {_SCRAPED_BEFORE})"
"""A series that is new began at zero, unless Prometheus itself is new."""
_TESTS_LATELY = f"sum(clamp_min({_of_places(_TESTS)} - {_TESTS_BEFORE}, 0))"
_WAITS = "fair_audit_waiting_seconds"

TRUTH_ALERTS: Final = (
    Alert(
        "TopicsWrong",
        "critical",
        'max by (topic, setting) (fair_topic_findings{severity="wrong"}) > 0',
        "0s",
        "Topic {{ $labels.topic }} is not as declared ({{ $labels.setting }}): numbers cannot stay right",
    ),
    Alert(
        "TopicsAtRisk",
        "warning",
        'max by (topic, setting) (fair_topic_findings{severity="risk"}) > 0',
        "5m",
        "Topic {{ $labels.topic }} is not as safe as declared ({{ $labels.setting }}); the numbers are right",
    ),
    Alert(
        "EventsMisplaced",
        "critical",
        f"{_MISPLACED} > 0 unless {_MISPLACED} <= {_MISPLACED_BEFORE}",
        "0s",
        "A producer puts events of {{ $labels.topic }} into wrong partitions; {{ $value }} wait among the dead letters",
    ),
    Alert(
        "EventsOfAnotherFair",
        "warning",
        f"{_STRANGERS_ALONE} or ({_STRANGERS_LATELY} > 10 unless {_STRANGERS_LATELY} <= 0.1 * {_OURS_LATELY})",
        "0s",
        "{{ $value }} events of another fair on {{ $labels.topic }}: is this the right fair file, the right Kafka?",
    ),
    Alert(
        "BadgesUnknown",
        "critical",
        f"({_RISE} > 5) > 0.01 * (sum(fair:gate_passages) or vector(0)) {OPEN}",
        "5m",
        "{{ $value | humanize }} events or persons came without a registration within 15 minutes: no visit yet",
    ),
    Alert(
        "BadgesClash",
        "warning",
        "max(fair_register_clashes) > 0",
        "5m",
        "{{ $value }} badge codes belong to several persons: all their scans count for one of them",
    ),
    Alert(
        "TestEventsDuringFair",
        "warning",
        f"{_TESTS_LATELY} > 20 {OPEN}",
        "1m",
        "{{ $value | humanize }} test events within 15 minutes: is a gate enrolled as a test? Nothing of it counts",
    ),
    Alert(
        "TransactionHangs",
        "warning",
        f"max by (topic, partition) (fair_worker_transaction_seconds) > 60 or {_HANGS}",
        "0s",
        "A transaction stays open: records behind it wait in {{ $labels.topic }}[{{ $labels.partition }}]",
    ),
    Alert(
        "LogsUnchecked",
        "warning",
        "time() - max by (job, instance) (fair_topics_checked_timestamp_seconds) > 60"
        " unless on () (max(kafka_brokers) == 0)",
        "1m",
        "{{ $labels.job }} at {{ $labels.instance }} has not looked at its topics for {{ $value | humanizeDuration }}",
    ),
    Alert(
        "LogShorter",
        "critical",
        "min by (topic, partition) (fair_worker_lag_records) < 0",
        "0s",
        "{{ $labels.topic }}[{{ $labels.partition }}] ends before the place that was read: records are lost from Kafka",
    ),
    Alert(
        "EventsFell",
        "critical",
        "(fair:events or vector(0)) < 0.9 * max_over_time(fair:events[15m])"
        " and on () fair:partitions >= max_over_time(fair:partitions[15m])",
        "0s",
        "The fair has {{ $value | humanize }} events, over a tenth fewer than a while ago: were topics made anew?",
    ),
    Alert(
        "LettersLost",
        "critical",
        f"min_over_time(fair:rejected_events[2m]) > {_LETTERS}",
        "1m",
        "{{ $value | humanize }} events were refused, and Kafka has had fewer dead letters: they cannot be redriven",
    ),
    Alert(
        "AuditOld",
        "warning",
        f"max({_WAITS}) > 900"
        f" or max(last_over_time({_WAITS}[1d] offset 15m)) * 0 + 900 unless max(last_over_time({_WAITS}[15m]))",
        "0s",
        "For {{ $value | humanizeDuration }} or longer, no recount has succeeded: nobody checks the numbers",
    ),
)
"""Most of them need no audit: workers and the exporter notice by themselves."""
