"""An address that waits with too many connections of a proxy is refused more of them, and nobody else waits."""

import asyncio

import httpx
from starlette.types import Receive, Scope, Send

from producers.gateway.http.doors import Doors
from schemas.api.http import TERMINAL_PATH
from tests.support.gateway import BOOTH, Paired
from tests.support.gateway_app import GatewayApp, gateway_app

CROWD, OTHER = "203.0.113.9", "198.51.100.7"


async def proxied(app: GatewayApp, client: str, path: str, body: bytes = b"", token: str = "") -> httpx.Response:
    """Send a request over a proxy's connection of its own."""
    accounts = app.gateway.accounts
    doors, guest = Doors(app.gateway), accounts.let_in(accounts.of_proxy("127.0.0.1"))

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await doors({**scope, "state": {"guest": guest}}, receive, send)

    headers = {"x-forwarded-for": client, **({"authorization": f"Bearer {token}"} if token else {})}
    transport = httpx.ASGITransport(app=asgi)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as one:
        return await one.request("POST" if body else "GET", path, content=body, headers=headers)


async def test_an_address_with_too_many_is_refused_at_once_until_it_floods_while_others_are_served(
    paired: Paired,
) -> None:
    async with gateway_app(paired, gateway_proxies="127.0.0.1/32", gateway_connections=10, gateway_share=0.2) as app:
        accounts = app.gateway.accounts
        crowd = accounts.of_address(CROWD)
        crowd.turns._share = 1e-9
        crowd.turns.charge(10)
        waiting = [asyncio.create_task(proxied(app, CROWD, "/x")) for _ in range(2)]
        async with asyncio.timeout(30):
            while len(crowd.guests) < 2:
                await asyncio.sleep(0)
            for body in (b"", b"{}"):
                refused = await proxied(app, CROWD, "/x", body)
                assert (refused.status_code, refused.json()["code"]) == (429, "share")
                assert "retry-after" in refused.headers
                assert refused.headers["connection"] == "close", "others of the proxy need its place"
            crowd.refusals._share = 1e-9
            crowd.refusals.charge(10)
            waiting.append(asyncio.create_task(proxied(app, CROWD, "/x")))
            while not crowd.refusals._usual:
                await asyncio.sleep(0)
            served = await proxied(app, OTHER, TERMINAL_PATH, token=paired.of(BOOTH))
        assert served.status_code == 200
        assert (len(crowd.guests), accounts.addresses_over()) == (2, 1)
        assert not any(one.done() for one in waiting)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
