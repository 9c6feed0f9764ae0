"""HTTP exchanges with the gateway. The only module that uses the network; after any failure the outcome is unknown."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, Self

import aiohttp

from producers.terminal.spool import Waiting
from producers.terminal.trust import CA_FILE, trusting
from schemas.api.http import (
    BADGE_CHECK_PATH,
    BADGE_KEY,
    BATCH_TYPE,
    EVENTS_PATH,
    JSON_TYPE,
    TERMINAL_INSTANCE,
    TERMINAL_PATH,
)
from schemas.http_reach import no_answer

PATIENCE_S: Final = 15.0
"""Time limit of one exchange; longer than the gateway's own deadline of 8 s, so that its answer still reaches us."""

ANSWER_BYTES: Final = 1_048_576
"""Longest answer that is read; five hundred results take a tenth of it."""

Stamps = Callable[[], Mapping[str, str]]
"""Makes the headers that carry the time."""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """A server's answer, and the seconds from the request until the answer was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float


class Link:
    """The way to one gateway, for one terminal or many; use as `async with`. Never follows a redirect.

    Args:
        server: https://host[:port] of the gateway.
        authorities: PEM texts of authorities that are trusted beside those of the system.
        instance: what tells this terminal from a copy of its folder; empty for many terminals.
        patience_s: time limit of one exchange, from the first byte to the last.
        connections: most exchanges at the same time.
    """

    def __init__(
        self,
        server: str,
        *,
        authorities: Iterable[str] = (),
        instance: str = "",
        patience_s: float = PATIENCE_S,
        connections: int = 8,
    ) -> None:
        self._instance = {TERMINAL_INSTANCE: instance} if instance else {}
        self.go_to(server, authorities)
        self._patience = aiohttp.ClientTimeout(total=patience_s)
        self._connections = connections
        self._turns = asyncio.Semaphore(connections)
        self._session: aiohttp.ClientSession | None = None

    def go_to(self, server: str, authorities: Iterable[str]) -> None:
        """Send to this server from now on, also if another one was given before; raises as `trusting`."""
        self.server = server.rstrip("/")
        encrypted = self.server.startswith("https:")
        self._tls: ssl.SSLContext | bool = trusting(authorities) if encrypted else True

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=self._connections)
        self._session = aiohttp.ClientSession(connector=connector, timeout=self._patience, auto_decompress=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, batch: Sequence[Waiting], token: str, stamps: Stamps) -> ServerAnswer:
        """Send the events and return the answer.

        Args:
            batch: at least one event.
            token: the terminal's.
            stamps: reads the clocks when it is this request's turn.

        Raises:
            Unavailable: there is no answer, and the outcome is unknown.
        """
        body = b"[" + b",".join(one.body for one in batch) + b"]"
        # The time limit does not include the wait for a turn among many terminals.
        async with self._turns:
            headers = {"Content-Type": BATCH_TYPE, **stamps()}
            return await self._ask("POST", EVENTS_PATH, token, headers, body)

    async def check(self, body: bytes, token: str) -> ServerAnswer:
        """Ask what the register of badges says of a badge. Raises Unavailable when no answer comes."""
        return await self._ask("POST", BADGE_CHECK_PATH, token, {"Content-Type": JSON_TYPE}, body)

    async def who_am_i(self, token: str, badge_key: str = "") -> ServerAnswer:
        """Ask the gateway whose token this is. Raises Unavailable when no answer comes.

        Args:
            token: the terminal's.
            badge_key: fingerprint of the terminal's badge key, to pair; the gateway keeps the first one of a fair.
        """
        async with self._turns:
            return await self._ask("GET", TERMINAL_PATH, token, {BADGE_KEY: badge_key} if badge_key else {}, None)

    async def _ask(
        self, method: str, path: str, token: str, headers: dict[str, str], body: bytes | None
    ) -> ServerAnswer:
        assert self._session is not None, "use the link as `async with`"
        began = monotonic()
        try:
            async with self._session.request(
                method,
                self.server + path,
                data=body,
                headers={
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/json",
                    **self._instance,
                    **headers,
                },
                allow_redirects=False,
                ssl=self._tls,
            ) as response:
                return ServerAnswer(
                    response.status, dict(response.headers), await _read(response.content), monotonic() - began
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # The error's text may hold the address, and a password in it.
            raise no_answer("gateway", self.server, error, ca_setting=CA_FILE) from None


async def _read(stream: aiohttp.StreamReader) -> bytes:
    """Return the body up to `ANSWER_BYTES`; the rest of a longer one is not read: no gateway sends that much."""
    parts: list[bytes] = []
    size = 0
    async for part in stream.iter_any():
        parts.append(part)
        size += len(part)
        if size > ANSWER_BYTES:
            break
    return b"".join(parts)
