"""`fairpulse terminals`: init, enrol, list, rotate, revoke, badge-key, backup, restore."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from producers.registry.backup_cli import backup, restore
from producers.registry.badge_key_cli import badge_key
from producers.registry.place import FILE, place_of
from schemas import options
from schemas.console import Commands
from schemas.errors import FairpulseError

if TYPE_CHECKING:
    from schemas.api.terminals import Terminal, Token
    from schemas.fair.model import Fair

AFTER_THE_FAIR = timedelta(days=2)
"""How long tokens work after the last day, for terminals that were offline."""

DAYS = click.option(
    "--days",
    type=options.whole(1, 3_650, example="30"),
    help="Days until the token ends. [default: until after the fair]",
)


@click.group(cls=Commands)
def terminals() -> None:
    """Enrol booth terminals, list them, and manage their tokens.

    All gateways share one registry: it is the topic fair.terminals in Kafka, and the file is a copy of it. Without
    FAIRPULSE_TERMINALS_SHARED, the file alone is the registry.
    """


@terminals.command()
@FILE
def init(terminals_file: Path | None) -> None:
    """Make an empty registry file, unless one exists.

    A gateway can then start before the first terminal is enrolled.
    """
    from producers.registry.store import Registry

    Registry(place_of(terminals_file, None).path, create=True).close()


@terminals.command()
@click.argument("terminal_id")
@click.option("--booth", metavar="ID", help="The terminal stands on this booth: booth scans, interactions, deals.")
@click.option("--gate", metavar="ID", help="The terminal stands at this gate: entries and exits.")
@click.option("--hall", metavar="ID", help="The terminal stands at the doors of this hall: zone_in and zone_out.")
@click.option(
    "--desk", is_flag=True, help="The terminal stands at a desk of the organiser: sessions, deals of the whole fair."
)
@click.option("--test", is_flag=True, help="It is for tests: its events are taken and stored, and count nowhere.")
@click.option("--again", is_flag=True, help="Give a known terminal a new token; its old ones end at once.")
@options.fair
@FILE
@options.bootstrap_servers
@DAYS
def enrol(
    *,
    terminal_id: str,
    booth: str | None,
    gate: str | None,
    hall: str | None,
    desk: bool,
    test: bool,
    again: bool,
    fair_file: Path | None,
    terminals_file: Path | None,
    bootstrap_servers: str | None,
    days: int | None,
) -> None:
    """Add a terminal and print its token.

    TERMINAL_ID is its name, for example T-12. The token is shown only now, on standard output.
    """
    from schemas.api.terminals import PlaceKind
    from schemas.fair.chosen import chosen_fair

    places = {PlaceKind.BOOTH: booth, PlaceKind.GATE: gate, PlaceKind.HALL: hall, PlaceKind.DESK: "" if desk else None}
    chosen = [(kind, name) for kind, name in places.items() if name is not None]
    if len(chosen) != 1:
        raise click.UsageError("name exactly one place: --booth, --gate, --hall or --desk")
    fair = chosen_fair(fair_file)
    terminal = _terminal(terminal_id, fair, *chosen[0], test=test)
    now = _now()
    ends = _end_of(fair, now) if days is None else now + timedelta(days=days)
    place = place_of(terminals_file, bootstrap_servers)
    token = place.change("enrol", lambda registry: registry.enrol(terminal, now, ends, again=again), create=True)
    click.echo(f"enrolled as {terminal.source}{', for tests: nothing of it counts' if test else ''}", err=True)
    _show(token, ends)


@terminals.command(name="list")
@FILE
@options.bootstrap_servers
def list_(terminals_file: Path | None, bootstrap_servers: str | None) -> None:
    """List all terminals with their place and tokens."""
    from contextlib import closing

    from producers.registry.store import Registry

    place = place_of(terminals_file, bootstrap_servers)
    place.refresh()
    with closing(Registry(place.path)) as registry:
        for row in registry.list():
            state = "revoked" if row.revoked_at is not None else f"{row.keys} tokens" if row.keys != 1 else "1 token"
            test = "test, " if row.terminal.test else ""
            click.echo(f"{row.terminal.source}  {test}{state}, enrolled {row.enrolled_at:%Y-%m-%d %H:%M} UTC")


@terminals.command()
@click.argument("terminal_id")
@FILE
@options.bootstrap_servers
@DAYS
def rotate(terminal_id: str, terminals_file: Path | None, bootstrap_servers: str | None, days: int | None) -> None:
    """Print a new token for a terminal.

    TERMINAL_ID is its name. The token that it has now goes on working until the next rotation.
    """
    now = _now()
    ends = None if days is None else now + timedelta(days=days)
    place = place_of(terminals_file, bootstrap_servers)
    token = place.change("rotate", lambda registry: registry.rotate(terminal_id, now, ends))
    _show(token, ends)


@terminals.command()
@click.argument("terminal_id")
@FILE
@options.bootstrap_servers
def revoke(terminal_id: str, terminals_file: Path | None, bootstrap_servers: str | None) -> None:
    """End all tokens of a lost terminal.

    TERMINAL_ID is its name. All gateways refuse it within 10 s. Its spool stays, and it may be paired anew.
    """
    place = place_of(terminals_file, bootstrap_servers)
    again = place.change("revoke", lambda registry: registry.again(registry.revoke(terminal_id, _now())))
    click.echo(f"{terminal_id} is revoked; to use it again: {again}", err=True)


for _command in (badge_key, backup, restore):
    terminals.add_command(_command)


def _terminal(terminal_id: str, fair: "Fair", kind: str, place_id: str, *, test: bool) -> "Terminal":
    from pydantic import TypeAdapter, ValidationError

    from schemas.api.terminals import PlaceKind, Terminal
    from schemas.ids import TerminalId
    from schemas.kinds import quoted

    try:
        TypeAdapter(TerminalId).validate_python(terminal_id)
    except ValidationError:
        raise FairpulseError(
            f"TERMINAL_ID: {quoted(terminal_id)} is not a terminal id",
            hint="use 1-64 letters, digits, dots, underscores and hyphens",
        ) from None
    known = {PlaceKind.BOOTH: fair.booths, PlaceKind.GATE: fair.gates, PlaceKind.HALL: fair.halls}
    place = PlaceKind(kind)
    if place in known and place_id not in known[place]:
        raise FairpulseError(
            f"--{place}: {quoted(place_id)} is not a {place} of {fair.fair_id}",
            hint="see the fair file, or name another with --fair",
        )
    return Terminal(terminal_id, fair.fair_id, place, place_id, test)


def _end_of(fair: "Fair", now: datetime) -> datetime | None:
    """Return when tokens of the fair end; None if the fair is over, which is a rehearsal or a replay."""
    ends = fair.days[-1].closes_at + AFTER_THE_FAIR
    return ends if ends > now else None


def _show(token: "Token", ends: datetime | None) -> None:
    until = "never ends" if ends is None else f"ends {ends:%Y-%m-%d %H:%M} UTC"
    click.echo(f"the token is shown only now; it {until}", err=True)
    click.echo(token.text())


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a command at the edge
