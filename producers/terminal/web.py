"""`fairpulse terminal serve`: the page of the booth, on this machine only, and the sender behind it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from aiohttp import web

from producers.terminal.answers import Then, Verdict
from producers.terminal.clock import ClockMs
from producers.terminal.link import Link, ServerAnswer, Stamps
from producers.terminal.one_sender import OneSender
from producers.terminal.pairing import Pairing
from producers.terminal.sender import Line, Sender
from producers.terminal.spool import Waiting
from producers.terminal.status import clock_offset_ms
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web_api import Api
from producers.terminal.web_guard import HOST, add_files, guard
from schemas.errors import InvalidSettings
from schemas.times import wall_ms

ASK_IDLE_S: Final = 5.0
"""With nothing to send, the status line is still right within seconds."""

FORM_BYTES: Final = 65_536
"""Largest form."""


class Page:
    """The page of one terminal, and its sender.

    Args:
        terminal: paired; its sender is started here.
        clock: the terminal's own clock.
        more_stamps: headers beside the one with the clock, for a simulation.
    """

    def __init__(
        self, terminal: BoothTerminal, link: Link, *, clock: ClockMs = wall_ms, more_stamps: Stamps = dict
    ) -> None:
        self._terminal = terminal
        self._offset_ms: int | None = None
        pairing = Pairing.load(terminal.spool)
        assert pairing is not None, "a terminal is paired"
        self._pairing = pairing
        self._link = link
        self.sender = Sender(
            terminal.spool,
            link,
            self._token,
            clock=clock,
            more_stamps=more_stamps,
            heard=self._heard,
            met=self._met,
            ask_idle_s=ASK_IDLE_S,
            in_thread=True,
        )
        terminal.tell_online(lambda: self.sender.status.line in (Line.ONLINE, Line.UNTRIED))

    def application(self) -> web.Application:
        """Return the page as a web application. Requests of other pages or for other host names are refused."""
        app = web.Application(middlewares=[guard], client_max_size=FORM_BYTES)
        add_files(app.router)
        Api(self._terminal, self.sender, lambda: self._offset_ms).add_to(app.router)
        return app

    def _token(self) -> str:
        """Return the token of the newest pairing: `terminal pair` may run while the page is open."""
        pairing = Pairing.load(self._terminal.spool) or self._pairing
        self._link.server = pairing.server
        self._pairing = pairing
        return pairing.token

    def _heard(self, batch: Sequence[Waiting], answer: ServerAnswer | None, verdict: Verdict) -> None:
        del batch
        if answer is not None and verdict.then is Then.GO_ON:
            self._met(answer)

    def _met(self, answer: ServerAnswer) -> None:
        self._offset_ms = clock_offset_ms(answer, wall_ms())


async def serve_page(
    terminal: BoothTerminal,
    port: int,
    ready: Callable[[str], None],
    *,
    clock: ClockMs = wall_ms,
    more_stamps: Stamps = dict,
) -> None:
    """Serve the page and send, until cancelled.

    Args:
        terminal: paired; read from and saved to while the page is served.
        port: on this machine only; 0 takes a free one.
        ready: called with the page's address once it can be opened.
        clock: the terminal's own clock.
        more_stamps: headers beside the one with the clock, for a simulation.

    Raises:
        Unavailable: another program sends from the same folder.
        InvalidSettings: the port is taken.
    """
    pairing = Pairing.load(terminal.spool)
    assert pairing is not None, "a terminal is paired"
    with OneSender(terminal.spool.folder):
        async with Link(pairing.server) as link:
            page = Page(terminal, link, clock=clock, more_stamps=more_stamps)
            runner = web.AppRunner(page.application(), access_log=None, shutdown_timeout=1)
            await runner.setup()
            site = web.TCPSite(runner, HOST, port)
            try:
                await site.start()
            except OSError as error:
                await runner.cleanup()
                raise InvalidSettings(
                    f"--port: this port cannot be used ({error.strerror})", hint="name another, or 0 for a free one"
                ) from None
            sending = asyncio.create_task(page.sender.run())
            try:
                address = runner.addresses[0]
                ready(f"http://{address[0]}:{address[1]}/")
                await sending
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending
                await runner.cleanup()
