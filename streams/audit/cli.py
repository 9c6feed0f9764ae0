"""The command `audit`."""

from pathlib import Path

import click


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
