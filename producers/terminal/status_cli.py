"""`fairpulse terminal status`: the state of a terminal, for people and for scripts."""

from pathlib import Path

import click

from producers.terminal.parts_cli import open_spool


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status(folder: Path | None, *, as_json: bool) -> None:
    """Show pairing, waiting events, clock, and what is wrong."""
    import asyncio

    from producers.terminal.paired import Paired
    from producers.terminal.status import asked
    from producers.terminal.trust import authorities_in
    from schemas.badges.key import key_fingerprint
    from schemas.terminal_settings import TerminalSettings

    settings = TerminalSettings.load()
    key = settings.pseudonym_key()
    authorities = authorities_in(settings.terminal_ca_file)
    with open_spool(folder) as spool:
        paired = Paired.read(spool)
        report = asyncio.run(asked(spool, paired, authorities, "" if key is None else key_fingerprint(key)))
    click.echo(report.json() if as_json else report.text())
