"""`fairpulse badges import` and `check`: the file of the registration system, and the register."""

import asyncio
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from producers.badges.place import RegisterPlace, Teller, place_of
from schemas import options
from schemas.errors import FairpulseError

if TYPE_CHECKING:
    from producers.badges.importing import FilePlan

SHOWN: Final = 50
"""Problems that are printed; of the others only the number is."""

AGAIN = click.option(
    "--again", is_flag=True, help="Register again all persons of FILE who were erased; each needs a new code."
)
FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command(name="import")
@FILE
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--skip-bad", is_flag=True, help="Import the good lines, and leave out those with a fault.")
@AGAIN
@options.fair
@options.bootstrap_servers
def import_(
    *, file: Path, dry_run: bool, skip_bad: bool, again: bool, fair_file: Path | None, bootstrap_servers: str | None
) -> None:
    """Take persons from the registration system.

    FILE is CSV or JSON lines in UTF-8. Its columns are person, role, class, country, exhibitor, consent, denied, codes,
    test and revision; person and role are needed.

    Lines that say what the register has write nothing, so the whole file may be imported again at any time.
    """
    with _keeping_all():
        _import(file, place_of(fair_file, bootstrap_servers), dry_run=dry_run, skip_bad=skip_bad, again=again)


def _import(file: Path, place: RegisterPlace, *, dry_run: bool, skip_bad: bool, again: bool) -> None:
    from producers.badges.importing import planned, write

    tell = Teller()
    plan = asyncio.run(planned(place, file, tell, again=again))
    _show_problems(plan)
    if plan.refused and not skip_bad:
        raise FairpulseError(
            f"nothing was imported: {plan.refused:,} of {plan.lines:,} lines are refused",
            hint="correct them, or import the other lines with --skip-bad",
        )
    if dry_run:
        click.echo(f"would be: {counted(plan)}; nothing was written")
        return
    told, refused = len(plan.problems), plan.refused
    waited = asyncio.run(write(place, plan, lambda: datetime.now(UTC), tell))  # noqa: TID251 - a command at the edge
    _show_problems(plan, told)
    click.echo(counted(plan))
    if waited:
        events = "1 event" if waited == 1 else f"{waited:,} events"
        click.echo(f"{events} waited for codes that are registered now; a running gateway releases them")
    if late := plan.refused - refused:
        raise FairpulseError(
            f"{late:,} lines were refused, because the register changed during the import",
            hint="correct them, and import the file again",
        )


@click.command()
@FILE
@AGAIN
@options.fair
@options.bootstrap_servers
def check(*, file: Path, again: bool, fair_file: Path | None, bootstrap_servers: str | None) -> None:
    """Compare a file with the register.

    It says what an import of FILE would do, how many registered persons FILE does not name, and which persons have one
    code together. The exit code is 1 if the two differ, or two persons have one code. A person who was erased may be
    in FILE.
    """
    from producers.badges.change import Effect
    from producers.badges.importing import planned

    with _keeping_all():
        plan = asyncio.run(planned(place_of(fair_file, bootstrap_servers), file, Teller(), again=again))
    _show_problems(plan)
    click.echo(f"an import would be: {counted(plan)}")
    missing = plan.missing.total()
    by_role = ", ".join(f"{role} {count:,}" for role, count in sorted(plan.missing.items()))
    click.echo(f"in the register and not in the file: {missing:,}" + (f" ({by_role})" if missing else ""))
    click.echo(f"codes that several persons have: {len(plan.clashes):,}")
    for persons in plan.clashes[:SHOWN]:
        click.echo(f"  {persons}; the first one has it")
    if (more := len(plan.clashes) - SHOWN) > 0:
        click.echo(f"  and {more:,} more")
    differ = plan.changes or plan.refused or plan.counts[Effect.OLDER] or missing
    sys.exit(1 if differ or plan.clashes else 0)


@contextmanager
def _keeping_all() -> Iterator[None]:
    """Do not look for garbage in a block: it makes none, and looking takes a sixth of the time of a large file."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def counted(plan: "FilePlan") -> str:
    """Return how many lines do what."""
    from producers.badges.change import Effect

    rare = (Effect.OLDER, Effect.ERASED)
    words = [
        f"{kind} {plan.counts[kind]:,}" + (" (left out)" if kind is Effect.ERASED else "")
        for kind in Effect
        if plan.counts[kind] or kind not in rare
    ]
    return ", ".join([*words, f"refused {plan.refused:,}"])


def _show_problems(plan: "FilePlan", begin: int = 0) -> None:
    for problem in plan.problems[begin : begin + SHOWN]:
        click.echo(str(problem), err=True)
    if (more := len(plan.problems) - begin - SHOWN) > 0:
        click.echo(f"and {more:,} more", err=True)
