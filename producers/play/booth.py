"""One real booth terminal in a simulated fair: the page that `fairpulse terminal serve` shows, in the fair's time.

`python -m producers.play.booth` enrols the terminal of a booth if it is new, pairs it and serves its page. The
fair's time comes from the file that `fairpulse simulate --status` writes.
"""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import click

from producers.play.status import PlayStatus
from producers.registry.sharing import change, shared_in
from producers.terminal.card import card_of
from producers.terminal.link import Link
from producers.terminal.pairing import Pairing, keep, told_by
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web import serve_page
from schemas.api.http import SIMULATED_TIME
from schemas.api.terminals import PlaceKind, Terminal
from schemas.badges.key import key_fingerprint
from schemas.console import run
from schemas.errors import Unavailable
from schemas.fair.file import load_fair
from schemas.fair.model import Fair
from schemas.interrupts import run_until_ended
from schemas.logs import log_to_stderr
from schemas.settings import GatewaySettings, KafkaSettings, LogSettings
from schemas.times import from_epoch_ms, instant_text, wall_ms

NAME: Final = "page"
"""The terminal's id. The simulator's own terminals have other names."""

BADGES: Final = b"badges of a simulated fair, for play"
"""Makes a pseudonym of everything that is typed as a badge; nothing depends on keeping it secret."""

PATIENCE_S: Final = 60.0
"""How long to wait for a gateway that starts."""

ASK_AGAIN_S: Final = 0.25


def fair_ms(status: Path) -> int:
    """Return the fair's time, in ms since 1970; the wall clock while no fair is played."""
    wall = wall_ms()
    try:
        return PlayStatus.read(status).now_ms(wall) or wall
    except Unavailable:
        return wall


def stamps(status: Path) -> Mapping[str, str]:
    """Return the header with the fair's time, for a gateway that lives in it."""
    return {SIMULATED_TIME: instant_text(from_epoch_ms(fair_ms(status)))}


async def paired(spool: Spool, server: str, registry_file: Path, terminal: Terminal, fair: Fair) -> None:
    """Pair a spool with a terminal of a booth, which is enrolled for it; nothing if it is paired already.

    Raises:
        Unavailable: no gateway answers in time, or it does not know the terminal.
    """
    if Pairing.load(spool) is not None:
        return
    now, shared = from_epoch_ms(wall_ms()), shared_in(KafkaSettings.load(), GatewaySettings.load())
    made = await change(
        shared, registry_file, "enrol", lambda registry: registry.enrol(terminal, now, None, again=True), create=True
    )
    token = made.text()
    deadline = time.monotonic() + PATIENCE_S
    key = "" if fair.badge_register else key_fingerprint(BADGES)
    async with Link(server) as link:
        while True:
            try:
                pairing = told_by(await link.who_am_i(token, key), server, token, badge_key=key)
                break
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(ASK_AGAIN_S)
    keep(spool, pairing, card_of(fair, pairing.place, pairing.place_id))


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Where the terminal keeps its events.")
@click.option("--server", required=True, help="Address of the gateway.")
@click.option("--terminals", type=click.Path(path_type=Path), required=True, help="Registry of the gateway.")
@click.option("--fair", "fair_file", type=click.Path(path_type=Path), required=True, help="Fair file.")
@click.option("--booth", required=True, help="Where the terminal stands.")
@click.option("--port", type=int, required=True, help="Port of the page.")
@click.option("--status", type=click.Path(path_type=Path), required=True, help="File with the fair's time.")
def booth(folder: Path, server: str, terminals: Path, fair_file: Path, booth: str, port: int, status: Path) -> None:
    """Serve the page of a booth in a simulated fair."""
    log_to_stderr(LogSettings.load(), quiet=("aiohttp", "asyncio"))
    fair = load_fair(fair_file)
    clock = partial(fair_ms, status)
    spool = Spool(folder, power_safe=False)

    async def serve() -> None:
        await paired(spool, server, terminals, Terminal(NAME, fair.fair_id, PlaceKind.BOOTH, booth), fair)
        # Where there is a register, the gateway alone holds the key, and takes codes.
        box = BoothTerminal(spool, badge_key=None if fair.badge_register else BADGES, clock=clock)
        await serve_page(box, port, click.echo, clock=clock, more_stamps=partial(stamps, status))

    try:
        run_until_ended(serve())
    finally:
        spool.close()


if __name__ == "__main__":
    raise SystemExit(run(booth))
