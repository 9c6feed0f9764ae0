"""The command `worker`."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file. [default: the CIFTIS example]"
)
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
@click.option("--clock", type=click.Choice(["wall", "event"]), help="What closes windows. [default: wall]")
@click.option("--lateness", type=float, help="Seconds that a minute stays open for stragglers. [default: 30]")
@click.option("--port", type=int, help="Port of /metrics and /kpis; 0 takes a free one. [default: 9464]")
def worker(
    *,
    fair_file: Path | None,
    bootstrap_servers: str | None,
    clock: str | None,
    lateness: float | None,
    port: int | None,
) -> None:
    """Fold events into live KPIs until stopped; as many workers as partitions share the work.

    Every option is also an environment variable, FAIRPULSE_<NAME>; more of them in schemas/settings.py.
    """
    from schemas.fair.file import example_fair_path, load_fair
    from schemas.settings import FairSettings, KafkaSettings, WorkerSettings
    from streams.worker.run import run_worker

    fair = load_fair(FairSettings.load(fair_file=fair_file).fair_file or example_fair_path())
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    run_worker(fair, kafka, WorkerSettings.load(clock=clock, allowed_lateness=lateness, metrics_port=port))
