"""`fairpulse terminal serve` and `drain`: the commands that send."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from producers.terminal.parts_cli import open_spool, open_terminal
from schemas import options
from schemas.interrupts import run_until_ended

if TYPE_CHECKING:
    from producers.terminal.line import Status

MOVED = (
    "warning: this folder was copied or moved. If the other one still runs, stop it; "
    "then pair again (fairpulse terminal pair)"
)


@click.command()
@click.option(
    "--seconds", type=options.length(example="90s"), help="Give up after this long, 90s or 5m; nothing is lost."
)
@click.pass_obj
def drain(folder: Path | None, seconds: timedelta | None) -> int:
    """Send all waiting events, then return."""
    import asyncio

    from producers.terminal.one_sender import OneSender
    from producers.terminal.paired import Paired
    from producers.terminal.renewal import link_of
    from producers.terminal.sender import Sender
    from producers.terminal.trust import authorities_in
    from schemas.terminal_settings import TerminalSettings

    authorities = authorities_in(TerminalSettings.load().terminal_ca_file)

    def told(status: "Status") -> None:
        if status.problem.message:
            click.echo(f"{status.line.value}: {status.problem}", err=True)

    with open_spool(folder) as spool, OneSender(spool.folder):
        paired = Paired.read(spool)
        if paired.moved:
            click.echo(MOVED, err=True)

        async def send() -> None:
            async with (
                link_of(spool, paired, authorities) as link,
                asyncio.timeout(None if seconds is None else seconds.total_seconds()),
            ):
                pairing = paired.pairing
                sender = Sender(spool, link, lambda: pairing.token, told=told, known_ms=pairing.known_ms)
                await sender.look_up()
                await sender.drain()

        try:
            run_until_ended(send())
        except TimeoutError:
            click.echo(f"time is up; saved here: {spool.totals().pending:,}", err=True)
            return 1
        totals = spool.totals()
        click.echo(f"saved here: 0, sent: {totals.accepted + totals.duplicates:,}, rejected: {totals.rejected:,}")
        return 0


@click.command()
@options.setting("TerminalSettings", "terminal_port", "--port")
@click.pass_obj
def serve(folder: Path | None, terminal_port: int | None) -> int:
    """Show the page of the booth, and send.

    The page is at http://127.0.0.1:PORT, on this machine alone. Ctrl-C ends it; nothing is lost.
    """
    from functools import partial

    from producers.terminal.trust import authorities_in
    from producers.terminal.web import serve_page
    from schemas.badges.key import SET_KEY
    from schemas.logs import log_to_stderr
    from schemas.settings import LogSettings
    from schemas.terminal_settings import TerminalSettings

    settings = TerminalSettings.load(terminal_port=terminal_port)
    authorities = partial(authorities_in, settings.terminal_ca_file)
    authorities()
    log_to_stderr(LogSettings.load(), quiet=("aiohttp", "asyncio"))

    def ready(address: str) -> None:
        click.echo(f"the page of the booth: {address}")

    with open_terminal(folder) as box:
        if not box.own_key and not box.card.badge_register:
            click.echo(f"warning: without a badge key only pseudonyms can be scanned; {SET_KEY}", err=True)
        if box.paired.moved:
            click.echo(MOVED, err=True)
        try:
            run_until_ended(serve_page(box, settings.terminal_port, ready, authorities=authorities))
        except KeyboardInterrupt:
            return 0  # as of every service; 130 and 143 would look like a failure to what starts it
        return 0
