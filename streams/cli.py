"""Commands of the stream side: worker, topics, kpis, backfill."""

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
    from schemas.fair_file import example_fair_path, load_fair
    from schemas.settings import FairSettings, KafkaSettings, WorkerSettings
    from streams.run import run_worker

    fair = load_fair(FairSettings.load(fair_file=fair_file).fair_file or example_fair_path())
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    run_worker(fair, kafka, WorkerSettings.load(clock=clock, allowed_lateness=lateness, metrics_port=port))


@click.command()
@click.option("--create", is_flag=True, help="Create those that are missing.")
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
def topics(create: bool, bootstrap_servers: str | None) -> None:
    """List the Kafka topics: who writes, who reads, how they are keyed and kept."""
    import asyncio

    from schemas.settings import KafkaSettings
    from schemas.topics import ALL_TOPICS
    from streams.topics_admin import ensure_topics

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    for topic in ALL_TOPICS:
        kept = "for ever" if topic.retention is None else f"{topic.retention.days} days"
        click.echo(f"{topic.name}: {topic.description}")
        click.echo(f"    key {topic.key}; kept {kept}; {kafka.partitions} partitions")
        click.echo(f"    written by {', '.join(topic.producers)}; read by {', '.join(topic.consumers)}")
    if create:
        created = asyncio.run(ensure_topics(kafka))
        click.echo(f"created: {', '.join(created) or 'none, all exist'}")


@click.command()
@click.argument("name", required=False)
@click.option("--url", help="Ask a running worker for the values, for example http://127.0.0.1:9464.")
def kpis(name: str | None, url: str | None) -> None:
    """List the KPIs: what each answers, its unit, windows and source; with --url also its values."""
    from streams.kpi_listing import list_kpis

    for line in list_kpis(name, url):
        click.echo(line)


@click.command()
@click.option(
    "--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file. [default: the CIFTIS example]"
)
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
@click.option("--lateness", type=float, help="Seconds that a minute stayed open for stragglers. [default: 30]")
def backfill(*, fair_file: Path | None, bootstrap_servers: str | None, lateness: float | None) -> None:
    """Print a past fair as OpenMetrics at its own times, for `promtool tsdb create-blocks-from openmetrics`.

    It reads the event topics from their beginning and folds them as a worker would have done.
    """
    import asyncio

    from schemas.fair_file import example_fair_path, load_fair
    from schemas.settings import FairSettings, KafkaSettings, WorkerSettings
    from streams.backfill import Backfill, records_in_kafka

    fair = load_fair(FairSettings.load(fair_file=fair_file).fair_file or example_fair_path())
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    making = Backfill(fair, WorkerSettings.load(allowed_lateness=lateness).allowed_lateness)

    async def write() -> None:
        async for record in records_in_kafka(kafka):
            for line in making.feed(record):
                click.echo(line, nl=False)

    asyncio.run(write())
    for line in making.finish():
        click.echo(line, nl=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """The stream side of fairpulse: worker, topics, kpis, backfill."""


for _command in (worker, topics, kpis, backfill):
    commands.add_command(_command)
