"""A Prometheus beside the demo, with the scrape jobs and rules of a fair, if it is installed or Docker has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from schemas.ports import HOST, free_port
from streams.local.children import Children
from streams.local.images import boards, in_container, installed
from streams.local.parts import Part, answers_at

IMAGE: Final = "prom/prometheus:v3.13.3"
"""The one in docker-compose.yml."""

SCRAPE_SECONDS: Final = 2
"""How often it scrapes: a demo is watched, so more often than the 15 s of a fair."""

FACTS_SECONDS: Final = 10
"""How often it scrapes a page that a fair scrapes every minute."""


def configured(fair: Mapping[str, Any], targets: Mapping[str, str], rules: Path, runbooks: Path) -> dict[str, Any]:
    """Return the configuration of a fair with the demo's addresses, jobs without one left out, and a faster pace.

    Args:
        fair: dashboards/prometheus/prometheus.yml.
        targets: host:port by name of the service in docker-compose.yml.
        rules: the folder of the rule files.
        runbooks: the folder of the runbooks, to which alerts link.
    """
    every = f"{SCRAPE_SECONDS}s"
    jobs = []
    for job in fair["scrape_configs"]:
        kept = {key: value for key, value in job.items() if key != "dns_sd_configs"}
        if "scrape_interval" in kept:
            kept["scrape_interval"] = f"{FACTS_SECONDS}s"
        places = [targets[name] for one in job.get("dns_sd_configs", ()) for name in one["names"] if name in targets]
        if places:
            jobs.append({**kept, "static_configs": [{"targets": places}]})
    return {
        "global": {
            "scrape_interval": every,
            "evaluation_interval": every,
            "external_labels": {"runbooks": str(runbooks)},
        },
        "rule_files": [str(rules / Path(name).name) for name in fair["rule_files"]],
        "scrape_configs": jobs,
    }


def start_prometheus(children: Children, home: Path, targets: Mapping[str, str]) -> tuple[Part, str] | None:
    """Start Prometheus on a free port; return it and its address, None if there is none to start."""
    found = installed("prometheus")
    command = [found] if found else in_container(IMAGE, home, {})
    if command is None:
        return None
    ours = boards() / "prometheus"
    fair = yaml.safe_load((ours / "prometheus.yml").read_text(encoding="utf-8"))
    config = home / "prometheus.yml"
    config.write_text(
        yaml.safe_dump(configured(fair, targets, ours / "rules", boards() / "runbooks")), encoding="utf-8"
    )
    data = home / "prometheus"
    data.mkdir()
    port = free_port()
    options = [f"--config.file={config}", f"--storage.tsdb.path={data}", f"--web.listen-address={HOST}:{port}"]
    address = f"http://{HOST}:{port}"
    program = [*command, *options, "--log.level=warn"]
    return Part.start(children, home, "Prometheus", program, lambda: answers_at(f"{address}/-/ready")), address
