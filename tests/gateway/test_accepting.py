"""The acceptor hands over connections as asyncio's own server would, and those of a busy address many at a time."""

import asyncio
import socket
import struct
import sys

import pytest
from typing_extensions import override

from producers.gateway.shares.accepting import AT_ONCE, Acceptor
from producers.gateway.shares.accounts import Accounts
from producers.gateway.shares.serving import listeners
from producers.gateway.shares.turns import Meter, ProcessorTurns
from schemas.ports import HOST


async def test_an_answer_in_two_parts_does_not_wait_for_the_acknowledgement_of_the_first() -> None:
    let_in: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()

    class Seen(asyncio.Protocol):
        @override
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            let_in.set_result(transport.get_extra_info("socket"))

    accounts = Accounts(0.2, 10)
    acceptor = Acceptor(await listeners(HOST, 0, 8), lambda _: Seen(), accounts, accounts.of_address)
    _, writer = await asyncio.open_connection(*acceptor.sockets[0].getsockname())
    writer.write(b"x")
    assert (await let_in).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    writer.close()
    acceptor.close()
    await acceptor.wait_closed()


class GivenTurns(ProcessorTurns):
    """Turns that a test gives one by one."""

    def __init__(self) -> None:
        super().__init__(0.2, Meter(), lambda: None)
        self.asked: list[asyncio.Future[None]] = []
        self.newcomers: list[bool] = []

    @property
    @override
    def must_wait(self) -> bool:
        return True

    @override
    def turn(self, *, first: bool = False) -> asyncio.Future[None]:
        self.newcomers.append(first)
        self.asked.append(asyncio.get_running_loop().create_future())
        return self.asked[-1]


LEAVING = {
    "after a byte": (b"G", None),
    "after a request, with a reset": (b"GET / HTTP/1.1\r\n\r\n", struct.pack("ii", 1, 0)),
}
"""How clients leave: what they said, and how long the socket lingers."""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell that a client has left")
@pytest.mark.parametrize("leaving", LEAVING)
@pytest.mark.parametrize("live_first", [False, True])
async def test_those_in_the_line_of_a_busy_address_are_let_in_many_per_turn(leaving: str, live_first: bool) -> None:
    said, linger = LEAVING[leaving]
    accounts = Accounts(0.9, 1_000)
    turns = accounts.of_address(HOST).turns = GivenTurns()
    let_in: set[object] = set()

    class Seen(asyncio.Protocol):
        @override
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            let_in.add(transport.get_extra_info("peername"))

    acceptor = Acceptor(await listeners(HOST, 0, 300), lambda _: Seen(), accounts, accounts.of_address)
    clients = [socket.create_connection(acceptor.sockets[0].getsockname()) for _ in range(240)]
    for one in clients:
        one.sendall(said)
    async with asyncio.timeout(30):
        while len(acceptor._lobby) < len(clients) or not turns.asked:
            await asyncio.sleep(0)
        live = clients[:40] if live_first else clients[::6]
        names = {one.getsockname() for one in live}
        for one in clients:
            if one not in live:
                if linger is not None:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                one.close()
        given = 0
        while not names <= let_in:
            while not turns.asked and not names <= let_in:
                await asyncio.sleep(0)
            for turn in turns.asked:
                turn.set_result(None)
                given += 1
            turns.asked.clear()
            await asyncio.sleep(0)
    assert given <= len(clients) // AT_ONCE + 1
    assert let_in == names
    assert all(turns.newcomers)
    for one in live:
        one.close()
    acceptor.close()
    await acceptor.wait_closed()
