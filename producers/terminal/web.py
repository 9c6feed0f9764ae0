"""`fairpulse terminal serve`: the page of the booth, on this machine only, and the sender behind it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from producers.terminal.answers import Then, Verdict
from producers.terminal.clock import ClockMs
from producers.terminal.link import Link, ServerAnswer, Stamps
from producers.terminal.pairing import Pairing
from producers.terminal.sender import Line, OneSender, Sender
from producers.terminal.spool import Saved, SpoolFull, Waiting
from producers.terminal.spool_schema import REJECTED
from producers.terminal.status import clock_offset_ms, clock_text, counts_text
from producers.terminal.terminal import KINDS, BoothTerminal
from producers.terminal.web_input import deal_of, fields_of, interaction_of, scan_of
from schemas.errors import InvalidEvent, InvalidSettings, Unavailable
from schemas.times import wall_ms

HOST: Final = "127.0.0.1"
ASK_IDLE_S: Final = 5.0
"""With nothing to send, the status line is still right within seconds."""

SHOWN: Final = 20
"""Most rejected events on the screen; the export has all of them."""

STATIC: Final = Path(str(files("producers.terminal") / "static"))
TYPES: Final = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Page:
    """The page of one terminal. Requests from other pages or for other host names are refused.

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
        """Return the page as a web application."""
        app = web.Application(middlewares=[self._guard], client_max_size=16_384)
        app.router.add_get("/", _file(STATIC / "page.html"))
        for path in sorted(one for one in STATIC.rglob("*") if one.suffix[1:] in TYPES):
            app.router.add_get(f"/{path.relative_to(STATIC).as_posix()}", _file(path))
        app.router.add_get("/api/card", self._card)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/rejected", self._rejected)
        app.router.add_post("/api/scan", self._saving(scan_of))
        app.router.add_post("/api/interact", self._saving(interaction_of))
        app.router.add_post("/api/deal", self._saving(deal_of))
        app.router.add_post("/api/try-now", self._try_now)
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

    async def _card(self, _: web.Request) -> web.Response:
        card = self._terminal.card
        return web.json_response(
            {
                "fair": card.fair_name,
                "title": card.title,
                "place": card.place,
                "place_id": card.place_id,
                "terminal": self._terminal.terminal_id,
                "kinds": [str(kind) for kind in KINDS[card.place]],
                "exhibits": [{"id": one.id, "name": one.name} for one in card.exhibits],
                "sections": [{"id": one.id, "name": one.name} for one in card.sections],
                "section": card.section,
                "currencies": [one.id for one in card.currencies],
            }
        )

    async def _state(self, _: web.Request) -> web.Response:
        status = self.sender.status
        totals = await asyncio.to_thread(self._terminal.spool.totals)
        return web.json_response(
            {
                "line": status.line.name.lower(),
                "words": status.line.value,
                "trouble": status.trouble,
                "counts": counts_text(totals),
                "pending": totals.pending,
                "sent": totals.accepted + totals.duplicates,
                "rejected": totals.rejected,
                "full": totals.full,
                "clock": clock_text(self._offset_ms),
            }
        )

    async def _rejected(self, _: web.Request) -> web.Response:
        rows = await asyncio.to_thread(self._terminal.spool.rows, REJECTED, SHOWN)
        return web.json_response(
            [
                {"seq": seq, "kind": kind, "saved_ms": saved_ms, "reason": reason, "detail": detail}
                for seq, _id, kind, saved_ms, reason, detail, _body in rows
            ]
        )

    async def _try_now(self, _: web.Request) -> web.Response:
        self.sender.try_now()
        return web.json_response({})

    def _saving(
        self, save: Callable[[BoothTerminal, dict[str, Any]], Saved]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return a handler that saves: 200 once the event is on disk, otherwise the error, with nothing saved."""

        async def handle(request: web.Request) -> web.Response:
            try:
                fields = fields_of(await request.read())
                saved = await asyncio.to_thread(save, self._terminal, fields)
            except InvalidEvent as error:
                return web.json_response({"error": error.message, "hint": error.hint, "field": error.field}, status=400)
            except SpoolFull as error:
                return web.json_response({"error": error.message, "hint": error.hint, "full": True}, status=507)
            except Unavailable as error:
                return web.json_response({"error": error.message, "hint": error.hint}, status=500)
            self.sender.wake()
            return web.json_response({"seq": saved.seq, "id": saved.event_id})

        return handle

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer only this machine's own page: no other site's script may scan a badge or read the state."""
        name = request.host.rpartition(":")[0] or request.host
        origin = request.headers.get("Origin")
        foreign = origin is not None and origin != f"http://{request.host}"
        plain = request.method == "POST" and request.content_type != "application/json"
        if name not in (HOST, "localhost") or foreign or plain:
            return web.Response(status=403, text="open the page at its own address\n", headers=HEADERS)
        response = await handler(request)
        response.headers.update(HEADERS)
        return response


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.Response]]:
    body, content_type = path.read_bytes(), TYPES[path.suffix[1:]]

    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return handle


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
