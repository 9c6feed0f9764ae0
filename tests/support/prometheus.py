"""A real Prometheus for tests: started on a free port with our own rules, asked over its HTTP interface."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from dashboards.__main__ import ROOT
from schemas.ports import HOST, free_port
from tests.support.workers import eventually

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not installed (Debian: prometheus)"
)
RULES = [str(ROOT / "prometheus" / "rules" / name) for name in ("recording.yml", "alerts.yml")]
SCRAPE_S = 2
Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Prometheus:
    url: str

    def get(self, path: str, **query: str) -> Any:
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(query)}", timeout=20) as answer:
            return json.load(answer)["data"]

    def query(self, expr: str, at: float | None = None) -> dict[Labels, float]:
        """Return the values of an instant query by their labels; a scalar has none."""
        more = {} if at is None else {"time": repr(at)}
        data = self.get("query", query=expr, **more)
        if data["resultType"] == "scalar":
            return {frozenset(): float(data["result"][1])}
        return {
            frozenset((name, value) for name, value in one["metric"].items() if name != "__name__"): float(
                one["value"][1]
            )
            for one in data["result"]
        }

    def range(self, expr: str, start: float, end: float, step: float = 1) -> list[dict[str, Any]]:
        data = self.get("query_range", query=expr, start=repr(start), end=repr(end), step=repr(step))
        result: list[dict[str, Any]] = data["result"]
        return result

    def label_values(self, metric: str, label: str) -> list[str]:
        found: list[str] = self.get(f"label/{label}/values", **{"match[]": metric})
        return found

    def is_up(self) -> bool:
        try:
            self.query("1")
        except (URLError, OSError):
            return False
        return True


@contextmanager
def prometheus_for(home: Path, targets: Mapping[str, Sequence[str]], paths: Mapping[str, str]) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes the targets of every job every other second, pages of their own more rarely, and
    evaluates our rules as often."""
    jobs = [
        {
            "job_name": job,
            "metrics_path": paths.get(job, "/metrics"),
            "scrape_interval": "10s" if job in paths else f"{SCRAPE_S}s",
            "static_configs": [{"targets": list(addresses)}],
        }
        for job, addresses in targets.items()
    ]
    config = home / "prometheus.yml"
    every = f"{SCRAPE_S}s"
    config.write_text(
        yaml.safe_dump(
            {
                "global": {"scrape_interval": every, "evaluation_interval": every},
                "rule_files": RULES,
                "scrape_configs": jobs,
            }
        )
    )
    with running(home, "--config.file", str(config)) as one:
        yield one


@contextmanager
def running(home: Path, *options: str, data: Path | None = None) -> Iterator[Prometheus]:
    port = free_port()
    command = ["prometheus", f"--storage.tsdb.path={data or home / 'data'}", f"--web.listen-address={HOST}:{port}"]
    with (home / "prometheus.log").open("ab") as log:
        process = subprocess.Popen([*command, "--log.level=warn", *options], stdout=log, stderr=log)
    one = Prometheus(f"http://{HOST}:{port}")
    try:
        eventually(lambda: one.is_up() or process.poll() is not None, "Prometheus answers")
        assert process.poll() is None, (home / "prometheus.log").read_text()
        yield one
    finally:
        process.terminate()
        process.wait(20)


def now() -> float:
    return time.time()  # noqa: TID251 - Prometheus keeps wall time
