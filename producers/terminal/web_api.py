"""What the page asks its program: the card, the state, the drawer; and the forms that it posts.

It answers facts. The page has the words for them, in the language of its reader.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from producers.terminal.sender import Sender
from producers.terminal.spool_trouble import SpoolTrouble
from producers.terminal.terminal import KINDS, BoothTerminal
from producers.terminal.web_answers import error_fields, status_of
from producers.terminal.web_drawer import drawer_shown, export, forget, send_again
from producers.terminal.web_gate import GateScans
from producers.terminal.web_input import deal_of, fields_of
from producers.terminal.web_scans import interaction_of, meeting_of, undo_of
from schemas.errors import InvalidEvent, Unavailable

Form = Callable[[BoothTerminal, dict[str, Any]], Mapping[str, Any]]
"""Does what was posted, and returns the answer."""


class Api:
    """The addresses below /api.

    Args:
        terminal: paired.
        sender: sends what is saved.
        clock_ms: returns the server's clock minus the terminal's in ms, None while it is unknown.
    """

    def __init__(self, terminal: BoothTerminal, sender: Sender, clock_ms: Callable[[], int | None]) -> None:
        self._terminal = terminal
        self._sender = sender
        self._clock_ms = clock_ms
        self._gate = GateScans(terminal, lambda: sender.link)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add every address to a router."""
        router.add_get("/api/card", self._card)
        router.add_get("/api/state", self._state)
        router.add_get("/api/drawer", self._drawer)
        router.add_post("/api/scan", self._scan)
        router.add_post("/api/interact", self._saving(interaction_of))
        router.add_post("/api/meeting", self._saving(meeting_of))
        router.add_post("/api/undo", self._saving(undo_of))
        router.add_post("/api/deal", self._saving(deal_of))
        router.add_post("/api/drawer/send", self._saving(send_again))
        router.add_post("/api/drawer/export", self._saving(export))
        router.add_post("/api/drawer/forget", self._saving(forget))
        router.add_post("/api/try-now", self._try_now)

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
                "badge_length": card.badge_length,
                "decimal_mark": card.decimal_mark,
                "badge_register": card.badge_register,
                "exhibitors": [{"id": one.id, "name": one.name} for one in card.exhibitors],
                "version": self._terminal.paired.version,
            }
        )

    async def _state(self, _: web.Request) -> web.Response:
        status = self._sender.status
        state: dict[str, Any] = {
            "line": status.line.name.lower(),
            "cause": status.cause,
            "facts": dict(status.facts),
            "copies": status.copies,
            "moved": self._terminal.paired.moved,
            "clock_ms": self._clock_ms(),
            "version": self._terminal.paired.version,
        }
        try:
            totals = await asyncio.to_thread(self._terminal.spool.totals)
        except SpoolTrouble as error:
            unknown = {"pending": None, "sent": None, "rejected": None, "full": False}
            return web.json_response({**state, **unknown, "line": "trouble", "cause": error.cause, "facts": {}})
        sent = totals.accepted + totals.duplicates
        counts = {"pending": totals.pending, "sent": sent, "rejected": totals.rejected, "full": totals.full}
        return web.json_response({**state, **counts})

    async def _drawer(self, _: web.Request) -> web.Response:
        try:
            return web.json_response(await asyncio.to_thread(drawer_shown, self._terminal.spool))
        except Unavailable as error:
            return web.json_response(error_fields(error), status=status_of(error))

    async def _try_now(self, _: web.Request) -> web.Response:
        self._sender.try_now()
        return web.json_response({})

    async def _scan(self, request: web.Request) -> web.Response:
        return await self._saved(request, self._gate.scan)

    def _saving(self, save: Form) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return a handler that saves: 200 once the event is on disk, otherwise the error, with nothing saved."""

        async def in_thread(fields: dict[str, Any]) -> Mapping[str, Any]:
            return await asyncio.to_thread(save, self._terminal, fields)

        async def handle(request: web.Request) -> web.Response:
            return await self._saved(request, in_thread)

        return handle

    async def _saved(
        self, request: web.Request, save: Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]]]
    ) -> web.Response:
        try:
            answer = await save(fields_of(await request.read()))
        except (InvalidEvent, Unavailable) as error:
            return web.json_response(error_fields(error), status=status_of(error))
        self._sender.wake()
        return web.json_response(answer)
