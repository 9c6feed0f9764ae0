"""Commands on what lies in Kafka or in a recording: record, rebuild, backfill."""

from pathlib import Path

import click


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
    from streams.history.record import record_to

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
    from streams.history.rebuild import rebuild_beside

    return rebuild_beside(generation, live, port, fair_file, bootstrap_servers)


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
    from streams.history.backfill_run import backfill_kafka, backfill_recording

    chosen = FairSettings.load(fair_file=fair_file).fair_file
    late = WorkerSettings.load(allowed_lateness=lateness).allowed_lateness
    if recording is None:
        lines = backfill_kafka(KafkaSettings.load(bootstrap_servers=bootstrap_servers), chosen, late)
    else:
        lines = backfill_recording(Recording(recording), chosen, late)
    for line in lines:
        click.echo(line, nl=False)
