"""A gateway of a fair with a register, without a Kafka: what it writes, it reads."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from producers.gateway.http.problems import RequestRefused
from producers.records import RawRecord
from schemas.api.terminals import Terminal
from schemas.errors import Unavailable
from tests.support.gateway import GATE, enrolled
from tests.support.gateway_app import GatewayApp, gateway_app
from tests.support.registered import KEY, fair_with_register

TOKEN = "the-token-of-the-registration-system-0123"
PERSONS = [
    {"person": "ada", "role": "visitor", "class": "public", "country": "DE", "codes": ["A-1"]},
    {"person": "bob", "role": "media", "consent": False, "codes": ["B-1", "B-2"]},
]


class Desk:
    """A gateway whose register was read, and the records that it hands to Kafka."""

    def __init__(self, app: GatewayApp) -> None:
        self.app = app
        self.written: list[RawRecord] = []
        self.refuses: RequestRefused | None = None
        self.first: list[RawRecord] = []
        """Records of others, which the gateway has not read yet."""
        self._read = 0
        self.is_away = False
        assert app.gateway.register is not None
        self.register = app.gateway.register
        self.book = self.register.book

    async def deliver(self, records: Sequence[RawRecord]) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.written += records

    async def reach_end(self) -> None:
        """Read the topics, as the follower does."""
        if self.is_away:
            raise Unavailable("Kafka is away", hint="wait")
        for record in (*self.first, *self.written[self._read :]):
            self.register.follower._take_one(record)
        self.first, self._read = [], len(self.written)

    async def ask(self, path: str, body: bytes | object, token: str, **headers: str) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"authorization": f"Bearer {token}".encode("latin-1"), **{k: v.encode() for k, v in headers.items()}}
        return await self.app._client.post(path, content=raw, headers=given)

    async def import_(self, body: bytes | Sequence[object], query: str = "", token: str = TOKEN) -> httpx.Response:
        raw = body if isinstance(body, bytes) else b"\n".join(json.dumps(one).encode() for one in body)
        return await self.ask(f"/v1/badges{query}", raw, token)

    async def check(self, question: object, terminal: Terminal = GATE) -> httpx.Response:
        return await self.ask("/v1/badge-check", question, self.app._paired.of(terminal))


@asynccontextmanager
async def opened_desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """Run such a gateway for a block."""
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", KEY)
    paired = enrolled(folder / "terminals.sqlite")
    token = folder / "token"
    token.write_text(TOKEN + "\n", encoding="utf-8")
    async with gateway_app(paired, fair_with_register(folder), gateway_badges_token_file=token) as app:
        made = Desk(app)
        monkeypatch.setattr(type(app.gateway), "deliver", lambda _, records: made.deliver(records))
        made.register.follower.ready = made.register.is_key_kept = True
        monkeypatch.setattr(made.register.follower, "reach_end", made.reach_end)
        yield made
