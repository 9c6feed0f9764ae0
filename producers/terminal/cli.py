"""Command line of the booth terminal: its commands in one place, and the two that save a scan or an interaction."""

from pathlib import Path
from typing import Final

import click

from producers.terminal.deal_cli import deal
from producers.terminal.drawer_cli import drawer
from producers.terminal.meeting_cli import meeting
from producers.terminal.pair_cli import pair
from producers.terminal.parts_cli import ID, choice, open_terminal, say, words
from producers.terminal.repair_cli import repair
from producers.terminal.send_cli import drain, serve
from producers.terminal.status_cli import status
from producers.terminal.undo_cli import undo
from schemas import options
from schemas.codes import BadgeRole, DenyReason, InteractionKind, ScanKind, ScanResult, SourceType
from schemas.console import Commands
from schemas.errors import InvalidEvent, InvalidSettings

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


@click.command()
@click.argument("badge", required=False)
@click.option(
    "--kind",
    type=choice(ScanKind),
    metavar="KIND",
    help=f"Kind of scan: {words(ScanKind)}. [default: what the place scans]",
)
@click.option(
    "--role",
    type=choice(BadgeRole),
    metavar="ROLE",
    help=f"Who the visitor is: {words(BadgeRole)}. Not at a fair with a register of badges. "
    "[default: visitor_professional]",
)
@click.option(
    "--source",
    type=choice(SourceType),
    metavar="SOURCE",
    help=f"What read the badge: {words(SourceType)}. [default: manual for BADGE, qr for standard input]",
)
@click.option("--denied", is_flag=True, help="The person was turned away, at a gate or a hall door.")
@click.option("--reason", type=choice(DenyReason), metavar="REASON", help=f"Why, with --denied: {words(DenyReason)}.")
@click.option("--forced", is_flag=True, help="The person was let in after a denial.")
@click.option("--anonymous", is_flag=True, help="Keep no badge: for a visitor who does not want to be tracked.")
@ID
@click.pass_obj
def scan(
    folder: Path | None,
    badge: str | None,
    kind: str | None,
    role: str | None,
    source: str | None,
    reason: str | None,
    event_id: str | None,
    *,
    denied: bool,
    forced: bool,
    anonymous: bool,
) -> None:
    """Save the scan of a badge.

    BADGE is the code, typed by hand. Without it, codes are read from standard input, one per line, as a scanner types
    them. A badge that is read again within 3 seconds counts once: `again` instead of `saved`, with the number and id
    of its scan.
    """
    from producers.terminal.scanned_lines import lines_from

    if badge is not None and anonymous:
        raise InvalidSettings("BADGE and --anonymous do not go together", hint="leave one of them out")
    if badge is None and not anonymous and event_id is not None:
        raise InvalidSettings("--id is for one scan, and standard input has many", hint="give BADGE, or leave --id out")
    with open_terminal(folder) as box:
        usual = SourceType.QR if badge is None else SourceType.MANUAL

        def one(code: str | None, name: str | None = None) -> None:
            saved = box.scan(
                code,
                kind=None if kind is None else ScanKind(kind),
                role=None if role is None else BadgeRole(role),
                read_by=usual if source is None else SourceType(source),
                result=ScanResult.DENIED if denied else ScanResult.ACCEPTED,
                reason=None if reason is None else DenyReason(reason),
                forced=forced,
                event_id=name,
            )
            say(saved)

        if badge is not None or anonymous:
            one(badge, event_id)
            return
        for number, line in lines_from(click.get_binary_stream("stdin")):
            try:
                if isinstance(line, InvalidEvent):
                    raise line
                one(line)
            except InvalidEvent as error:
                # One bad scan must not end the scanning.
                click.echo(f"line {number}: not saved: {error}", err=True)


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
@click.option("--rating", type=options.whole(0, 5, example="4"), help="What the visitor thinks of it, 0 to 5.")
@ID
@click.pass_obj
def interact(
    folder: Path | None,
    exhibit: str,
    kind: str,
    badge: str | None,
    source: str,
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
                rating=rating,
                event_id=event_id,
            )
        )


for command in (pair, serve, status, drawer, repair, scan, interact, meeting, undo, deal, drain):
    terminal.add_command(command)
