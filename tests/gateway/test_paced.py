"""Whatever a client sends at once, one connection works through it in slices, and answers all of it in order.

Over TLS, records are decrypted at the party's pace, too.
"""

import asyncio
import gc
import ssl
import weakref
from asyncio import sslproto
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from producers.gateway.http.connection import Connection
from producers.gateway.shares import decrypting, paced
from producers.gateway.shares.accepting import Acceptor
from producers.gateway.shares.accounts import Accounts, Guest
from producers.gateway.shares.decrypting import TLS_BUFFER_BYTES, UNSENT_BYTES
from producers.gateway.shares.paced import SLICE_BYTES, PacedConnection
from producers.gateway.shares.serving import listeners
from schemas.ports import HOST
from tests.support.certificates import Authority, authority


def get(number: int) -> bytes:
    return b"GET /%d HTTP/1.1\r\nHost: g\r\n\r\n" % number


def post(number: int, length: int) -> bytes:
    return b"POST /%d HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n" % (number, length) + b"x" * length


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("certificates") / "ca")


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sslproto.SSLProtocol, "max_size", TLS_BUFFER_BYTES)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


class Visit(NamedTuple):
    """Both sides of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ours: PacedConnection


class Server:
    """Answers each request with its path and the length of its body, and notes how many others were read by then.

    One path is answered with 16 MiB more.
    """

    def __init__(self, share: float = 0.9, issuer: Authority | None = None, *, is_proxied: bool = False) -> None:
        self.accounts = Accounts(share, 10)
        self._account_of = self.accounts.of_proxy if is_proxied else self.accounts.of_address
        self.waiting: list[int] = []
        self._issuer = issuer
        self._state = uvicorn.server.ServerState()
        self.connections: list[PacedConnection] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.waiting.append(len(self.connections[0].pipeline))
        length, more = 0, True
        while more:
            message = await receive()
            length += len(message["body"])
            more = message["more_body"]
        said = f"{scope['path'][1:]}:{length} ".encode()
        beyond = 64 * [b"x" * 262_144] if scope["path"] == LONG_ANSWER else []
        all_of_it = len(said) + sum(map(len, beyond))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % all_of_it)]})
        for part in (said, *beyond):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        config = uvicorn.Config(self, ws="none", lifespan="off", log_config=None, access_log=False)
        config.load()

        def protocol(guest: Guest) -> PacedConnection:
            self.connections.append(PacedConnection(config, self._state, lambda _: None, self.accounts, guest))
            return self.connections[-1]

        tls = None if self._issuer is None else self._issuer.server()
        sockets = await listeners(HOST, 0, 8)
        acceptor = Acceptor(sockets, protocol, self.accounts, self._account_of, lambda: tls)
        self._port = sockets[0].getsockname()[1]
        yield
        acceptor.close()
        await acceptor.wait_closed()

    @asynccontextmanager
    async def visited(self, first: bytes) -> AsyncIterator[Visit]:
        """Yield both sides of a connection on which a client has sent its first bytes."""
        async with asyncio.timeout(10):
            trust = None if self._issuer is None else ssl.create_default_context(cafile=str(self._issuer.file))
            number = len(self.connections)
            reader, writer = await asyncio.open_connection(HOST, self._port, ssl=trust)
            writer.write(first)
            while not (self.connections[number:] and hasattr(self.connections[number].transport, "write")):
                await asyncio.sleep(0)
            yield Visit(reader, writer, self.connections[number])
            writer.transport.abort()
            self.connections[number].transport.abort()
            while self.connections[number] in self._state.connections:
                await asyncio.sleep(0)
            while self._state.tasks and not self._state.connections:
                await asyncio.sleep(0)


SENT = {
    "requests without a body": [get(number) for number in range(2_000)],
    "bodies of several slices": [post(number, 3 * SLICE_BYTES) for number in range(40)],
    "a body larger than all buffers, between others": [get(0), post(1, 400_000), get(2), get(3)],
    "a slice and a request each ends with a slice": [post(number, SLICE_BYTES - 53) for number in range(9)],
}


LONG_ANSWER = "/long"


@pytest.mark.parametrize("owed_s", [0.0, 0.5])
@pytest.mark.parametrize("way", ["plain", "TLS", "TLS of an asyncio that we do not know"])
@pytest.mark.parametrize("kind", SENT)
async def test_all_is_answered_in_order_and_a_slice_at_most_is_read_ahead(
    monkeypatch: pytest.MonkeyPatch, issuer: Authority, kind: str, way: str, owed_s: float
) -> None:
    if way.endswith("know"):
        monkeypatch.setattr(decrypting, "_STEP", "_named_otherwise")
    requests, server = SENT[kind], Server(issuer=None if way == "plain" else issuer)
    sent = b"".join(requests)
    async with server.listening(), server.visited(sent[:1]) as (reader, writer, _):
        server.accounts.of_address(HOST).turns.charge(owed_s)
        writer.write(sent[1:])
        if writer.can_write_eof():
            writer.write_eof()
        told = []
        for _request in requests:
            await reader.readuntil(b"\r\n\r\n")
            told.append((await reader.readuntil(b" ")).decode())
    lengths = [len(one.partition(b"\r\n\r\n")[2]) for one in requests]
    assert told == [f"{number}:{length} " for number, length in enumerate(lengths)]
    assert max(server.waiting) <= SLICE_BYTES // len(min(requests, key=len)) + 1


@pytest.mark.parametrize("way", ["plain", "TLS"])
async def test_several_connections_in_one_line_all_get_their_turns(issuer: Authority, way: str) -> None:
    sent, server = post(7, 3 * SLICE_BYTES), Server(issuer=issuer if way == "TLS" else None)
    async with server.listening(), AsyncExitStack() as stack:
        visits = [await stack.enter_async_context(server.visited(sent[:1])) for _ in range(4)]
        server.accounts.of_address(HOST).turns.charge(0.5)
        for visit in visits:
            visit.writer.write(sent[1:])
        for visit in visits:
            await visit.reader.readuntil(b"7:%d " % (3 * SLICE_BYTES))


async def test_part_of_a_record_that_waits_for_its_turn_keeps_no_idle_connection_open(issuer: Authority) -> None:
    server = Server(issuer=issuer)
    async with server.listening(), server.visited(get(0)) as (reader, writer, ours):
        await reader.readuntil(b"0:0 ")
        server.accounts.of_address(HOST).turns.charge(0.5)
        writer.transport._ssl_protocol._transport.write(b"\x17\x03\x03")  # type: ignore[attr-defined]
        while not ours.flow.is_held:
            await asyncio.sleep(0)
        ours.timeout_keep_alive = 0
        ours.timeout_keep_alive_handler()
        assert await reader.read() == b""


@pytest.mark.usefixtures("no_collector")
async def test_a_lost_connection_over_tls_is_gone_at_once(issuer: Authority) -> None:
    server = Server(issuer=issuer)
    async with server.listening():
        async with server.visited(get(0)) as (reader, _, ours):
            await reader.readuntil(b"0:0 ")
            left = weakref.ref(ours)
        del ours
        server.connections.clear()
        for _round in range(3):
            await asyncio.sleep(0)
        assert left() is None


@pytest.mark.parametrize("record", [1, 16_384], ids="records of {}".format)
async def test_each_record_is_charged_once(monkeypatch: pytest.MonkeyPatch, issuer: Authority, record: int) -> None:
    """The clock moves on by one for each record that is decrypted, and for each slice that is parsed."""
    clock, charged, read, parse = [0], [], ssl.SSLObject.read, Connection.data_received

    def decrypted(one: ssl.SSLObject, *words: Any) -> Any:
        clock[0] += one.server_side
        return read(one, *words)

    def parsed(one: Connection, data: bytes) -> None:
        clock[0] += 1
        parse(one, data)

    monkeypatch.setattr(ssl.SSLObject, "read", decrypted)
    monkeypatch.setattr(Connection, "data_received", parsed)
    monkeypatch.setattr(paced, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(Guest, "charge", lambda _, seconds: charged.append(seconds))
    sent, server = post(0, 20_000), Server(issuer=issuer)
    async with server.listening(), server.visited(sent[:1]) as (reader, writer, _):
        writer.writelines([sent[at : at + record] for at in range(1, len(sent), record)])
        await reader.readuntil(b"0:20000 ")
    assert sum(charged) == clock[0] > len(sent) // record


async def test_a_connection_that_waits_for_its_turn_decrypts_nothing_and_keeps_little(issuer: Authority) -> None:
    server = Server(share=1e-6, issuer=issuer)  # its turn never comes
    sent = post(0, 4_000_000)
    async with server.listening(), server.visited(sent[:1]) as (_, writer, ours):
        server.accounts.of_address(HOST).turns.charge(1.0)
        writer.write(sent[1:])
        socket_side = ours.transport._ssl_protocol._transport  # type: ignore[attr-defined]
        while socket_side.is_reading():
            await asyncio.sleep(0)
        assert 0 < ours.transport.get_read_buffer_size() <= TLS_BUFFER_BYTES  # type: ignore[attr-defined]
        assert not ours._held, "nothing is decrypted before its turn"


@pytest.mark.parametrize("way", ["plain", "TLS"])
async def test_little_is_kept_for_a_client_that_does_not_read(issuer: Authority, way: str) -> None:
    sent = b"GET %s HTTP/1.1\r\nHost: g\r\n\r\n" % LONG_ANSWER.encode()
    server = Server(issuer=issuer if way == "TLS" else None)
    async with server.listening(), server.visited(sent) as (_, writer, ours):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        while not ours.flow.write_paused:
            await asyncio.sleep(0)
        assert ours._answer_due is not None
        assert ours.transport.get_write_buffer_size() <= UNSENT_BYTES + 262_144


class Waiting(Server):
    """Lets each request wait for a turn, and answers if it came."""

    def __init__(self, *, is_proxied: bool) -> None:
        super().__init__(is_proxied=is_proxied)
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waits = asyncio.Event()

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.waits.set()
        if await scope["state"]["guest"].wait(self.turn):
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("is_proxy", [False, True])
async def test_a_proxy_that_gives_a_waiting_request_up_is_closed_and_a_client_is_answered(is_proxy: bool) -> None:
    """A client may end its side after its last request; a proxy does so only when its own client has left."""
    server = Waiting(is_proxied=is_proxy)
    async with server.listening(), server.visited(get(0)) as (reader, writer, _):
        await server.waits.wait()
        writer.write_eof()
        if not is_proxy:
            server.turn.set_result(None)
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 204") is not is_proxy
    assert bool(answer) is not is_proxy
