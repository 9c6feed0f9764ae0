"""The command `kpis`: what the KPIs are, and their values of a running worker or of a recording."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from schemas import options


@click.command(short_help="List all numbers (KPIs), or show their values.")
@click.argument("what", nargs=-1, metavar="[RECORDING] [NAME]...")
@click.option("--at", "time", metavar="TIME", help="Of a RECORDING: as a worker showed them at this time.")
@click.option("--final", is_flag=True, help="Of a RECORDING: after its last record. This is the default.")
@click.option("--url", metavar="URL", help="Ask a running worker for the values: http://HOST:PORT.")
@click.option("--json", "as_json", is_flag=True, help="Print the values as JSON, of a RECORDING or with --url.")
@options.setting(
    "FairSettings",
    "fair_file",
    "--fair",
    text="The fair file. Without it, the one inside the RECORDING.",
)
@options.lateness
def kpis(
    *,
    what: tuple[str, ...],
    time: str | None,
    final: bool,
    url: str | None,
    as_json: bool,
    fair_file: Path | None,
    allowed_lateness: timedelta | None,
) -> None:
    """List the KPIs: what each answers, its unit, windows and source. With --url or a RECORDING, also their values.

    The first word is a RECORDING unless it is the name of a KPI: a file, or a name that ends in .fairrec. If a file has
    the name of a KPI, type ./visits. Each NAME is a KPI; without any, all are listed.

    TIME is the venue's time, 2025-09-12T09:30, or has an offset. Then all that had been received by TIME counts, in
    windows closed by TIME. The pytest fixture `replay` gives the same numbers.

    JSON of a RECORDING has the keys `fair`, `at` (null without --at), `window_end` (where windows of minutes end) and
    `kpis`. In `kpis` each KPI has, under its name, `question`, `unit` and `windows`. A window is a list of `labels` and
    `value`; the window `day` has such a list for each date. A value is a number, money in minor units; a KPI in seconds
    has `count`, `sum`, `buckets`, `mean` and quantiles, in milliseconds. A worker's /kpis has the same shape.
    """
    from streams.shown.listing import catalogue_lines, fetch_report, known, missing_note, value_lines

    recording, names = _told_apart(what)
    if recording is None and (time is not None or final):
        raise click.UsageError("--at and --final want a RECORDING: fairpulse kpis RECORDING --at TIME")
    if recording is None and url is None and as_json:
        raise click.UsageError("--json wants values: name a RECORDING, or a worker with --url")
    if recording is not None and url is not None:
        raise click.UsageError("a RECORDING and --url: name one of the two")
    if time is not None and final:
        raise click.UsageError("--at and --final: give one of the two")
    chosen = known(names)
    report: dict[str, Any] | None = None
    if recording is not None:
        from schemas.fair.chosen import named_fair_file
        from schemas.settings import WorkerSettings
        from streams.history.kpis_then import kpis_then

        lateness = WorkerSettings.load(allowed_lateness=allowed_lateness).allowed_lateness
        report = kpis_then(recording, time, names, named_fair_file(fair_file), lateness)
    elif url is not None:
        report = fetch_report(url, *names)
        if note := missing_note(report):
            click.echo(note, err=True)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        for line in catalogue_lines(chosen) if report is None else value_lines(chosen, report):
            click.echo(line)


def _told_apart(what: Sequence[str]) -> tuple[Path | None, tuple[str, ...]]:
    """Return the recording, None if none is meant, and the names of KPIs; names are looked up later."""
    from streams.shown.listing import KPIS_BY_NAME

    if what and what[0] not in KPIS_BY_NAME and (Path(what[0]).is_file() or what[0].endswith(".fairrec")):
        return Path(what[0]), tuple(what[1:])
    return None, tuple(what)
