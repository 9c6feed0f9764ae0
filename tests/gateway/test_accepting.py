"""The acceptor hands over connections as asyncio's own server would."""

import asyncio
import socket

from typing_extensions import override

from producers.gateway.shares.accepting import Acceptor
from producers.gateway.shares.accounts import Accounts
from producers.gateway.shares.serving import listeners
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
