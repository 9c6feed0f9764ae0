"""Commands of the stream side: worker, topics, kpis, record, audit, rebuild, backfill."""

from pathlib import Path

import click

from streams.exporter.cli import kafka_exporter


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
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "since", default="beginning", show_default=True, help="`beginning`, `now`, or a time.")
@click.option("--until", help="`end` (what is there now), or a time; without it, until Ctrl-C.")
@click.option("--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file, which travels along.")
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
@click.option("--force", is_flag=True, help="Write over a file that stands there.")
def record(
    *, file: Path, since: str, until: str | None, fair_file: Path | None, bootstrap_servers: str | None, force: bool
) -> None:
    """Keep what lies in the topics in one compact FILE: every record whole, in the order Kafka took them.

    Times are those at which Kafka took the records: 2025-09-12T09:00 (the venue's time) or with an offset.
    """
    from streams.recording.run import record_to

    record_to(file, since, until, fair_file, bootstrap_servers, force=force)


@click.command()
@click.option("--generation", type=click.IntRange(2, 9_999), required=True, help="The new one: one more than now.")
@click.option("--live", multiple=True, metavar="URL", help="Every worker. [default: http://127.0.0.1:9464]")
@click.option("--port", default=9_465, show_default=True, type=click.IntRange(1, 65_535), help="For the new worker.")
@click.option(
    "--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file. [default: the CIFTIS example]"
)
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
def rebuild(
    *, generation: int, live: tuple[str, ...], port: int, fair_file: Path | None, bootstrap_servers: str | None
) -> int:
    """Fold the fair from offset 0 again, beside the running workers, and compare.

    Starts a worker with a consumer group and a journal of its own, waits until it has caught up, compares every
    number, partition by partition, at the same offsets, and ends. Then all workers may be switched: restarted with
    FAIRPULSE_GENERATION set, they find the new journal ready. Exit code 1 if a number differs.
    """
    from streams.rebuild import rebuild_beside

    return rebuild_beside(generation, live, port, fair_file, bootstrap_servers)


@click.command()
@click.argument("recording", required=False, type=click.Path(path_type=Path))
@click.option("--live", multiple=True, metavar="URL", help="Every worker. [default: http://127.0.0.1:9464]")
@click.option("--day", help="Only the numbers of a day, 2025-09-12. [default: all days and the fair]")
@click.option("--out", type=click.Path(path_type=Path), help="Leave evidence.csv, numbers.csv, manifest.json here.")
@click.option("--every", type=click.FloatRange(min=0.1), help="Go on, a round every so many seconds, until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --every: address of /metrics.")
@click.option(
    "--port", default=9_466, show_default=True, type=click.IntRange(1, 65_535), help="With --every: its port."
)
@click.option("--lateness", type=float, help="Seconds that the workers leave a minute open. [default: 30]")
@click.option(
    "--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file. [default: the CIFTIS example]"
)
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
def audit(
    *,
    recording: Path | None,
    live: tuple[str, ...],
    day: str | None,
    out: Path | None,
    every: float | None,
    host: str,
    port: int,
    lateness: float | None,
    fair_file: Path | None,
    bootstrap_servers: str | None,
) -> int:
    """Recompute every KPI from the raw records, by code that shares nothing with the workers, and compare.

    Takes the records from Kafka, exactly up to where the workers are, so it may run while the fair does; or from a
    RECORDING, which is compared with today's fold of it unless --live names workers that folded it.
    Exit code 1 if any number differs. With --every it is a service: /metrics shows fair_audit_differences.
    """
    import threading

    from rich.console import Console

    from schemas.errors import InvalidSettings
    from schemas.logs import log_to_stderr
    from streams.audit.run import audit as recompute
    from streams.audit.run import keep, plan_from, report_lines
    from streams.audit.watch import watch

    plan = plan_from(recording, live, day, out, lateness, fair_file, bootstrap_servers)
    if every is not None:
        if recording is not None or out is not None:
            raise InvalidSettings("--every: only for live workers, without --out", hint="leave one of them out")
        log_to_stderr(quiet=("aiokafka",))
        watch(plan, host, port, lambda: not threading.Event().wait(every))
        return 0
    verdict = recompute(plan, Console(stderr=True))
    click.echo("\n".join(report_lines(verdict)))
    if out is not None:
        click.echo(f"evidence, numbers and manifest: {keep(plan, verdict).parent}", err=True)
    return 1 if verdict.differences else 0


@click.command()
@click.argument("recording", required=False, type=click.Path(path_type=Path))
@click.option(
    "--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file. [default: the recording's, or CIFTIS]"
)
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
@click.option("--lateness", type=float, help="Seconds that a minute stayed open for stragglers. [default: 30]")
def backfill(
    *, recording: Path | None, fair_file: Path | None, bootstrap_servers: str | None, lateness: float | None
) -> None:
    """Print a past fair as OpenMetrics at its own times, for `promtool tsdb create-blocks-from openmetrics`.

    It reads the event topics from their beginning, or a RECORDING, and folds them as a worker would have done.
    """
    from schemas.recording.reader import Recording
    from schemas.settings import FairSettings, KafkaSettings, WorkerSettings
    from streams.backfill_run import backfill_kafka, backfill_recording

    chosen = FairSettings.load(fair_file=fair_file).fair_file
    late = WorkerSettings.load(allowed_lateness=lateness).allowed_lateness
    if recording is None:
        lines = backfill_kafka(KafkaSettings.load(bootstrap_servers=bootstrap_servers), chosen, late)
    else:
        lines = backfill_recording(Recording(recording), chosen, late)
    for line in lines:
        click.echo(line, nl=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """The stream side of fairpulse: worker, topics, kpis, record, audit, rebuild, backfill, kafka-exporter."""


for _command in (worker, topics, kpis, record, audit, rebuild, backfill, kafka_exporter):
    commands.add_command(_command)
