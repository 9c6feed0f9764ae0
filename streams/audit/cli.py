"""The command `audit`."""

from datetime import timedelta
from pathlib import Path

import click

from schemas import options


@click.command()
@click.argument("recording", required=False, type=click.Path(path_type=Path))
@options.live
@click.option(
    "--day", metavar="DATE", help="Compare the numbers of one day alone, 2025-09-12. [default: all days and the fair]"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the lists of counted and excluded persons, the numbers and manifest.json.",
)
@click.option(
    "--profile", metavar="NAME", help="Audit profile of these lists: fkm, abc, a762_1 or own. [default: the fair's]"
)
@click.option(
    "--every",
    type=options.length(timedelta(milliseconds=100), example="90s"),
    help="Go on until Ctrl-C with this pause between two rounds, 90s or 5m; /metrics shows what was found.",
)
@options.setting("AuditSettings", "audit_host", "--host")
@options.setting("AuditSettings", "audit_port", "--port")
@options.lateness
@options.fair_or_recordings
@options.bootstrap_servers
def audit(
    *,
    recording: Path | None,
    live: tuple[str, ...],
    day: str | None,
    out: Path | None,
    profile: str | None,
    every: timedelta | None,
    audit_host: str | None,
    audit_port: int | None,
    allowed_lateness: timedelta | None,
    fair_file: Path | None,
    bootstrap_servers: str | None,
) -> int:
    """Recompute every number from the raw records, and compare.

    The audit shares no code with the workers. It reads Kafka exactly up to where the workers are, so it may run during
    the fair.

    RECORDING, a file of `fairpulse record`, takes the place of Kafka. It is compared with the numbers that this
    version computes from it, or with the workers that --live names.

    The exit code is 1 if a number differs. Terminals that two machines send as are named, and change no number: each
    event counts once. With --every it is a service: /metrics shows fair_audit_differences.
    """
    import threading

    from rich.console import Console

    from schemas.logs import log_to_stderr
    from schemas.settings import AuditSettings, LogSettings
    from streams.audit.run import audit as recompute
    from streams.audit.run import keep, plan_from, report_lines
    from streams.audit.watch import watch

    if every is not None and (recording is not None or out is not None):
        raise click.UsageError("--every: only for live workers, without --out; leave one of them out")
    if profile is not None and out is None:
        raise click.UsageError("--profile: only with --out, for the lists that it writes")
    settings = AuditSettings.load(audit_host=audit_host, audit_port=audit_port)
    plan = plan_from(recording, live, day, out, allowed_lateness, fair_file, bootstrap_servers, profile)
    if every is not None:
        pause_s = every.total_seconds()
        log_to_stderr(LogSettings.load(), quiet=("aiokafka",))
        watch(plan, settings.audit_host, settings.audit_port, lambda: not threading.Event().wait(pause_s))
        return 0
    verdict = recompute(plan, Console(stderr=True))
    click.echo("\n".join(report_lines(verdict)))
    if out is not None:
        click.echo(f"evidence, numbers and manifest: {keep(plan, verdict).parent}", err=True)
    return 1 if verdict.differences else 0
