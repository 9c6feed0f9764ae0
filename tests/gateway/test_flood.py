"""An address that opens thousands of connections a second is kept out for a second, by the system; nobody else is."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from producers.gateway.shares import flood
from producers.gateway.shares.accepting import Acceptor
from producers.gateway.shares.accounts import Accounts
from producers.gateway.shares.dropping import drop_from
from producers.gateway.shares.serving import listeners
from schemas.ports import HOST

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other filters")

ONE, OTHER = "127.0.0.1", "127.0.0.2"


def gets_in(source: str, port: int) -> bool:
    family, server = (socket.AF_INET6, "::1") if ":" in source else (socket.AF_INET, HOST)
    with socket.socket(family) as client:
        client.settimeout(0.3)  # one that is let in is so at once, without this program
        client.bind((source, 0))
        try:
            client.connect((server, port))
        except TimeoutError:
            return False
        return True


@pytest.fixture(params=[HOST, "::1", "::"])
def listener(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, set[str]]]:
    """A listening socket, and the addresses that can reach it."""
    reached = {HOST: {ONE, OTHER}, "::1": {"::1"}, "::": {"::1", ONE, OTHER}}[request.param]
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    try:
        made = socket.create_server((request.param, 0), family=family, dualstack_ipv6=request.param == "::")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with made:
        yield made, reached


@pytest.mark.parametrize(
    ("dropped", "out"),
    [
        ((), set()),
        ((ONE,), {ONE}),
        ((OTHER,), {OTHER}),
        (("10.0.0.1", ONE, "2001:db8::/64", OTHER), {ONE, OTHER}),
        (("::/64",), {"::1"}),
        (("2001:db8::/64", "::/64", "10.0.0.1"), {"::1"}),
        (("0:0:0:1::/64", "1::/64", "127.0.0.0", "1.0.0.127", "0.0.0.0"), set()),
        ((*(f"10.{one // 250}.{one % 250}.1" for one in range(400)), ONE), {ONE}),
    ],
)
def test_a_listener_drops_these_networks_and_no_others(
    listener: tuple[socket.socket, set[str]], dropped: tuple[str, ...], out: set[str]
) -> None:
    server, reached = listener
    port = server.getsockname()[1]
    assert drop_from(server, [ip_network(one) for one in dropped])
    assert {one for one in reached if not gets_in(one, port)} == out & reached
    assert drop_from(server, [])
    assert all(gets_in(one, port) for one in reached)


@pytest.mark.parametrize("is_proxy", [False, True])
async def test_a_flood_is_dropped_for_a_second_unless_a_proxy_carries_it(
    is_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "MOST", 20)
    monkeypatch.setattr(flood, "WITHIN_S", 60.0)
    monkeypatch.setattr(flood, "DROPPED_S", 3.0)
    told: list[str] = []
    accounts = Accounts(0.2, 100, told.append)
    account_of = accounts.of_proxy if is_proxy else accounts.of_address
    acceptor = Acceptor(await listeners(HOST, 0, 100), lambda _: asyncio.Protocol(), accounts, account_of)
    port = acceptor.sockets[0].getsockname()[1]
    with contextlib.ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(await asyncio.to_thread(socket.create_connection, (HOST, port))).send(b"x")
        while len(accounts.guests) < 20:
            await asyncio.sleep(0)
        assert told == ([] if is_proxy else ["connections"])
        assert await asyncio.to_thread(gets_in, ONE, port) is is_proxy
        assert await asyncio.to_thread(gets_in, OTHER, port)
        (await asyncio.to_thread(socket.create_connection, (HOST, port), 30)).close()
    acceptor.close()
    await acceptor.wait_closed()
