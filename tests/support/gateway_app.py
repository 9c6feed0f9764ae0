"""A gateway's real ASGI application in this process, without a server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.types import Receive, Scope, Send

from producers.gateway.app import Gateway
from producers.gateway.http.doors import Doors
from producers.gateway.run import create_gateway
from schemas.api.http import EVENTS_PATH, TERMINAL_PATH
from schemas.api.terminals import Terminal
from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import GatewaySettings, KafkaSettings
from tests.support.gateway import BOOTH, Paired


class GatewayApp:
    """A gateway to which terminals send requests.

    Attributes:
        gateway: everything behind its doors.
    """

    def __init__(self, paired: Paired, gateway: Gateway, client: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self._paired, self._client = paired, client

    async def who_am_i(self, terminal: Terminal = BOOTH, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self._client.get(TERMINAL_PATH, headers={**self._token(terminal), **(headers or {})})

    async def post(
        self, body: object, terminal: Terminal = BOOTH, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await self._client.post(EVENTS_PATH, json=body, headers={**self._token(terminal), **(headers or {})})

    async def send(self, method: str, path: str, headers: list[tuple[str, str]]) -> httpx.Response:
        """Send a request without a token of its own."""
        return await self._client.request(method, path, headers=headers)

    def _token(self, terminal: Terminal) -> dict[str, str]:
        return {"authorization": f"Bearer {self._paired.of(terminal)}"}


@asynccontextmanager
async def gateway_app(
    paired: Paired, fair_file: Path | None = None, kafka: KafkaSettings | None = None, **settings: object
) -> AsyncIterator[GatewayApp]:
    """A gateway that has read its registry. Without `kafka`, it has not begun to look for one."""
    fair = load_fair(fair_file or example_fair_path("small"))
    gateway = create_gateway(
        fair,
        kafka or KafkaSettings(),
        GatewaySettings.load(terminals_file=paired.path, terminals_shared=False, **settings),
    )
    gateway.doorkeeper.read()
    doors, guest = Doors(gateway), gateway.accounts.let_in(gateway.accounts.of_address("127.0.0.1"))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await doors({**scope, "state": {"guest": guest}}, receive, send)

    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        try:
            yield GatewayApp(paired, gateway, client)
        finally:
            await gateway.topics.close()
