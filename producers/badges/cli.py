"""`fairpulse badges`: import, check, show, replace, erase."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from producers.badges.import_cli import check, import_
from producers.badges.place import place_of
from schemas import options
from schemas.console import Commands
from schemas.errors import InvalidSettings

if TYPE_CHECKING:
    from producers.badges.desk import Found

CODE = click.argument("code", required=False)
PERSON = click.option(
    "--person", metavar="NUMBER", help="The person's number in the registration system; - reads it as CODE."
)
HIDDEN: Final = "-"
"""Stands for a line of standard input: other users see the words of a command, and the shell keeps them."""


@click.group(cls=Commands)
def badges() -> None:
    """Fill the register of badges, and look into it.

    The register says who a person is, and which badges the person wears. It is in Kafka, and holds no name, no number
    of a person and no printed code. All commands need the fair's badge key, FAIRPULSE_BADGE_KEY.
    """


for _command in (import_, check):
    badges.add_command(_command)


@badges.command()
@CODE
@PERSON
@options.fair
@options.bootstrap_servers
def show(*, code: str | None, person: str | None, fair_file: Path | None, bootstrap_servers: str | None) -> None:
    """Show what the register says of a person.

    CODE is one on a badge of the person, in force or not. --person takes the place of it. With - for CODE, it is read
    from standard input: no other user of the computer sees it, and the shell does not keep it.
    """
    from producers.badges.desk import look_up

    _one_of(code, person)
    code, person = _typed("Code", code), _typed("Number", person)
    found = asyncio.run(look_up(place_of(fair_file, bootstrap_servers), code=code, number=person))
    for name, value in _facts(found).items():
        click.echo(f"{name:<10} {value}")


@badges.command()
@click.argument("old")
@click.argument("new")
@options.fair
@options.bootstrap_servers
def replace(*, old: str, new: str, fair_file: Path | None, bootstrap_servers: str | None) -> None:
    """Register a reprinted badge.

    OLD is the code of the lost badge, and NEW that of the new one. Both mean the same person; gates turn OLD away.
    With - for a code, it is read from a line of standard input.
    """
    from producers.badges.desk import reprint

    place = place_of(fair_file, bootstrap_servers)
    found = asyncio.run(reprint(place, _typed("Old code", old) or "", _typed("New code", new) or ""))
    click.echo(f"replaced: {_codes(found)}; gates turn the old badge away")


@badges.command()
@CODE
@PERSON
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.fair
@options.bootstrap_servers
def erase(
    *, code: str | None, person: str | None, yes: bool, fair_file: Path | None, bootstrap_servers: str | None
) -> None:
    """Erase a person from the register.

    CODE is one on a badge of the person; --person takes the place of it. With - for CODE, it is read from standard
    input. All codes go, so no badge leads to the person any more. The reference, the role and the country stay, and
    with them all counts.
    """
    from producers.badges.desk import erase as erase_found
    from producers.badges.desk import look_up

    _one_of(code, person)
    place = place_of(fair_file, bootstrap_servers)
    code, person = _typed("Code", code), _typed("Number", person)
    found = asyncio.run(look_up(place, code=code, number=person))
    for name, value in _facts(found).items():
        click.echo(f"{name:<10} {value}", err=True)
    if not yes and not (sys.stdin.isatty() and click.confirm("Erase this person?", err=True)):
        raise InvalidSettings("nothing was erased", hint="answer with y on a terminal, or give --yes")
    asyncio.run(erase_found(place, found, datetime.now(UTC)))  # noqa: TID251 - a command at the edge
    click.echo(f"gone: {_codes(found)}; Kafka removes their old records when it compacts the topic, in about a day")
    click.echo("stays: the reference, the role, the country, and all counts")
    click.echo("stays: a mark for each code without the person, so that nobody gets the code again")
    click.echo(
        "stays: events that waited for the codes, with terminal and event id, until the topic fair.unresolved is "
        "deleted; refused ones in fair.rejected until they expire; recordings and backups keep what was in them"
    )
    click.echo("an import leaves this person out from now on, unless it is given --again")


def _one_of(code: str | None, person: str | None) -> None:
    if (code is None) == (person is None):
        raise click.UsageError("give either CODE or --person")


def _typed(what: str, value: str | None) -> str | None:
    """Return a value, or the next line of standard input in place of `HIDDEN`."""
    if value != HIDDEN:
        return value
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    if not (line := sys.stdin.readline().strip()):
        raise InvalidSettings(f"standard input has no line for {HIDDEN}", hint="write each code on a line of its own")
    return line


def _codes(found: "Found") -> str:
    return f"codes: {len(found.worn.codes)} in force, {len(found.worn.replaced)} replaced"


def _facts(found: "Found") -> dict[str, str]:
    """Return what may be shown of a person: never a code."""
    said = found.registration
    facts = {"person": found.person, "codes": _codes(found).removeprefix("codes: ")}
    if found.code is not None:
        facts["this code"] = "replaced" if found.is_replaced else "in force"
    if said is None:
        return facts | {"role": "not registered; import the person again"}
    facts |= {"role": said.role, "country": said.country or "unknown", "revision": str(said.revision)}
    if said.exhibitor:
        facts["exhibitor"] = said.exhibitor
    facts["consent"] = "yes" if said.consent else "no"
    if said.denied:
        facts["denied"] = said.denied
    if said.erased:
        facts["erased"] = "yes"
    return facts
