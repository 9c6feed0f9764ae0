"""A closed connection leaves nothing behind that only the collector of cycles would find."""

import asyncio
import gc
import socket
import struct
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from producers.gateway.shares.accounts import Accounts
from producers.gateway.shares.paced import PacedConnection
from schemas.ports import HOST

REQUEST = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for a close that the other side sees as a reset, like a TLS client that just disconnects."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("requests", [0, 1, 3])
@pytest.mark.parametrize("reset", [True, False])
async def test_a_connection_that_its_peer_dropped_is_gone_at_once(requests: int, reset: bool) -> None:
    left: list[weakref.ref[Any]] = []
    lost = asyncio.Event()

    class Watched(PacedConnection):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            left.append(weakref.ref(self))

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    config = uvicorn.Config(answer, http=Watched, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    accounts = Accounts(0.2, 10)
    address = accounts.of_address(HOST)
    server = await loop.create_server(
        lambda: Watched(config, state, lambda _: None, accounts, accounts.let_in(address)), HOST, 0
    )
    async with server:
        with socket.create_connection(server.sockets[0].getsockname()) as peer:
            peer.setblocking(False)
            for _ in range(requests):
                await loop.sock_sendall(peer, REQUEST)
                assert (await loop.sock_recv(peer, 1_000)).startswith(b"HTTP/1.1 202")
            if reset:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        await asyncio.wait_for(lost.wait(), 10)
        for _ in range(3):
            await asyncio.sleep(0)
        assert [one() for one in left] == [None]
        assert not accounts.guests
