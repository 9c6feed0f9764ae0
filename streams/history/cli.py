"""Commands that read the topics or a recording again: record, rebuild, backfill."""

from datetime import timedelta
from pathlib import Path

import click

from schemas import options


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "since",
    metavar="TIME",
    default="beginning",
    show_default=True,
    help="Where to begin: `beginning`, `now`, or a time such as 2025-09-12T09:00.",
)
@click.option("--until", metavar="TIME", help="Where to end: `end` is what is there now, or a time. [default: Ctrl-C]")
@options.fair
@options.bootstrap_servers
@click.option(
    "--force", is_flag=True, help="Replace FILE if it exists, and FILE.part, which a run that broke off left."
)
def record(
    *, file: Path, since: str, until: str | None, fair_file: Path | None, bootstrap_servers: str | None, force: bool
) -> None:
    """Write the topics of a fair into one compact file.

    FILE, the recording, holds every record whole, in the order in which Kafka took them. The times of --from and
    --until are those at which Kafka took a record, in the venue's time or with an offset.
    """
    from streams.history.record import record_to

    record_to(file, since, until, fair_file, bootstrap_servers, force=force)


@click.command()
@options.setting(
    "WorkerSettings",
    "generation",
    required=True,
    text="Number of the new generation: one more than the workers have now.",
)
@options.live
@click.option(
    "--port", type=options.whole(1, 65_535, example="9470"), help="Port of the new worker. [default: a free one]"
)
@options.fair
@options.bootstrap_servers
def rebuild(
    *, generation: int, live: tuple[str, ...], port: int | None, fair_file: Path | None, bootstrap_servers: str | None
) -> int:
    """Recompute a fair beside the running workers, and compare.

    It starts a worker with a consumer group and a journal of its own, which reads the fair from its first record. Once
    that worker has caught up, every number is compared, partition by partition, at the same offsets.

    Then all workers may be switched: restarted with FAIRPULSE_GENERATION set, they find the new journal ready. The
    exit code is 1 if a number differs.
    """
    from streams.history.rebuild import rebuild_beside

    return rebuild_beside(generation, live, port, fair_file, bootstrap_servers)


@click.command()
@click.argument("recording", required=False, type=click.Path(path_type=Path))
@options.fair_or_recordings
@options.bootstrap_servers
@options.lateness
def backfill(
    *, recording: Path | None, fair_file: Path | None, bootstrap_servers: str | None, allowed_lateness: timedelta | None
) -> None:
    """Print the numbers of a past fair for Prometheus.

    The text is OpenMetrics with the fair's own times, for `promtool tsdb create-blocks-from openmetrics`.

    RECORDING, a file of `fairpulse record`, is read as a worker would have read it. Without it, the event topics of
    Kafka are read from their beginning.
    """
    from schemas.fair.chosen import named_fair_file
    from schemas.recording.reader import Recording
    from schemas.settings import KafkaSettings, WorkerSettings
    from streams.history.backfill_run import backfill_kafka, backfill_recording

    chosen = named_fair_file(fair_file)
    late = WorkerSettings.load(allowed_lateness=allowed_lateness).allowed_lateness
    if recording is None:
        lines = backfill_kafka(KafkaSettings.load(bootstrap_servers=bootstrap_servers), chosen, late)
    else:
        lines = backfill_recording(Recording(recording), chosen, late)
    for line in lines:
        click.echo(line, nl=False)
