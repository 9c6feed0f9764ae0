"""Alerts: their conditions, their urgency, and the page that says what to do.

Severities: `critical` wakes somebody, `warning` is handled within the hour, `notice` is for the operations room.
"""

from collections.abc import Iterable
from typing import Any, Final

from dashboards.alert import OPEN, Alert
from dashboards.queries import FOLDABLE, FOLDS, quantile, total
from dashboards.scraping import MOST_SERIES, WORKER
from dashboards.truth_alerts import TRUTH_ALERTS
from streams.kpis.aggregates import Histogram
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi

RUNBOOKS: Final = "{{ $externalLabels.runbooks }}"
"""Where the pages of dashboards/runbooks are served: RUNBOOKS_URL in Prometheus' environment."""


_PERCENT = "{{ $value | humanizePercentage }}"
_MISREAD = 'fair_gateway_requests_total{status=~"400|415"}'
_REFUSED_AT_GATEWAYS = 'sum(increase(fair_gateway_events_total{outcome="rejected"}[5m]))'
_REUSED = "max by (terminal) (fair_audit_reused_sequence_numbers)"
_REUSED_BEFORE = "max by (terminal) (fair_audit_reused_sequence_numbers offset 1h)"
_JOB = f'job="{WORKER}"'

ALERTS: Final = (
    Alert(
        "HallFillsUp",
        "notice",
        "fair:hall_load >= 0.8 < 0.9",
        "2m",
        f"Hall {{{{ $labels.hall }}}} is at {_PERCENT} of its capacity: watch its doors",
    ),
    Alert(
        "HallNearlyFull",
        "warning",
        "fair:hall_load >= 0.9 < 1",
        "1m",
        f"Hall {{{{ $labels.hall }}}} is at {_PERCENT} of its capacity: let in only as many people as leave",
    ),
    Alert(
        "HallFull",
        "critical",
        "fair:hall_load >= 1",
        "30s",
        f"Hall {{{{ $labels.hall }}}} is at {_PERCENT} of its capacity: close its doors",
    ),
    Alert(
        "QueueGrows",
        "warning",
        "fair:gate_pressure > 1",
        "3m",
        f"Gate {{{{ $labels.gate }}}} gets {_PERCENT} of what its lanes can pass: open lanes, or redirect people",
    ),
    Alert(
        "GateQuiet",
        "warning",
        f"fair:gate_idle == 1 {OPEN}",
        "2m",
        "Gate {{ $labels.gate }} has passed nobody for 15 minutes: is it closed, or are its readers offline?",
    ),
    Alert(
        "TerminalsSilent",
        "warning",
        f"fair:silent_booths / (fair:active_booths > 0) > 0.2 {OPEN}",
        "5m",
        f"{_PERCENT} of the booths that scanned today have been silent for 30 minutes",
    ),
    Alert(
        "TerminalSentFromTwice",
        "warning",
        "max by (terminal) (max_over_time(fair_gateway_terminal_copies[15m])) > 0",  # over a restart of the gateway
        "0s",
        "Two machines send as terminal {{ $labels.terminal }}: find out which one belongs there, and stop the other",
    ),
    Alert(
        "GatewayShareExceeded",
        "warning",
        "max by (terminal) (fair_gateway_terminal_over_share) > 0",
        "3m",
        "A gateway holds back terminal {{ $labels.terminal }}, which wants more than its share; the others are served",
    ),
    Alert(
        "AddressOverShare",
        "warning",
        "fair_gateway_addresses_over_share > 0",
        "3m",
        "Gateway {{ $labels.instance }} holds back {{ $value }} addresses without a token, over their share",
        "GatewayShareExceeded",
    ),
    Alert(
        "RejectsBurst",
        "warning",
        f"(delta(fair:rejected_events[5m]) or vector(0)) + ({_REFUSED_AT_GATEWAYS} or vector(0)) > 100",
        "1m",
        "{{ $value | humanize }} events were refused by gateways or workers within five minutes",
    ),
    Alert(
        "WorkerLags",
        "warning",
        "fair:lag > 50000",
        "3m",
        "{{ $value | humanize }} records wait to be folded: the numbers are late",
    ),
    Alert(
        "WatermarkStuck",
        "critical",
        f"changes(fair:watermark[5m]) == 0 and on (partition) sum by (partition) ({FOLDABLE}) > 0",
        "2m",
        "Partition {{ $labels.partition }} has records waiting, but its watermark does not move",
    ),
    Alert(
        "NumbersStandStill",
        "critical",
        f"changes(fair:time[5m]) == 0 {OPEN}",
        "1m",
        "No minute has been closed for five minutes while the fair is open: the boards show old numbers",
    ),
    Alert(
        "NoEvents",
        "critical",
        f"fair:time - max(fair:watermark) > 180 {OPEN} unless on () (sum({FOLDABLE}) > 0)",
        "0s",
        "No event has happened for three minutes while the fair is open: check gateway and network",
    ),
    Alert(
        "NoWorker",
        "critical",
        f"(sum({FOLDS}) or vector(0)) == 0",
        "1m",
        "No worker folds events: the boards are blank. Events wait in Kafka; none is lost",
    ),
    Alert(
        "WorkerRecoversTooLong",
        "warning",
        f"{FOLDS} == 0",
        "2m",
        "Worker {{ $labels.instance }} has been recovering for more than two minutes",
    ),
    Alert(
        "WorkerRestarts",
        "warning",
        f"changes(process_start_time_seconds{{{_JOB}}}[15m]) >= 2",
        "0s",
        "Worker {{ $labels.instance }} has restarted {{ $value }} times within 15 minutes: read its last log line",
    ),
    Alert(
        "JournalFails",
        "critical",
        "increase(fair_worker_journal_append_seconds_count[2m]) == 0"
        f" and on (instance) sum by (instance) ({FOLDABLE}) > 0 and on (instance) {FOLDS} == 1",
        "1m",
        "Worker {{ $labels.instance }} has records to fold, but Kafka acknowledges no journal record",
    ),
    Alert(
        "JournalSlow",
        "warning",
        "histogram_quantile(0.99, sum by (le) (rate(fair_worker_journal_append_seconds_bucket[5m]))) > 1",
        "5m",
        "One in a hundred journal records takes longer than {{ $value | humanizeDuration }}",
    ),
    Alert(
        "LiveDiffersFromAudit",
        "critical",
        "max(fair_audit_differences) > 0",
        "0s",
        "{{ $value }} numbers differ from the recount: publish nothing",
    ),
    *TRUTH_ALERTS,
    Alert(
        "TerminalCopied",
        "warning",
        f"{_REUSED} > 0 unless {_REUSED} == {_REUSED_BEFORE}",
        "0s",
        "Two machines send as terminal {{ $labels.terminal }}: {{ $value }} of its numbers were used twice",
    ),
    Alert(
        "ScrapeNearItsLimit",
        "warning",
        f"scrape_samples_scraped{{{_JOB}}} > {MOST_SERIES * 9 // 10}",
        "5m",
        f"Worker {{{{ $labels.instance }}}} shows {{{{ $value }}}} of at most {MOST_SERIES:,} series",
    ),
    Alert(
        "ScrapeFails",
        "warning",
        "up == 0",
        "1m",
        "{{ $labels.job }} at {{ $labels.instance }} does not answer Prometheus",
    ),
    Alert(
        "KafkaAway",
        "critical",
        "max(kafka_brokers) == 0",
        "1m",
        "Kafka does not answer: terminals keep their events, and the numbers stand still",
    ),
    Alert(
        "KafkaPartitionsDown",
        "critical",
        "sum by (topic) (max by (topic, partition) (kafka_topic_partition_leader) == bool -1) > 0",
        "1m",
        "{{ $value }} partitions of {{ $labels.topic }} have no leader: nobody can write or read them",
    ),
    Alert(
        "KafkaCopiesMissing",
        "warning",
        "sum(max by (topic, partition) (kafka_topic_partition_under_replicated_partition)) > 0",
        "5m",
        "{{ $value }} partitions lack a copy: losing one more broker may stop them",
    ),
    Alert(
        "RegistryOld",
        "critical",
        "fair_gateway_registry_age_seconds > 10 unless on () (max(kafka_brokers) == 0)",
        "30s",
        "Gateway {{ $labels.instance }} lets no terminal in: for {{ $value }} seconds it has not known who was revoked",
    ),
    Alert(
        "GatewayFails",
        "critical",
        'sum(rate(fair_gateway_requests_total{status=~"5.."}[5m])) / sum(rate(fair_gateway_requests_total[5m])) > 0.01',
        "2m",
        f"{_PERCENT} of the terminals' requests fail. Terminals keep their events and try again",
    ),
    Alert(
        "SoftwareRefused",
        "warning",
        f"sum by (code) (increase({_MISREAD}[15m]) > 0 or {_MISREAD} unless {_MISREAD} offset 15m) > 0",
        "1m",
        "The software of a device is refused ({{ $labels.code }}): it keeps its events until it is corrected",
    ),
    Alert(
        "CertificateEnds",
        "warning",
        "min by (instance) (fair_gateway_certificate_expires_timestamp_seconds) - time() < 7 * 86400",
        "10m",
        "The certificate of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}: renew it",
    ),
    Alert(
        "CertificateUnusable",
        "warning",
        "max by (instance) (fair_gateway_certificate_unusable) > 0",
        "1m",
        "Gateway {{ $labels.instance }} cannot use the new certificate and keeps the one before: its log says why",
    ),
)


def kpi_alerts(kpis: Iterable[Kpi[Any, Any]] = ALL_KPIS) -> tuple[Alert, ...]:
    """Return an alert for every KPI that has `warn_above`, over its shortest scraped window and by its labels.

    For a histogram, the value is the one that one in ten exceeds. All share the runbook KpiAboveItsLevel.
    """
    return tuple(
        Alert(
            f"{kpi.name.title().replace('_', '')}Above",
            "notice",
            f"{_shown(kpi)} > {kpi.warn_above:g}",
            "2m",
            f"{kpi.name}, {kpi.scraped[0]}: {{{{ $value }}}} {kpi.unit}, above {kpi.warn_above:g}. {kpi.question}",
            "KpiAboveItsLevel",
        )
        for kpi in kpis
        if kpi.warn_above is not None
    )


def _shown(kpi: Kpi[Any, Any]) -> str:
    if isinstance(kpi.aggregate, Histogram):
        return quantile(0.9, kpi, kpi.scraped[0], *kpi.labels)
    return total(kpi, kpi.scraped[0], *kpi.labels)


def alert_rules() -> dict[str, Any]:
    """Return alerts.yml."""
    rules = [_rule(alert) for alert in (*ALERTS, *kpi_alerts())]
    return {"groups": [{"name": "fairpulse-alerts", "rules": rules}]}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary, "runbook_url": f"{RUNBOOKS}/{alert.runbook or alert.name}.md"},
    }
