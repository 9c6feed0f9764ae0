"""Commands on what lies in Kafka or in a recording: record, rebuild, backfill."""

from datetime import timedelta
from pathlib import Path

import click

from schemas import options


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "since", default="beginning", show_default=True, help="`beginning`, `now`, or a time.")
@click.option("--until", help="`end` (what is there now), or a time; without it, until Ctrl-C.")
@options.fair
@options.bootstrap_servers
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
@options.setting("WorkerSettings", "generation", required=True, text="The new one: one more than now.")
@options.live
@click.option("--port", type=click.IntRange(1, 65_535), help="Port of the new worker. [default: one that is free]")
@options.fair
@options.bootstrap_servers
def rebuild(
    *, generation: int, live: tuple[str, ...], port: int | None, fair_file: Path | None, bootstrap_servers: str | None
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
@options.fair_or_recordings
@options.bootstrap_servers
@options.lateness
def backfill(
    *, recording: Path | None, fair_file: Path | None, bootstrap_servers: str | None, allowed_lateness: timedelta | None
) -> None:
    """Print a past fair as OpenMetrics at its own times, for `promtool tsdb create-blocks-from openmetrics`.

    It reads the event topics from their beginning, or a RECORDING, and folds them as a worker would have done.
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
