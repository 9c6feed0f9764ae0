"""A Prometheus beside the demo, if the program is installed."""

import shutil
from pathlib import Path

from streams.local.children import Children
from streams.local.ports import HOST, free_port

SCRAPE_SECONDS = 2
"""How often it scrapes: a demo is watched, so more often than the 15 s of a fair."""

CONFIG = """\
global:
  scrape_interval: {seconds}s
scrape_configs:
  - job_name: fairpulse-worker
    static_configs:
      - targets: ["{target}"]
"""


def start_prometheus(children: Children, directory: Path, target: str) -> str | None:
    """Start Prometheus on a free port, scraping a worker; return its address, None if it is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        return None
    config = directory / "prometheus.yml"
    config.write_text(CONFIG.format(seconds=SCRAPE_SECONDS, target=target), encoding="utf-8")
    port = free_port()
    children.start(
        [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'prometheus'}",
            f"--web.listen-address={HOST}:{port}",
            "--log.level=warn",
        ],
        directory / "prometheus.log",
    )
    return f"http://{HOST}:{port}"
