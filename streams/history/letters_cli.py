"""Commands on dead letters: list, show, redrive."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas import options
from schemas.console import Commands
from schemas.outputs import warn

if TYPE_CHECKING:
    from streams.history.letters import DeadLetters

REASON = click.option("--reason", help="Take only those with this reason, as `list` names it.")
TERMINAL = click.option("--terminal", help="Take only those from this terminal.")


@click.group("dead-letters", cls=Commands)
def dead_letters() -> None:
    """See which events were refused, and send them again.

    A dead letter is a record that a worker or a gateway refused. It is kept with the reason.
    """


@dead_letters.command("list")
@REASON
@TERMINAL
@click.option("--each", is_flag=True, help="Print one line per dead letter, with the PLACE that `show` takes.")
@options.bootstrap_servers
def list_(*, reason: str | None, terminal: str | None, each: bool, bootstrap_servers: str | None) -> None:
    """Count the dead letters by reason, topic and terminal."""
    import asyncio

    from schemas.settings import KafkaSettings
    from streams.history.letters import read_letters

    found = asyncio.run(read_letters(KafkaSettings.load(bootstrap_servers=bootstrap_servers)))
    chosen = found.of(reason, terminal)
    if each:
        for place, letter in chosen.items():
            mark = "  redriven" if place in found.redriven else ""
            field = f"  {letter.field}" if letter.field else ""
            click.echo(f"{place[0]}-{place[1]}  {letter.reason}{field}  {letter.topic}  {letter.terminal or '-'}{mark}")
    else:
        for (why, topic, who, gone), count in sorted(found.counts(chosen).items()):
            click.echo(f"{count:>9,}  {why:<16} {topic:<18} {who or '-'}{'  redriven' if gone else ''}")
    _warn(found)
    waiting = len(chosen) - len(found.redriven & chosen.keys())
    click.echo(f"{len(chosen):,} dead letters, {waiting:,} not redriven", err=True)


@dead_letters.command()
@click.argument("place")
@options.bootstrap_servers
def show(*, place: str, bootstrap_servers: str | None) -> None:
    """Print one dead letter.

    PLACE is the first word of a line of `list --each`, for example 3-17.
    """
    import asyncio

    from schemas.errors import InvalidSettings
    from schemas.settings import KafkaSettings
    from streams.history.letters import read_letters

    found = asyncio.run(read_letters(KafkaSettings.load(bootstrap_servers=bootstrap_servers)))
    letter = next((one for (part, at), one in found.letters.items() if f"{part}-{at}" == place), None)
    if letter is None:
        raise InvalidSettings("PLACE: there is no dead letter", hint="`fairpulse dead-letters list --each` names them")
    where = "posted to a gateway" if letter.partition < 0 else f"partition {letter.partition}, offset {letter.offset}"
    for name, value in (
        ("reason", letter.reason),
        ("field", letter.field),
        ("message", letter.message),
        ("remedy", letter.hint),
        ("topic", f"{letter.topic or '-'}, {where}"),
        ("terminal", letter.terminal or "-"),
        ("bytes", f"{letter.size:,}"),
        *(("header", f"{name!a}: {_readable(value)}") for name, value in letter.record_headers),
        ("record", _readable(letter.raw)),
    ):
        if value:
            click.echo(f"{name:<9} {value}")


def _warn(found: "DeadLetters") -> None:
    """Say on standard error why letters may be missing."""
    for note in found.notes:
        warn(note)


def _readable(raw: bytes | None) -> str:
    """Return bytes as ASCII text in quotes, so that nothing in them reaches the terminal; null without any."""
    return "null" if raw is None else ascii(raw.decode("utf-8", "backslashreplace"))


@dead_letters.command()
@REASON
@TERMINAL
@click.option("--dry-run", is_flag=True, help="Send nothing; say what would be sent.")
@options.fair
@options.bootstrap_servers
def redrive(
    *, reason: str | None, terminal: str | None, dry_run: bool, fair_file: Path | None, bootstrap_servers: str | None
) -> None:
    """Send dead letters again that are valid events by now.

    Today's rules and fair file decide. Events keep their ids, so nothing is counted twice. Dead letters that would be
    refused again stay; those that were sent are marked, and a second redrive leaves them out.
    """
    import asyncio

    from schemas.fair.chosen import chosen_fair
    from schemas.settings import KafkaSettings
    from streams.history.letters import read_letters
    from streams.history.redrive import plan_redrive
    from streams.history.redrive import redrive as send

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    fair = chosen_fair(fair_file)
    found = asyncio.run(read_letters(kafka))
    _warn(found)
    plan = plan_redrive(found, fair, reason, terminal)
    if not dry_run:
        asyncio.run(send(kafka, found, plan))
    click.echo(f"{len(plan.ready):,} {'would be ' if dry_run else ''}redriven, {plan.done:,} were before")
    for (why, today), count in sorted(plan.refused.items()):
        differs = f" (today: {today})" if today != why else ""
        click.echo(f"{count:,} still refused: {why}{differs}")
