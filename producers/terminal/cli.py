"""Command line of the booth terminal: its commands in one place, and the one that saves an interaction."""

from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from producers.terminal.deal_cli import deal
from producers.terminal.drawer_cli import drawer
from producers.terminal.meeting_cli import meeting
from producers.terminal.pair_cli import pair
from producers.terminal.parts_cli import ID, checked_id, choice, open_terminal, say, words
from producers.terminal.repair_cli import repair
from producers.terminal.scan_cli import scan
from producers.terminal.send_cli import drain, serve
from producers.terminal.status_cli import status
from producers.terminal.undo_cli import undo
from schemas import options
from schemas.codes import InteractionKind, SourceType
from schemas.console import Commands

READERS: Final = tuple(one for one in SourceType if one is not SourceType.BLE_ROLLUP)
"""The devices that read a badge at an exhibit: a beacon does not see what somebody does there."""


@click.group(cls=Commands)
@options.setting("TerminalSettings", "terminal_folder", "--folder")
@click.pass_context
def terminal(ctx: click.Context, terminal_folder: Path | None) -> None:
    """Be a booth terminal: save events first, then send them.

    Pair the terminal once. Then `serve` shows the page of the booth, and sends. Events are kept on the terminal's own
    disk until the gateway has them. `status`, `drawer` and `repair` are for the person who looks after the terminal,
    the other commands for scripts.
    """
    ctx.obj = terminal_folder


@click.command(
    help=f"""Save what a visitor did at an exhibit.

    EXHIBIT is its id in the fair file. KIND is one of {words(InteractionKind)}.
    """
)
@click.argument("exhibit")
@click.argument("kind", metavar="KIND", type=choice(InteractionKind))
@click.option("--badge", metavar="CODE", help="Badge of the visitor; without it, the interaction is anonymous.")
@click.option(
    "--source",
    type=choice(READERS),
    default=SourceType.MANUAL.value,
    show_default=True,
    metavar="SOURCE",
    help=f"What read the badge: {words(READERS)}.",
)
@click.option(
    "--session",
    "session_id",
    callback=checked_id,
    metavar="UUID",
    help="Id that all interactions of a visitor's session at the exhibit share, such as its start and its end.",
)
@click.option(
    "--duration",
    type=options.length(most=timedelta(days=1), example="90s"),
    help="How long it took, in seconds or as 90s, 5m or 1h30m.",
)
@click.option("--rating", type=options.whole(0, 5, example="4"), help="What the visitor thinks of it, 0 to 5.")
@ID
@click.pass_obj
def interact(
    folder: Path | None,
    exhibit: str,
    kind: str,
    badge: str | None,
    source: str,
    session_id: str | None,
    duration: timedelta | None,
    rating: int | None,
    event_id: str | None,
) -> None:
    """Save an interaction; the help text is above, with all kinds."""
    with open_terminal(folder) as box:
        say(
            box.interact(
                exhibit,
                InteractionKind(kind),
                badge=badge,
                read_by=SourceType(source),
                session_id=session_id,
                duration=duration,
                rating=rating,
                event_id=event_id,
            )
        )


for command in (pair, serve, status, drawer, repair, scan, interact, meeting, undo, deal, drain):
    terminal.add_command(command)
