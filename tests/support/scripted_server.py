"""A server for faults: a real socket that speaks the gateway's protocol, and misbehaves exactly as told.

Without a script it stores each event once, by its id, and answers 202. Each step in `script` changes the answer to one
request:

    server.script += [503, Say(429, {"Retry-After": "2"}), Cut(), Swallow(), Hang()]
"""

import asyncio
import json
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self

import pytest

from schemas.api.http import BADGE_CHECK_PATH
from tests.support.terminals import SAID

PROBLEM = {"Content-Type": "application/problem+json"}
CODES = {
    400: "not_json", 401: "token_unknown", 403: "wrong_fair", 405: "method", 408: "body_late", 409: "event_id_conflict",
    413: "body_too_large", 415: "media_type", 422: "rejected", 429: "rate", 431: "headers_too_large", 503: "busy",
}  # fmt: skip
"""A problem of the gateway for each status that it uses; other statuses come from somebody else."""
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Say:
    """Answer this and store nothing. A dict becomes JSON: a problem of the gateway if it uses this status."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Read this number of bytes of the request's body, then reset the connection. Nothing is stored."""

    after: int = 10


@dataclass(frozen=True)
class Swallow:
    """Store the events and close the connection without an answer."""


@dataclass(frozen=True)
class Hang:
    """Store the events, and never answer."""


@dataclass(frozen=True)
class Store:
    """The behaviour without a script."""


Step = int | Say | Cut | Swallow | Hang | Store


@dataclass
class Request:
    """What one request held."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(json.loads(self.body)) if self.body else []

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.events]


class ScriptedServer:
    """See the module.

    Attributes:
        script: what to do with the next requests; then `otherwise`.
        refuse_ids: rejected one by one with 207 or 422, the others are stored.
        offends: a batch with one of these ids is answered 400.
        most: a batch of more events is answered 413.
        errors_max: most refused events that a 422 names.
        blocked: what a proxy on the way says to a batch with one of these ids.
        checks: what the register of badges says of a badge, by its code or pseudonym; others are not known. None is a
            gateway that does not know the question; it answers 404.
        check_s: seconds until it answers that.
        tls: the certificate to speak TLS with; set it before `up`.
        answers_also: headers of every answer.
        checked: the questions about badges.
        stored: how often each event id was accepted or found to be a duplicate.
        order: ids in the order in which they were first stored.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.script: deque[Step] = deque()
        self.otherwise: Step = Store()
        self.refuse_ids: dict[str, str] = {}
        self.offends: set[str] = set()
        self.most = 500
        self.errors_max = 500
        self.blocked: dict[str, Say] = {}
        self.checks: dict[str, dict[str, Any]] | None = None
        self.check_s = 0.0
        self.checked: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.stored: Counter[str] = Counter()
        self.events: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.conflicts = 0
        self.terminal: dict[str, Any] = {**SAID, "server_time": "2026-01-01T00:00:00.000Z"}
        self.tokens: set[str] | None = None
        self.answers_also: dict[str, str] = {}
        self.tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._hanging = asyncio.Event()
        self._arrived = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen; after `down`, on the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Stop listening and drop every connection."""
        self._hanging.set()
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None
        self._hanging = asyncio.Event()

    async def until(self, requests: int) -> None:
        """Return when this number of requests has come since the start."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= requests)

    async def until_stored(self, events: int) -> None:
        """Return when this number of different events is stored."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.stored) >= events)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        length = int(headers.get("content-length", "0"))
        if path == BADGE_CHECK_PATH:
            writer.write(await self._check(json.loads(await reader.readexactly(length))))
            await writer.drain()
            return True
        step = self.script.popleft() if self.script and method == "POST" else self.otherwise
        if isinstance(step, Cut) and method == "POST":
            await reader.readexactly(min(step.after, length))
            writer.transport.abort()
            await self._book(Request(method, path, headers, b""))
            return False
        request = Request(method, path, headers, await reader.readexactly(length))
        also = "".join(f"{name}: {value}\r\n" for name, value in self.answers_also.items())
        answer = self._answer(request, step).replace(b"\r\n", b"\r\n" + also.encode(), 1)
        await self._book(request)
        if isinstance(step, Hang):
            await self._hanging.wait()
            return False
        if isinstance(step, Swallow):
            return False
        writer.write(answer)
        await writer.drain()
        return True

    async def _check(self, asked: dict[str, Any]) -> bytes:
        self.checked.append(asked)
        await asyncio.sleep(self.check_s)
        if self.checks is None:
            return _written(Say(404))
        unknown = {"known": False, "denied": None, "role": None}
        return _written(Say(200, JSON, self.checks.get(asked.get("badge_code") or asked["badge_ref"], unknown)))

    async def _book(self, request: Request) -> None:
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()

    def _answer(self, request: Request, step: Step) -> bytes:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens is not None and token not in self.tokens:
            return _written(Say(401))
        if request.method == "GET" and not isinstance(self.otherwise, int | Say):
            if key := request.headers.get("badge-key"):
                self.terminal.setdefault("badge_key", key)
            return _written(Say(200, JSON, self.terminal))
        if isinstance(step, int):
            return _written(Say(step))
        if isinstance(step, Say):
            return _written(step)
        ids = request.ids
        for name in ids:
            if name in self.blocked:
                return _written(self.blocked[name])
        if len(ids) > self.most:
            return _written(Say(413))
        if not self.offends.isdisjoint(ids):
            return _written(Say(400))
        return _written(self._store(request))

    def _store(self, request: Request) -> Say:
        results: list[dict[str, Any]] = []
        for index, event in enumerate(request.events):
            name = event["id"]
            if name in self.refuse_ids:
                code = self.refuse_ids[name]
                results.append(
                    {"index": index, "id": name, "outcome": "rejected", "code": code, "message": "see the fair file"}
                )
                continue
            if name in self.events and self.events[name] != event:
                self.conflicts += 1
                results.append({"index": index, "id": name, "outcome": "rejected", "code": "event_id_conflict"})
                continue
            again = name in self.stored
            results.append({"index": index, "id": name, "outcome": "duplicate" if again else "accepted"})
            if not again:
                self.order.append(name)
                self.events[name] = event
            self.stored[name] += 1
        outcomes = Counter(result["outcome"] for result in results)
        if not outcomes["rejected"]:
            return Say(202, JSON, {"accepted": outcomes["accepted"], "duplicates": outcomes["duplicate"]})
        if outcomes["rejected"] == len(results):
            return Say(422, PROBLEM, {"errors": results[: self.errors_max]})
        return Say(207, JSON, {"results": results})


def _problem(status: int) -> dict[str, Any]:
    code = CODES.get(status)
    return {} if code is None else {"type": f"urn:fairpulse:problem:{code}", "code": code}


def _written(say: Say) -> bytes:
    body = json.dumps(_problem(say.status) | say.body).encode() if isinstance(say.body, dict) else say.body
    headers = {
        "Date": formatdate(usegmt=True),
        **(PROBLEM if isinstance(say.body, dict) else {}),
        **say.headers,
        "Content-Length": str(len(body)),
    }
    lines = [f"HTTP/1.1 {say.status} Answer", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A server that runs."""
    async with ScriptedServer() as running:
        yield running
