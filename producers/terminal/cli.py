"""Command line of the booth terminal: pair, scan, interact, deal, status, drain, drawer, serve."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from producers.terminal.deal_cli import deal
from producers.terminal.drawer_cli import drawer
from producers.terminal.parts_cli import ID, choice, code_option, open_spool, open_terminal, say, words
from schemas import options
from schemas.codes import BadgeRole, InteractionKind, ScanKind
from schemas.console import INTERRUPTED, Commands
from schemas.errors import InvalidEvent

if TYPE_CHECKING:
    from pydantic import SecretStr


@click.group(cls=Commands)
@options.setting("TerminalSettings", "terminal_folder", "--folder")
@click.pass_context
def terminal(ctx: click.Context, terminal_folder: Path | None) -> None:
    """Be a booth terminal: save events first, then send them.

    Pair the terminal once. Then `serve` shows the page for the booth, and sends. The other commands are for scripts.
    Events are kept on the terminal's own disk until the gateway has them.
    """
    ctx.obj = terminal_folder


@terminal.command()
@click.option("--server", required=True, metavar="URL", help="Address of the gateway, https://host:port.")
@click.option("--insecure", is_flag=True, help="Allow http:// over a network, which anybody on it can read.")
@options.fair
@click.pass_obj
def pair(folder: Path | None, server: str, fair_file: Path | None, *, insecure: bool) -> None:
    """Tell the terminal who it is, with a token.

    The token is the organiser's, from `fairpulse terminals enrol`. Pairing again with a new token keeps every event.
    """
    import asyncio

    from producers.terminal.card import card_of
    from producers.terminal.link import Link, ServerAnswer
    from producers.terminal.pairing import given_server, keep, told_by
    from schemas.fair.chosen import chosen_fair
    from schemas.settings import TerminalSettings

    address = given_server("--server", server, insecure=insecure)
    given = TerminalSettings.load().terminal_token
    if given is None:
        given = _asked_token()
    token = given.get_secret_value()

    async def ask() -> ServerAnswer:
        async with Link(address) as link:
            return await link.who_am_i(token)

    with open_spool(folder) as spool:
        pairing = told_by(asyncio.run(ask()), address, token)
        card = card_of(chosen_fair(fair_file), pairing.place, pairing.place_id)
        keep(spool, pairing, card)
        click.echo(f"paired: {pairing.terminal_id} at {card.title}, {card.fair_name}")


def _asked_token() -> "SecretStr":
    """Return the token that a person types, which is not shown."""
    from schemas.errors import InvalidSettings
    from schemas.kinds import BadValue
    from schemas.settings import TerminalSettings

    typed = click.prompt("Token", hide_input=True, err=True).strip()
    try:
        token: SecretStr = TerminalSettings.check("terminal_token", typed)
    except BadValue as error:
        raise InvalidSettings(f"token: what was typed {error.wrong}", hint=error.instead) from None
    return token


@terminal.command()
@click.argument("badge", required=False)
@click.option(
    "--kind",
    type=choice(ScanKind),
    metavar="KIND",
    help=f"Kind of scan: {words(ScanKind)}. [default: what the place scans]",
)
@code_option("--role", BadgeRole, "ROLE", "Who the visitor is", "visitor_professional")
@click.option("--anonymous", is_flag=True, help="Keep no badge: for a visitor who does not want to be tracked.")
@ID
@click.pass_obj
def scan(
    folder: Path | None, badge: str | None, kind: str | None, role: str, event_id: str | None, *, anonymous: bool
) -> None:
    """Save the scan of a badge.

    BADGE is the code. Without it, codes are read from standard input, one per line, as a scanner types them.
    """
    with open_terminal(folder) as box:
        chosen = None if kind is None else ScanKind(kind)

        def one(code: str | None, name: str | None = None) -> None:
            say(box.scan(code, kind=chosen, role=BadgeRole(role), event_id=name))

        if badge is not None or anonymous:
            one(badge, event_id)
            return
        for line in click.get_text_stream("stdin"):
            if line.strip():
                try:
                    one(line)
                except InvalidEvent as error:
                    # One bad scan must not end the scanning.
                    click.echo(f"not saved: {error}", err=True)


@terminal.command(
    help=f"""Save what a visitor did at an exhibit.

    EXHIBIT is its id in the fair file. KIND is one of {words(InteractionKind)}.
    """
)
@click.argument("exhibit")
@click.argument("kind", metavar="KIND", type=choice(InteractionKind))
@click.option("--badge", metavar="CODE", help="Badge of the visitor; without it, the interaction is anonymous.")
@click.option("--rating", type=options.whole(0, 5, example="4"), help="What the visitor thinks of it, 0 to 5.")
@ID
@click.pass_obj
def interact(
    folder: Path | None, exhibit: str, kind: str, badge: str | None, rating: int | None, event_id: str | None
) -> None:
    """Save an interaction; the help text is above, with all kinds."""
    with open_terminal(folder) as box:
        say(box.interact(exhibit, InteractionKind(kind), badge=badge, rating=rating, event_id=event_id))


terminal.add_command(deal)
terminal.add_command(drawer)


@terminal.command()
@click.pass_obj
def status(folder: Path | None) -> None:
    """Show pairing, waiting events and clock."""
    import asyncio

    from producers.terminal.status import report

    with open_terminal(folder) as box:
        click.echo(asyncio.run(report(box)))


@terminal.command()
@click.option(
    "--seconds", type=options.length(example="90s"), help="Give up after this long, 90s or 5m; nothing is lost."
)
@click.pass_obj
def drain(folder: Path | None, seconds: timedelta | None) -> int:
    """Send all waiting events, then return."""
    import asyncio

    from producers.terminal.link import Link
    from producers.terminal.one_sender import OneSender
    from producers.terminal.pairing import Pairing
    from producers.terminal.sender import Sender

    with open_terminal(folder) as box, OneSender(box.spool.folder):
        pairing = Pairing.load(box.spool)
        assert pairing is not None

        trouble = ""

        async def send() -> None:
            nonlocal trouble
            async with (
                Link(pairing.server) as link,
                asyncio.timeout(None if seconds is None else seconds.total_seconds()),
            ):
                sender = Sender(box.spool, link, lambda: pairing.token)
                try:
                    await sender.look_up()
                    await sender.drain()
                finally:
                    trouble = sender.status.trouble

        try:
            asyncio.run(send())
        except TimeoutError:
            why = f" ({trouble})" if trouble else ""
            click.echo(f"time is up{why}; saved here: {box.spool.totals().pending:,}", err=True)
            return 1
        totals = box.spool.totals()
        click.echo(f"saved here: 0, sent: {totals.accepted + totals.duplicates:,}, rejected: {totals.rejected:,}")
        return 0


@terminal.command()
@options.setting("TerminalSettings", "terminal_port", "--port")
@click.pass_obj
def serve(folder: Path | None, terminal_port: int | None) -> int:
    """Show the page of the booth, and send.

    The page is at http://127.0.0.1:PORT, on this machine alone. Ctrl-C ends it; nothing is lost.
    """
    import asyncio

    from producers.terminal.web import serve_page
    from schemas.badges.key import SET_KEY
    from schemas.logs import log_to_stderr
    from schemas.settings import LogSettings, TerminalSettings

    settings = TerminalSettings.load(terminal_port=terminal_port)
    port = settings.terminal_port
    log_to_stderr(LogSettings.load(), quiet=("aiohttp", "asyncio"))

    def ready(address: str) -> None:
        click.echo(f"the page of the booth: {address}")

    with open_terminal(folder) as box:
        if settings.pseudonym_key() is None:
            click.echo(f"warning: without a badge key only pseudonyms can be scanned; {SET_KEY}", err=True)
        try:
            asyncio.run(serve_page(box, port, ready))
        except KeyboardInterrupt:
            return INTERRUPTED
        return 0
