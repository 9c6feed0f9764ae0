"""What runs beside the workers of a run: a Prometheus with the shipped rules, and the looks of `watching`."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.error import URLError

import msgspec
import yaml

from dashboards.scraping import WORKER
from schemas.ports import HOST
from tests.campaign.silence import TRUTH, Firing, Look, Untold, prove_something, silent, untold
from tests.support.prometheus import RULES, Prometheus, running

EVERY: Final = "1s"
"""How often this Prometheus scrapes and evaluates; the shipped one does so every 15 s."""

FIRING: Final = f'ALERTS{{alertstate="firing", alertname=~"{"|".join(TRUTH)}"}}'
MISSING: Final = "" if shutil.which("prometheus") else "prometheus is not installed (Debian: prometheus)"
"""Why the law cannot be looked at on this machine; empty if it can."""


class Beside:
    """A Prometheus and the looks at the workers of one run.

    Args:
        home: a directory for their files.
        servers: of Kafka.
        fair_file: of the run.
    """

    def __init__(self, home: Path, servers: str, fair_file: Path) -> None:
        home.mkdir()
        self._looks, self._targets = home / "looks", home / "workers.json"
        self._stack = ExitStack()
        self.since = time.time()  # noqa: TID251 - Prometheus keeps wall time
        self.tell([])
        config = home / "prometheus.yml"
        config.write_text(yaml.safe_dump(_config(self._targets)), encoding="utf-8")
        try:
            self.prometheus: Prometheus = self._stack.enter_context(running(home, "--config.file", str(config)))
            self._watch(home / "watching.log", servers, fair_file)
        except BaseException:
            self._stack.close()
            raise

    def _watch(self, log: Path, servers: str, fair_file: Path) -> None:
        arguments = [servers, *map(str, (fair_file, self._targets, self._looks))]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.campaign.watching", *arguments],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        self._process = process

    def tell(self, ports: Sequence[int]) -> None:
        """Say where the workers are now; Prometheus and the looks follow within a second."""
        text = json.dumps([{"targets": [f"{HOST}:{port}" for port in ports]}])
        new = self._targets.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.rename(self._targets)

    def looks(self) -> list[Look]:
        """Return all looks so far."""
        lines = self._looks.read_bytes().split(b"\n")[:-1] if self._looks.exists() else []
        return [msgspec.json.decode(line, type=Look) for line in lines]

    @property
    def fires(self) -> list[str]:
        """The alerts that fire now and say that numbers may be wrong."""
        try:
            return sorted({dict(labels)["alertname"] for labels in self.prometheus.query(FIRING)})
        except (URLError, OSError):
            return []

    def fired(self) -> list[Firing]:
        """Return all series of those alerts that fired at some time, with the moments."""
        found = self.prometheus.range(FIRING, self.since, time.time())  # noqa: TID251 - as above
        return [Firing(one["metric"]["alertname"], [float(at) for at, _ in one["values"]]) for one in found]

    def verdict(self) -> tuple[list[Untold], list[Untold]]:
        """Return all times of wrong numbers while every worker was ready, and those of them that were silent.

        Raises:
            RuntimeError: the looks ended by themselves, or none compared numbers, so they prove nothing.
        """
        looks = self.looks()
        if self._process.poll() is not None:
            raise RuntimeError("the looks at the workers ended by themselves; see watching.log")
        if not prove_something(looks):
            raise RuntimeError(f"none of {len(looks)} looks compared numbers; the last: {looks[-1:]}")
        times = untold(looks)
        return times, silent(times, self.fired())

    def stop(self) -> None:
        """End both; may be called again."""
        self._stack.close()


def _config(targets: Path) -> dict[str, object]:
    return {
        "global": {"scrape_interval": EVERY, "evaluation_interval": EVERY},
        "rule_files": RULES,
        "scrape_configs": [
            {"job_name": WORKER, "file_sd_configs": [{"files": [str(targets)], "refresh_interval": EVERY}]}
        ],
    }
