"""The gateway's routes. A request passes, in this order: room, drain, token, rate, bytes, body, type, events, Kafka."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from producers.gateway.answers import info_answer, reading_answer, refusal_answer
from producers.gateway.bodies import Posting, UnreadableBody
from producers.gateway.intake import Intake
from producers.gateway.limits import Buckets, Room
from producers.gateway.metrics import GatewayMetrics
from producers.gateway.problems import KINDS, RequestRefused
from producers.gateway.reading import (
    body_of,
    clock_offset_ms,
    instant_in,
    is_batch,
    key_of_request,
    let_pass,
    promised_bytes,
    request_id_of,
)
from producers.gateway.refusing import unreadable_letter
from producers.gateway.supervisor import NotStored, Supervisor
from producers.registry.doorkeeper import Doorkeeper
from producers.sinks import RawRecord
from schemas.fair import Fair
from schemas.http import (
    BODY_MAX_BYTES,
    EVENT_MAX_BYTES,
    EVENTS_MAX,
    EVENTS_PATH,
    SIMULATED_TIME,
    TERMINAL_PATH,
    Limits,
    TerminalInfo,
)
from schemas.openapi import openapi_text
from schemas.settings import GatewaySettings
from schemas.terminals import PlaceKind
from schemas.times import instant_text

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True, kw_only=True)
class Gateway:
    """What the routes work with.

    Attributes:
        draining: no new request is taken on.
        patience: deadlines of bodies that are being read.
    """

    fair: Fair
    settings: GatewaySettings
    clock: Clock
    doorkeeper: Doorkeeper
    supervisor: Supervisor
    intake: Intake
    room: Room
    buckets: Buckets
    metrics: GatewayMetrics
    draining: bool = False
    patience: set[asyncio.Timeout] = field(default_factory=set)

    async def post_events(self, request: Request) -> Response:
        """Take events; answer when Kafka has all of them."""
        with self.room.enter():
            if self.draining:
                raise RequestRefused("draining")
            received_at = self.clock()
            terminal = key_of_request(request, self.doorkeeper, self.fair.fair_id, received_at).terminal
            now_s = asyncio.get_running_loop().time()
            self.buckets.check(terminal.terminal_id, now_s)
            if not self.supervisor.is_connected:  # a flood of bodies would only keep it from connecting again
                raise RequestRefused("kafka_unavailable")
            with self.room.hold(promised_bytes(request)):
                body = await self._body(request)
                self.buckets.charge(terminal.terminal_id, 1, now_s)
                if self.settings.gateway_clock == "simulated":
                    received_at = instant_in(request, SIMULATED_TIME) or received_at
                offset = clock_offset_ms(request, received_at)
                if offset is None:
                    self.metrics.bad_sent_at.inc()
                posting = Posting(body, terminal, received_at, offset or 0, is_batch(request))
                return await self._take(posting, now_s)

    async def _body(self, request: Request) -> bytes:
        try:
            return await body_of(request, self.patience)
        except RequestRefused as refusal:
            raise (
                RequestRefused("draining") if self.draining and refusal.kind.code == "body_late" else refusal
            ) from None

    async def _take(self, posting: Posting, now_s: float) -> Response:
        try:
            reading = self.intake.read(posting)
        except UnreadableBody as error:
            kind = KINDS[error.code]
            if kind.status == 400:
                await self._deliver([unreadable_letter(posting, kind.code, kind.title, kind.detail)])
                self.metrics.rejected.labels(kind.code).inc()
            raise RequestRefused(error.code) from None
        self.buckets.charge(posting.terminal.terminal_id, len(reading.results) - 1, now_s)
        await self._deliver(reading.records)
        self.intake.confirm(reading)
        return reading_answer(reading, self.metrics)

    async def _deliver(self, records: Sequence[RawRecord]) -> None:
        if not records:
            return
        with self.metrics.ack_seconds.time():
            try:
                await self.supervisor.deliver(records)
            except NotStored as error:
                raise RequestRefused("kafka_timeout" if error.unknown else "kafka_unavailable") from None

    async def get_terminal(self, request: Request) -> Response:
        """Tell a terminal who it is."""
        now = self.clock()
        key = key_of_request(request, self.doorkeeper, self.fair.fair_id, now)
        terminal = key.terminal
        limits = Limits(
            EVENT_MAX_BYTES, BODY_MAX_BYTES, EVENTS_MAX, self.settings.gateway_rate, int(self.settings.gateway_burst)
        )
        info = TerminalInfo(
            fair_id=terminal.fair_id,
            terminal_id=terminal.terminal_id,
            place=PlaceKind(terminal.place),
            place_id=terminal.place_id or None,
            source=terminal.source,
            server_time=instant_text(now),
            limits=limits,
            token_expires_at=None if key.expires_at is None else instant_text(key.expires_at),
        )
        return info_answer(info)

    async def get_openapi(self, _: Request) -> Response:
        """Serve the description of this API."""
        return Response(openapi_text(), media_type="application/json")

    def guarded(self, answer: Answer, method: str) -> Answer:
        """Return a route that turns every failure into a problem, and counts every answer."""

        async def guarded(request: Request) -> Response:
            began_s = asyncio.get_running_loop().time()
            code = ""
            try:
                if request.method != method:
                    raise RequestRefused("method", allow=method)  # noqa: TRY301 - one place turns refusals into answers
                if request.url.query:
                    raise RequestRefused("no_such_resource")  # noqa: TRY301
                response = await answer(request)
            except RequestRefused as refusal:
                code = refusal.kind.code
                response = await self._refuse(request, refusal)
            except Exception:
                log.exception("a request failed by our mistake")
                code = "bug"
                response = await self._refuse(request, RequestRefused("bug"))
            self.metrics.requests.labels(str(response.status_code), code).inc()
            self.metrics.seconds.observe(asyncio.get_running_loop().time() - began_s)
            if (name := request_id_of(request)) is not None:
                response.headers["request-id"] = name
            return response

        return guarded

    async def _refuse(self, request: Request, refusal: RequestRefused) -> Response:
        finished = request._stream_consumed  # noqa: SLF001 - whether the body was read to its end
        if not finished and not self.draining:
            finished = await let_pass(request.receive)
        return refusal_answer(refusal, str(uuid.uuid4()), close=self.draining or not finished)


def create_app(gateway: Gateway) -> Starlette:
    """Return the application that terminals talk to."""

    async def missing(request: Request, _: Exception) -> Response:
        async def answer(_: Request) -> Response:
            raise RequestRefused("no_such_resource")

        return await gateway.guarded(answer, request.method)(request)

    routes = [
        Route(EVENTS_PATH, _Endpoint(gateway.guarded(gateway.post_events, "POST"))),
        Route(TERMINAL_PATH, _Endpoint(gateway.guarded(gateway.get_terminal, "GET"))),
        Route("/openapi.json", _Endpoint(gateway.guarded(gateway.get_openapi, "GET"))),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: missing})
    app.router.redirect_slashes = False
    return app


class _Endpoint:
    """A route as an ASGI application: so Starlette passes every method to it, and 405 is a problem of ours too."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)


def internal_app(gateway: Gateway) -> Starlette:
    """Return the application for the inside of the network: /livez, /readyz, /metrics."""
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415

    async def livez(_: Request) -> Response:
        """Answer that the event loop runs. It asks nobody: an outage of Kafka must not restart every gateway."""
        return Response("alive\n", media_type="text/plain")

    async def readyz(_: Request) -> Response:
        reasons = []
        if gateway.draining:
            reasons.append("draining")
        if not gateway.supervisor.is_ready:
            reasons.append("kafka has not answered within 10 s")
        if gateway.room.is_full:
            reasons.append("no room for another request")
        if not gateway.doorkeeper.is_fresh:
            reasons.append("the registry of terminals cannot be read")
        text = "".join(f"{reason}\n" for reason in reasons) or "ready\n"
        return Response(text, 503 if reasons else 200, media_type="text/plain")

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(gateway.metrics.registry), headers={"content-type": content_type})

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])
