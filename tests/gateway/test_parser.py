"""Bytes become requests: offers of other protocols, trailers, and heads that arrive in any two pieces."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from producers.gateway.http.connection import Connection
from tests.support.gateway import statuses

BODY = b'{"one": 1}'
CHUNKS = b"4;kind=first\r\n" + BODY[:4] + b"\r\n6\r\n" + BODY[4:] + b"\r\n0\r\n"
SIZED = (f"Content-Length: {len(BODY)}", BODY)
CHUNKED = ("Transfer-Encoding: chunked", CHUNKS + b"\r\n")


class Read(NamedTuple):
    """A request as the application behind the connection read it."""

    method: str
    path: str
    headers: list[list[str]]
    body: str


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the request as it was read."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        more = message["more_body"]
    headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
    said = json.dumps(Read(scope["method"], scope["path"], headers, body.decode())).encode()
    length = b"%d" % len(said)
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": said})


class Line:
    """Both sides of a connection: its bytes are handed to the server in the pieces that a test chooses."""

    def __init__(self, connection: Any, client: socket.socket) -> None:
        self.connection, self._client = connection, client
        self._loop = asyncio.get_running_loop()

    async def says(self, pieces: list[bytes]) -> bytes:
        """Hand over pieces, and return all that is said until the server ends."""
        for piece in pieces:
            self.connection.data_received(piece)
        if self.connection.eof_received() is False:
            self.connection.transport.close()
        said = b""
        while part := await asyncio.wait_for(self._loop.sock_recv(self._client, 65_536), 10):
            said += part
        return said


@asynccontextmanager
async def line(causes: Callable[[str], None] = lambda _: None) -> AsyncIterator[Line]:
    """Open a connection to `tell`."""
    config = uvicorn.Config(tell, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    ours.setblocking(False)
    state = uvicorn.server.ServerState()
    transport, connection = await asyncio.get_running_loop().connect_accepted_socket(
        lambda: Connection(config, state, {}, causes), ours
    )
    try:
        with theirs:
            yield Line(connection, theirs)
    finally:
        transport.abort()


def request(*lines: str, body: bytes = b"", start: str = "POST /v1/events HTTP/1.1") -> bytes:
    return "\r\n".join([start, "Host: g", *lines]).encode() + b"\r\n\r\n" + body


def answers(said: bytes) -> list[Read]:
    """Return the requests that were answered with what was read."""
    found, rest = [], said.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), said
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        found.append(Read(*json.loads(rest[:length])))
        rest = rest[length:]
    return found


async def read(*pieces: bytes) -> list[Read]:
    async with line() as one:
        return answers(await one.says(list(pieces)))


OFFERS = {
    "h2c, as Java's HttpClient and curl --http2 offer it": (
        "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAA"),
    "h2c, with other spellings": ("connection: keep-alive,UPGRADE", "UPGRADE: H2C"),
    "several protocols": ("Connection: Upgrade", "Upgrade: h2c, websocket/13, IRC/6.9"),
    "a WebSocket": ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"),
    "TLS": ("Upgrade: TLS/1.2", "Connection: Upgrade"),
    "an unknown protocol": ("Upgrade: x/1", "Connection: x, upgrade"),
    "two headers of each": ("Upgrade: a", "Connection: upgrade", "Upgrade: b", "Connection: upgrade"),
    "none, though the header is there": ("Upgrade: h2c",),
    "none, though the connection says so": ("Connection: Upgrade",),
}  # fmt: skip


@pytest.mark.parametrize("framing", [SIZED, CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
async def test_an_offer_of_another_protocol_is_ignored_and_the_body_read(
    offer: tuple[str, ...], framing: tuple[str, bytes]
) -> None:
    header, body = framing
    [one] = await read(request("A: 1", *offer, header, "Z: 2", body=body))
    assert (one.method, one.path, one.body) == ("POST", "/v1/events", BODY.decode())
    kept = [name for name, _ in one.headers]
    assert kept[:2] == ["host", "a"]
    assert kept[-1] == "z"


async def test_the_offer_is_a_hop_by_hop_header_and_not_handed_on() -> None:
    [one] = await read(request("Connection: Upgrade", "Upgrade: h2c", SIZED[0], body=BODY))
    assert "upgrade" not in [name for name, _ in one.headers]


@pytest.mark.parametrize("framing", [SIZED, CHUNKED], ids=["length", "chunks"])
async def test_requests_in_a_row_may_each_carry_an_offer_and_arrive_cut_anywhere(framing: tuple[str, bytes]) -> None:
    header, body = framing
    offered = request("Connection: Upgrade", "Upgrade: h2c", header, body=body)
    plain = request(header, body=body, start="POST /plain HTTP/1.1")
    asked = request("Connection: Upgrade", "Upgrade: h2c", start="GET /v1/terminal HTTP/1.1")
    sent = offered + plain + asked + offered
    expected = [
        ("/v1/events", BODY.decode()), ("/plain", BODY.decode()), ("/v1/terminal", ""), ("/v1/events", BODY.decode()),
    ]  # fmt: skip
    for cut in range(len(sent) + 1):
        got = [(one.path, one.body) for one in await read(sent[:cut], sent[cut:])]
        assert got == expected, cut
    assert [(one.path, one.body) for one in await read(*(bytes([byte]) for byte in sent))] == expected


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Content-Length: 4", "Transfer-Encoding: chunked"], CHUNKED[1]),
        (["Transfer-Encoding: chunked", "Content-Length: 4"], CHUNKED[1]),
        ([SIZED[0], "Content-Length: 5"], BODY),
        ([SIZED[0], SIZED[0]], BODY),
        (["Content-Length: -1"], BODY),
        (["Transfer-Encoding: gzip, chunked"], CHUNKED[1]),
        (["Transfer-Encoding: chunked, gzip"], CHUNKED[1]),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], CHUNKED[1]),
        ([SIZED[0], "X: 1\r\n folded"], BODY),
        ([SIZED[0], "X : 1"], BODY),
        ([SIZED[0], "X: \x00"], BODY),
    ],
)
async def test_an_offer_does_not_make_reading_lenient(lines: list[str], body: bytes) -> None:
    causes: list[str] = []
    async with line(causes.append) as one:
        said = await one.says([request("Connection: Upgrade", "Upgrade: h2c", *lines, body=body)])
    assert (statuses(said), causes) == ([400], ["not_http"])


@pytest.mark.parametrize(
    "sent",
    [
        request(start="CONNECT g:443 HTTP/1.1"),
        request(SIZED[0], body=BODY, start="CONNECT /v1/events HTTP/1.1"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["CONNECT", "CONNECT with a body", "HTTP/2 without an offer", "TLS"],
)
async def test_another_protocol_without_an_offer_is_refused_and_kept(sent: bytes) -> None:
    async with line() as one:
        said = await one.says([sent])
    assert statuses(said) == [400]
    assert b"urn:fairpulse:problem:not_http" in said
    assert b'"action":"keep_and_alert"' in said


TRAILERS = [
    "Authorization: Bearer x",
    "Content-Type: text/plain",
    "Content-Length: 3",
    "Transfer-Encoding: chunked",
    "Connection: upgrade\r\nUpgrade: h2c",
    "Expires: never\r\nX: 1",
    "\r\n".join(f"X-{number}: 1" for number in range(200)),
]


@pytest.mark.parametrize("trailer", TRAILERS, ids=[one[:20] for one in TRAILERS])
async def test_trailer_fields_are_read_and_never_become_headers(trailer: str) -> None:
    sent = request("Transfer-Encoding: chunked", "Trailer: X", body=CHUNKS + trailer.encode() + b"\r\n\r\n")
    async with line() as one:
        said = await one.says([sent])
    got = answers(said) if statuses(said) == [202] else []
    if trailer.startswith(("Content-Length", "Transfer-Encoding")):  # two readers could take it for the framing
        assert not got
    else:
        assert [(each.body, [name for name, _ in each.headers]) for each in got] == [
            (BODY.decode(), ["host", "transfer-encoding", "trailer"])
        ]


ENDLESS = {
    "a trailer field": CHUNKS + b"X: ",
    "trailer fields": CHUNKS + b"X: 1\r\n" * 3_000,
    "an extension of a chunk": b"4;x=",
    "the size of a chunk": b"0000000",
}


@pytest.mark.parametrize("start", ENDLESS.values(), ids=ENDLESS)
async def test_bytes_beside_the_body_have_a_bound(start: bytes) -> None:
    causes: list[str] = []
    async with line(causes.append) as one:
        said = await one.says([request("Transfer-Encoding: chunked"), start, *[b"0" * 1_024] * 17])
    assert said == b""  # a request is under way, so any answer would be taken for its own
    assert causes == ["headers_too_large"]


async def test_100_continue_is_said_once_and_never_to_http_1_0() -> None:
    head = request("Expect: 100-continue", SIZED[0])
    offered = request("Expect: 100-continue", "Connection: Upgrade", "Upgrade: h2c", SIZED[0])
    old = request("Expect: 100-continue", SIZED[0], start="POST /v1/events HTTP/1.0")
    for sent, said_100 in ((head, 1), (offered, 1), (old, 0)):
        async with line() as one:
            one.connection.data_received(sent)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            said = await one.says([BODY])
            assert said.count(b"HTTP/1.1 100 Continue") == said_100
            assert [read.body for read in answers(said)] == [BODY.decode()]


TARGETS = {
    "POST http://gateway:8080/v1/events HTTP/1.1": "/v1/events",
    "POST HTTPS://gateway/v1/events HTTP/1.1": "/v1/events",
    "POST /v1/%65vents HTTP/1.1": "/v1/events",
    "OPTIONS * HTTP/1.1": "*",
    "POST /v1/events HTTP/1.0": "/v1/events",
}


@pytest.mark.parametrize("start", TARGETS)
async def test_every_form_of_a_target_is_read(start: str) -> None:
    [one] = await read(request(SIZED[0], body=BODY, start=start))
    assert (one.path, one.body) == (TARGETS[start], BODY.decode())


async def test_a_client_may_end_its_side_after_its_last_request() -> None:
    whole = request(SIZED[0], body=BODY)
    assert len(await read(whole)) == 1
    assert len(await read(whole + whole)) == 2
    async with line() as one:
        assert await one.says([whole[:-1]]) == b""
