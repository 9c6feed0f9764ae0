"""Whatever a client sends at once, one connection works through it in slices, and answers all of it in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from producers.gateway.shares.accepting import Acceptor
from producers.gateway.shares.accounts import Accounts, Guest
from producers.gateway.shares.paced import SLICE_BYTES, PacedConnection
from producers.gateway.shares.serving import listeners
from schemas.ports import HOST


def get(number: int) -> bytes:
    return b"GET /%d HTTP/1.1\r\nHost: g\r\n\r\n" % number


def post(number: int, length: int) -> bytes:
    return b"POST /%d HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n" % (number, length) + b"x" * length


class Server:
    """Answers each request with its path and the length of its body, and notes how many others were read by then."""

    def __init__(self) -> None:
        self.accounts = Accounts(0.9, 10)
        self.waiting: list[int] = []
        self._connections: list[PacedConnection] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.waiting.append(len(self._connections[0].pipeline))
        length, more = 0, True
        while more:
            message = await receive()
            length += len(message["body"])
            more = message["more_body"]
        said = f"{scope['path'][1:]}:{length} ".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
        await send({"type": "http.response.body", "body": said})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        config = uvicorn.Config(self, ws="none", lifespan="off", log_config=None, access_log=False)
        config.load()
        state = uvicorn.server.ServerState()

        def protocol(guest: Guest) -> PacedConnection:
            self._connections.append(PacedConnection(config, state, lambda _: None, self.accounts, guest))
            return self._connections[-1]

        acceptor = Acceptor(await listeners(HOST, 0, 8), protocol, self.accounts, self.accounts.of_address)
        yield acceptor.sockets[0].getsockname()[1]
        acceptor.close()
        await acceptor.wait_closed()


SENT = {
    "requests without a body": [get(number) for number in range(2_000)],
    "bodies of several slices": [post(number, 3 * SLICE_BYTES) for number in range(40)],
    "a body larger than all buffers, between others": [get(0), post(1, 400_000), get(2), get(3)],
    "a slice and a request each ends with a slice": [post(number, SLICE_BYTES - 53) for number in range(9)],
}


@pytest.mark.parametrize("owed_s", [0.0, 0.5])
@pytest.mark.parametrize("kind", SENT)
async def test_all_is_answered_in_order_and_a_slice_at_most_is_read_ahead(kind: str, owed_s: float) -> None:
    requests, server = SENT[kind], Server()
    async with server.listening() as port:
        server.accounts.of_address(HOST).turns.charge(owed_s)
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"".join(requests))
        writer.write_eof()
        answers = (await reader.read()).split(b"\r\n\r\n")
        writer.close()
    lengths = [len(one.partition(b"\r\n\r\n")[2]) for one in requests]
    told = [answer.partition(b" ")[0].decode() for answer in answers[1:]]
    assert told == [f"{number}:{length}" for number, length in enumerate(lengths)]
    assert max(server.waiting) <= SLICE_BYTES // len(min(requests, key=len)) + 1
