"""Command line of the booth terminal: pair, scan, interact, deal, status, drain, export-rejected, serve."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas import options
from schemas.codes import BadgeRole, DealStage, InteractionKind, OutcomeKind, ScanKind
from schemas.console import INTERRUPTED, Commands
from schemas.errors import InvalidEvent

if TYPE_CHECKING:
    from pydantic import SecretStr

    from producers.terminal.spool import Saved, Spool
    from producers.terminal.terminal import BoothTerminal


def _words(codes: Iterable[str]) -> str:
    return ", ".join(map(str, codes))


def _choice(codes: Iterable[str]) -> click.Choice[str]:
    return click.Choice([str(one) for one in codes])


def _code(flag: str, codes: Iterable[str], metavar: str, text: str, default: str) -> options.Option:
    """Return an option that takes one word of a closed list; its help names them all."""
    help_text = f"{text}: {_words(codes)}."
    return click.option(flag, type=_choice(codes), default=default, show_default=True, metavar=metavar, help=help_text)


ID = click.option(
    "--id",
    "event_id",
    metavar="UUID",
    help="Id of the event; the same id again is the same event. [default: a new one]",
)


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

    with _spool(folder) as spool:
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
    type=_choice(ScanKind),
    metavar="KIND",
    help=f"Kind of scan: {_words(ScanKind)}. [default: what the place scans]",
)
@_code("--role", BadgeRole, "ROLE", "Who the visitor is", "visitor_professional")
@click.option("--anonymous", is_flag=True, help="Keep no badge: for a visitor who does not want to be tracked.")
@ID
@click.pass_obj
def scan(
    folder: Path | None, badge: str | None, kind: str | None, role: str, event_id: str | None, *, anonymous: bool
) -> None:
    """Save the scan of a badge.

    BADGE is the code. Without it, codes are read from standard input, one per line, as a scanner types them.
    """
    with _terminal(folder) as box:
        chosen = None if kind is None else ScanKind(kind)

        def one(code: str | None, name: str | None = None) -> None:
            _say(box.scan(code, kind=chosen, role=BadgeRole(role), event_id=name))

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

    EXHIBIT is its id in the fair file. KIND is one of {_words(InteractionKind)}.
    """
)
@click.argument("exhibit")
@click.argument("kind", metavar="KIND", type=_choice(InteractionKind))
@click.option("--badge", metavar="CODE", help="Badge of the visitor; without it, the interaction is anonymous.")
@click.option("--rating", type=options.whole(0, 5, example="4"), help="What the visitor thinks of it, 0 to 5.")
@ID
@click.pass_obj
def interact(
    folder: Path | None, exhibit: str, kind: str, badge: str | None, rating: int | None, event_id: str | None
) -> None:
    """Save an interaction; the help text is above, with all kinds."""
    with _terminal(folder) as box:
        _say(box.interact(exhibit, InteractionKind(kind), badge=badge, rating=rating, event_id=event_id))


@terminal.command()
@click.option("--partner", required=True, metavar="ID", help="Organisation id of the other side.")
@click.option("--country", required=True, metavar="CODE", help="Country of the other side, two letters such as DE.")
@_code("--stage", DealStage, "STAGE", "How far the deal is", "contract")
@_code("--outcome", OutcomeKind, "KIND", "What was agreed", "transaction")
@click.option("--amount", default="", help="Value of the deal, 1250000.00; leave it out if it is undisclosed.")
@click.option("--currency", metavar="CODE", default="", help="Currency of the amount, three letters such as EUR.")
@click.option("--section", metavar="ID", default="", help="Section of the fair. [default: that of the booth]")
@click.option("--yes", is_flag=True, help="Save without asking.")
@ID
@click.pass_obj
def deal(
    folder: Path | None,
    partner: str,
    country: str,
    stage: str,
    outcome: str,
    amount: str,
    currency: str,
    section: str,
    event_id: str | None,
    *,
    yes: bool,
) -> None:
    """Show a deal, ask, and save it."""
    from producers.terminal.deal_form import DealForm

    form = DealForm(
        partner=partner,
        country=country,
        stage=DealStage(stage),
        outcome=OutcomeKind(outcome),
        amount=amount,
        currency=currency,
        section=section,
    )
    with _terminal(folder) as box:
        box.check_deal(form)
        value = f"{amount} {currency}" if amount else "undisclosed"
        click.echo(f"{outcome} {stage} with {partner} ({country}), value {value}", err=True)
        if not yes:
            click.confirm("Sign it?", abort=True, err=True)
        _say(box.deal(form, event_id=event_id))


@terminal.command()
@click.pass_obj
def status(folder: Path | None) -> None:
    """Show pairing, waiting events and clock."""
    import asyncio

    from producers.terminal.status import report

    with _terminal(folder) as box:
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
    from producers.terminal.pairing import Pairing
    from producers.terminal.sender import OneSender, Sender

    with _terminal(folder) as box, OneSender(box.spool.folder):
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


@terminal.command("export-rejected")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def export(folder: Path | None, file: Path) -> None:
    """Write the rejected events to a file.

    FILE must be new. It gets one event per line, and the drawer of rejected events is then empty.
    """
    from producers.terminal.drawer import export_rejected

    with _spool(folder) as spool:
        count = export_rejected(spool, file)
        click.echo(f"{count:,} events in {file}" if count else "the drawer is empty; no file was written")


@terminal.command()
@options.setting("TerminalSettings", "terminal_port", "--port")
@click.pass_obj
def serve(folder: Path | None, terminal_port: int | None) -> int:
    """Show the page of the booth, and send.

    The page is at http://127.0.0.1:PORT, on this machine alone. Ctrl-C ends it; nothing is lost.
    """
    import asyncio

    from producers.terminal.badge import SET_KEY
    from producers.terminal.web import serve_page
    from schemas.logs import log_to_stderr
    from schemas.settings import LogSettings, TerminalSettings

    settings = TerminalSettings.load(terminal_port=terminal_port)
    port = settings.terminal_port
    log_to_stderr(LogSettings.load(), quiet=("aiohttp", "asyncio"))

    def ready(address: str) -> None:
        click.echo(f"the page of the booth: {address}")

    with _terminal(folder) as box:
        if settings.badge_key is None:
            click.echo(f"warning: without a badge key only pseudonyms can be scanned; {SET_KEY}", err=True)
        try:
            asyncio.run(serve_page(box, port, ready))
        except KeyboardInterrupt:
            return INTERRUPTED
        return 0


@contextmanager
def _spool(folder: Path | None) -> "Iterator[Spool]":
    from producers.terminal.spool import Spool
    from schemas.settings import TerminalSettings

    settings = TerminalSettings.load(terminal_folder=folder)
    spool = Spool(settings.terminal_folder.expanduser(), cap_bytes=settings.terminal_spool_bytes)
    try:
        yield spool
    finally:
        spool.close()


@contextmanager
def _terminal(folder: Path | None) -> "Iterator[BoothTerminal]":
    from producers.terminal.terminal import BoothTerminal
    from schemas.settings import TerminalSettings

    key = TerminalSettings.load().badge_key
    with _spool(folder) as spool:
        yield BoothTerminal(spool, badge_key=None if key is None else key.get_secret_value().encode())


def _say(saved: "Saved") -> None:
    """Print that an event is safe, at once: its reader may pull the plug."""
    click.echo(f"saved {saved.seq} {saved.event_id}")
