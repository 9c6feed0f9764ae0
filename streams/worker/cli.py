"""The command `worker`."""

from datetime import timedelta
from pathlib import Path

import click

from schemas import options


@click.command()
@options.fair
@options.bootstrap_servers
@options.setting("WorkerSettings", "clock")
@options.lateness
@options.setting("WorkerSettings", "metrics_port", "--port")
def worker(
    *,
    fair_file: Path | None,
    bootstrap_servers: str | None,
    clock: str | None,
    allowed_lateness: timedelta | None,
    metrics_port: int | None,
) -> None:
    """Turn events into live numbers, and serve them.

    It runs until it is stopped. Workers of one fair share its partitions: start as many as there are partitions, or
    fewer.

    Further settings are environment variables; `fairpulse settings` lists them.
    """
    from schemas.fair.chosen import chosen_fair
    from schemas.settings import KafkaSettings, WorkerSettings
    from streams.worker.run import run_worker

    fair = chosen_fair(fair_file)
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    settings = WorkerSettings.load(clock=clock, allowed_lateness=allowed_lateness, metrics_port=metrics_port)
    run_worker(fair, kafka, settings)
