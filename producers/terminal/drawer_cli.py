"""`fairpulse terminal drawer`: look at refused events, send them again, or take them out to a file."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from producers.terminal.parts_cli import open_spool
from schemas import options
from schemas.console import Commands
from schemas.errors import InvalidSettings

if TYPE_CHECKING:
    from producers.terminal.drawer import RefusedEvent
    from producers.terminal.spool import Spool

NUMBERS = click.argument("numbers", nargs=-1, metavar="[NUMBER]...", type=options.whole(1, example="12"))


@click.group(cls=Commands)
def drawer() -> None:
    """Show refused events, send them again, or export them.

    The gateway has refused these events as they are. They stay in the drawer until somebody sends them again or
    exports them. Events that a corrected fair file may have mended are sent again by themselves.
    """


@drawer.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per event.")
@click.pass_obj
def show(folder: Path | None, *, as_json: bool) -> None:
    """Show number, time, kind and reason of each event."""
    from producers.terminal.drawer import entries

    with open_spool(folder) as spool:
        found = entries(spool)
    if as_json:
        for one in found:
            click.echo(json.dumps(asdict(one), ensure_ascii=False))
        return
    if not found:
        click.echo("the drawer is empty")
        return
    for one in found:
        click.echo(_line(one))
    click.echo(
        f"{_events(len(found))} in the drawer; next: `fairpulse terminal drawer send` sends them again, "
        "`fairpulse terminal drawer export FILE` takes them out to a file"
    )


@drawer.command()
@NUMBERS
@click.option("--reason", metavar="REASON", help="Send those with this reason, such as unknown_place.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Take back the events of a file that this terminal exported, and send them.",
)
@click.pass_obj
def send(folder: Path | None, numbers: tuple[int, ...], reason: str | None, file: Path | None) -> int:
    """Send refused events again.

    Each NUMBER is one of the list; without any, all events of the drawer are sent. They keep id, number and content.
    """
    from producers.terminal.drawer import send_again, send_again_for

    if sum((bool(numbers), reason is not None, file is not None)) > 1:
        raise InvalidSettings("numbers, --reason and --file do not go together", hint="give one of them")
    with open_spool(folder) as spool:
        if file is not None:
            return _take_back(spool, file)
        if reason is not None:
            count = send_again_for(spool, (reason,))
        else:
            _check_in(spool, numbers)
            count = send_again(spool, numbers or None)
    click.echo(_waiting(count) if count else "nothing to send: the drawer has no such event")
    return 0


@drawer.command()
@click.argument("file", type=click.Path(path_type=Path))
@NUMBERS
@click.pass_obj
def export(folder: Path | None, file: Path, numbers: tuple[int, ...]) -> None:
    """Take refused events out of the drawer, to a file.

    FILE must be new. It gets one event per line: those with a NUMBER of the list, or all.
    """
    from producers.terminal.drawer_file import export_to

    with open_spool(folder) as spool:
        _check_in(spool, numbers)
        count = export_to(spool, file, numbers or None)
    if not count:
        click.echo("the drawer is empty; no file was written")
        return
    click.echo(
        f"{_events(count)} moved to {file}; next: give the file to the organiser, "
        f"or take them back with `fairpulse terminal drawer send --file {file}`"
    )


def _take_back(spool: "Spool", file: Path) -> int:
    from producers.terminal.drawer_file import take_back

    found = take_back(spool, file)
    for number, why in found.wrong.items():
        click.echo(f"line {number}: not taken back: {why}", err=True)
    if found.here:
        click.echo(f"{_events(found.here)} of the file still here or already sent")
    click.echo(_waiting(found.waiting))
    return 1 if found.wrong else 0


def _check_in(spool: "Spool", numbers: tuple[int, ...]) -> None:
    """Refuse numbers that are not in the drawer before anything is changed."""
    from producers.terminal.drawer import entries

    missing = sorted(set(numbers) - {one.number for one in entries(spool)}) if numbers else []
    if missing:
        raise InvalidSettings(
            f"not in the drawer: {', '.join(map(str, missing))}",
            hint="`fairpulse terminal drawer list` has the numbers",
        )


def _line(one: "RefusedEvent") -> str:
    more = f"; mended when {one.mended_when}" if one.mended_when else ""
    return f"{one.number}  {one.saved_at}  {one.kind}  {one.words} ({one.reason}){more}"


def _waiting(count: int) -> str:
    return f"{_events(count)} waiting again; next: `fairpulse terminal drain` sends now, `serve` by itself"


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"
