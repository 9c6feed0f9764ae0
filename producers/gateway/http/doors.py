"""The entrance of a gateway: it finds what answers a request, and answers every failure with a problem.

Plain ASGI: a few paths without parameters need no framework between the server and the first stage.
"""

import asyncio
import uuid

from starlette.types import Receive, Scope, Send

from producers.gateway.app import Gateway
from producers.gateway.badge_desk import DRY_RUNS, BadgeDesk
from producers.gateway.http.answering import Reply, options_reply, problem_reply, send_reply
from producers.gateway.http.cross_origin import CrossOrigin
from producers.gateway.http.heading import request_id_in
from producers.gateway.http.incoming import LET_PASS_S, Incoming
from producers.gateway.http.problems import RequestRefused
from producers.gateway.http.routes import Routes
from producers.gateway.shares.accounts import Account
from producers.gateway.shares.turns import metered
from schemas.api.http import BADGE_CHECK_PATH, BADGES_PATH, EVENTS_PATH, OPENAPI_PATH, TERMINAL_PATH
from schemas.logs import logger

log = logger(__name__)


class Doors:
    """The ASGI application: turns every failure into a problem, and counts every answer."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        settings = gateway.settings
        self._cross_origin = CrossOrigin(settings.gateway_origins, settings.gateway_rate)
        badges = BadgeDesk(gateway)
        self._queries = {f"{settings.gateway_prefix}{BADGES_PATH}": DRY_RUNS}
        self._routes = Routes(
            settings.gateway_prefix,
            {
                EVENTS_PATH: {"POST": gateway.post_events},
                TERMINAL_PATH: {"GET": gateway.get_terminal},
                BADGES_PATH: {"POST": badges.post_badges},
                BADGE_CHECK_PATH: {"POST": badges.post_badge_check},
                OPENAPI_PATH: {"GET": gateway.get_openapi},
                "/": {"GET": gateway.get_root},
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, when it is its party's turn."""
        incoming = Incoming(scope, receive)
        incoming.client = self._gateway.proxies.client_of(incoming.client, incoming.heading.headers)
        guest = incoming.guest
        guest.begin()
        try:
            if guest.account.is_proxy:
                address = self._gateway.accounts.of_address(incoming.client)
                if not self._gateway.accounts.carry(guest, address):
                    await self._turn_away(incoming, address, send)
                    return
            if guest.account.turns.must_wait and not await guest.wait(guest.turn()):
                await incoming.until_gone()
                return
            await metered(self._serve(incoming, send), guest.charge)
        finally:
            guest.end(asyncio.get_running_loop().time())

    async def _turn_away(self, incoming: Incoming, address: Account, send: Send) -> None:
        """Refuse a request of an address with too many connections, at once unless it floods us with those as well."""
        incoming.is_turned_away = True
        if address.refusals.must_wait and not await incoming.guest.wait(address.refusals.turn()):
            await incoming.until_gone()
            return
        await metered(self._serve(incoming, send), address.refusals.charge)

    async def _serve(self, incoming: Incoming, send: Send) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            reply = await self._answer(incoming)
        except RequestRefused as refused:
            reply = await self._refuse(incoming, refused)
        except Exception:
            log.exception(
                "a request failed because of a bug", method=incoming.heading.method, path=incoming.heading.path
            )
            reply = await self._refuse(incoming, RequestRefused("bug"))
        self._gateway.metrics.count_answer(reply.status, reply.code, loop.time() - began_s)
        if more := self._cross_origin.headers(incoming.heading):
            reply = reply._replace(headers=(*reply.headers, *more))
        if incoming.heading.method == "HEAD":
            reply = reply._replace(body=b"")
        await send_reply(reply, request_id_in(incoming.heading), incoming.copies_s, send)

    async def _answer(self, incoming: Incoming) -> Reply:
        heading = incoming.heading
        if incoming.is_turned_away:
            raise RequestRefused("share")
        if heading.method == "OPTIONS":
            allow = self._routes.allowed(heading.path)
            return options_reply(allow, self._cross_origin.options(heading, allow))
        answer = self._routes.find(heading.method, heading.path)
        if heading.query and heading.query not in self._queries.get(heading.path, ()):
            raise RequestRefused("no_such_resource", addition="Leave out the question mark and what follows it.")
        reply = await answer(incoming)
        if not incoming.allows(reply.status):
            raise ValueError("events were taken from a body that was not read whole")
        return reply

    async def _refuse(self, incoming: Incoming, refused: RequestRefused) -> Reply:
        if not incoming.allows(refused.kind.status, refused.kind.code):
            log.error("a body was judged before it was read whole; its sender keeps it", code=refused.kind.code)
            refused = RequestRefused("body_cut")
        if not (incoming.is_identified or incoming.is_turned_away):
            incoming.guest.become(self._gateway.accounts.of_address(incoming.client))
        is_last = self._gateway.draining or incoming.is_turned_away  # others of its proxy need the connection's place
        patience_s = 0.0 if incoming.is_turned_away else LET_PASS_S
        finished = incoming.is_read or (not self._gateway.draining and await incoming.let_pass(patience_s))
        return problem_reply(refused, str(uuid.uuid4()), close=is_last or not finished)
