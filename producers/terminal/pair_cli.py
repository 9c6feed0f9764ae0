"""`fairpulse terminal pair`: who the terminal is, where it sends, whom it trusts, and whether its badge key fits."""

from pathlib import Path

import click

from producers.terminal.parts_cli import open_spool
from schemas import options


@click.command()
@click.option("--server", required=True, metavar="URL", help="Address of the gateway, https://host:port.")
@click.option("--insecure", is_flag=True, help="Allow http:// over a network, which anybody on it can read.")
@options.fair
@click.pass_obj
def pair(folder: Path | None, server: str, fair_file: Path | None, *, insecure: bool) -> None:
    """Tell the terminal who it is, with a token.

    The token is the organiser's, from `fairpulse terminals enrol`. Set the badge key before: it is compared with the
    fair's. Pairing again keeps every event, and a page that is open goes on with the new pairing within seconds.
    """
    import asyncio

    from producers.terminal.asked_token import given_token
    from producers.terminal.card import card_of
    from producers.terminal.gateway_address import given_server
    from producers.terminal.instance import instance_of
    from producers.terminal.link import Link, ServerAnswer
    from producers.terminal.pairing import Pairing, keep, told_by
    from producers.terminal.trouble import of_error
    from producers.terminal.trust import authorities_in
    from schemas.badges.key import key_fingerprint
    from schemas.errors import Unavailable
    from schemas.fair.chosen import chosen_fair
    from schemas.http_reach import NoAnswer
    from schemas.terminal_settings import TerminalSettings
    from schemas.times import wall_ms

    address = given_server("--server", server, insecure=insecure)
    settings = TerminalSettings.load()
    authorities = authorities_in(settings.terminal_ca_file)
    key = settings.pseudonym_key()
    fingerprint = "" if key is None else key_fingerprint(key)
    token = given_token(settings).get_secret_value()

    async def ask(instance: str) -> ServerAnswer:
        async with Link(address, authorities=[authorities], instance=instance) as link:
            return await link.who_am_i(token, fingerprint)

    with open_spool(folder) as spool:
        before = Pairing.load(spool)
        try:
            answer = asyncio.run(ask(instance_of(spool)))
        except NoAnswer as error:
            trouble = of_error(error, wall_ms(), 0 if before is None else before.known_ms)
            raise Unavailable(trouble.message, hint=trouble.hint) from None
        pairing = told_by(answer, address, token, authorities=authorities, badge_key=fingerprint)
        card = card_of(chosen_fair(fair_file), pairing.place, pairing.place_id)
        keep(spool, pairing, card)
        click.echo(f"paired: {pairing.terminal_id} at {card.title}, {card.fair_name}")
        if fingerprint:
            click.echo(f"badge key: {fingerprint}, as on the other terminals of the fair")
        elif card.badge_register:
            click.echo("badge key: none needed, the gateway takes the codes of badges")
        elif pairing.badge_key:
            click.echo(f"warning: the fair has a badge key ({pairing.badge_key}), and this terminal has none", err=True)
