"""How Prometheus scrapes us. One constant for Prometheus and for Grafana's data source, which must agree."""

from typing import Any, Final

from schemas.environment import default_of
from schemas.settings import AuditSettings, ExporterSettings, GatewaySettings, WorkerSettings

SCRAPE_SECONDS: Final = 15
"""How often Prometheus scrapes. Grafana derives its rate interval from it: a wrong value empties every rate panel."""
FACTS_SECONDS: Final = 60
WORKER, FACTS, GATEWAY = "fairpulse-worker", "fairpulse-facts", "fairpulse-gateway"
AUDIT, KAFKA = "fairpulse-audit", "fairpulse-kafka"
MOST_SERIES: Final = 15_000
"""Limit of a worker's scrape. Above it Prometheus takes none of its series; an alert fires before that.

Two workers of a full fair show 7,700 each. If one dies, the other shows 9,300.
"""
MOST_OF_GATEWAY: Final = 10_000
"""A gateway has a series for each enrolled terminal: a fair of 1,820 booths has about 2,500."""
MOST_FACTS: Final = 20_000
RULES: Final = ("recording.yml", "alerts.yml")


def prometheus_config() -> dict[str, Any]:
    """Return prometheus.yml: workers and gateways by their name in the network, however many there are."""
    worker = default_of(WorkerSettings, "metrics_port")
    return {
        "global": {
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "evaluation_interval": f"{SCRAPE_SECONDS}s",
            "external_labels": {"runbooks": "${RUNBOOKS_URL}"},
        },
        "rule_files": [f"/etc/prometheus/rules/{name}" for name in RULES],
        "scrape_configs": [
            _job(WORKER, "worker", worker, sample_limit=MOST_SERIES),
            _job(
                FACTS,
                "worker",
                worker,
                sample_limit=MOST_FACTS,
                metrics_path="/facts",
                scrape_interval=f"{FACTS_SECONDS}s",
            ),
            _job(
                GATEWAY, "gateway", default_of(GatewaySettings, "gateway_internal_port"), sample_limit=MOST_OF_GATEWAY
            ),
            _job(AUDIT, "audit", default_of(AuditSettings, "audit_port"), sample_limit=1_000),
            _job(KAFKA, "kafka-exporter", default_of(ExporterSettings, "exporter_port"), sample_limit=20_000),
            {"job_name": "prometheus", "static_configs": [{"targets": ["127.0.0.1:9090"]}]},
        ],
    }


def _job(name: str, host: str, port: int, **more: Any) -> dict[str, Any]:
    discovery = {"names": [host], "type": "A", "port": port, "refresh_interval": f"{SCRAPE_SECONDS}s"}
    return {"job_name": name, **more, "dns_sd_configs": [discovery]}
