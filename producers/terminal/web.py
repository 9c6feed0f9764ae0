"""`fairpulse terminal serve`: the page of the booth, on this machine only, and the sender behind it."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web

from producers.terminal.clock import ClockMs
from producers.terminal.clock_offset import ClockOffsets
from producers.terminal.line import Line
from producers.terminal.link import Link, Stamps
from producers.terminal.one_sender import OneSender
from producers.terminal.renewal import Renewal, link_of
from producers.terminal.sender import Sender
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
        link: the way to its gateway.
        authorities: reads the PEM text of authorities from the file that the settings name.
        clock: the terminal's own clock.
        more_stamps: headers beside the one with the clock, for a simulation.
    """

    def __init__(
        self,
        terminal: BoothTerminal,
        link: Link,
        authorities: Callable[[], str] = str,
        *,
        clock: ClockMs = wall_ms,
        more_stamps: Stamps = dict,
    ) -> None:
        self._terminal = terminal
        self.sender = Sender(
            terminal.spool,
            link,
            lambda: terminal.paired.pairing.token,
            clock=clock,
            more_stamps=more_stamps,
            ask_idle_s=ASK_IDLE_S,
            offsets=ClockOffsets() if more_stamps is dict else None,
            in_thread=True,
        )
        self.renewal = Renewal(terminal, self.sender, authorities)
        terminal.tell_online(lambda: self.sender.status.line in (Line.ONLINE, Line.UNTRIED))

    def application(self) -> web.Application:
        """Return the page as a web application. Requests of other pages or for other host names are refused."""
        app = web.Application(middlewares=[guard], client_max_size=FORM_BYTES)
        add_files(app.router)
        Api(self._terminal, self.sender, lambda: self.sender.offset_ms).add_to(app.router)
        return app


async def serve_page(
    terminal: BoothTerminal,
    port: int,
    ready: Callable[[str], None],
    *,
    authorities: Callable[[], str] = str,
    clock: ClockMs = wall_ms,
    more_stamps: Stamps = dict,
) -> None:
    """Serve the page and send, until cancelled.

    Args:
        terminal: paired; read from and saved to while the page is served.
        port: on this machine only; 0 takes a free one.
        ready: called with the page's address once it can be opened.
        authorities: reads the PEM text of authorities that are trusted beside those of system and pairing.
        clock: the terminal's own clock.
        more_stamps: headers beside the one with the clock, for a simulation.

    Raises:
        Unavailable: another program sends from the same folder.
        InvalidSettings: the port is taken.
    """
    with OneSender(terminal.spool.folder):
        async with link_of(terminal.spool, terminal.paired, authorities()) as link:
            page = Page(terminal, link, authorities, clock=clock, more_stamps=more_stamps)
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
            try:
                address = runner.addresses[0]
                ready(f"http://{address[0]}:{address[1]}/")
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(page.sender.run())
                    tasks.create_task(page.renewal.run())
            finally:
                await runner.cleanup()
