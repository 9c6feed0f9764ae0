"""A gate's terminal and the real gateway, at a fair with a register of badges, without a Kafka."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from typing_extensions import override

from producers.gateway.events.intake import Intake
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from producers.records import RawRecord
from producers.terminal.badge import Badge
from producers.terminal.badge_check import CheckedBadge, check_badge
from producers.terminal.link import Link, ServerAnswer
from schemas.codes import DenyReason, ScanResult
from tests.support.gateway import GATE, Paired
from tests.support.gateway_app import GatewayApp, gateway_app
from tests.support.registered import KEY, fair_with_register, person
from tests.support.terminals import REGISTER_FAIR, paired

TOKEN = "the-token-of-the-registration-system-0123"
ADA = {"person": "ada", "role": "visitor", "class": "public", "country": "DE"}


class Through(Link):
    """A link to a gateway in this process."""

    def __init__(self, app: GatewayApp) -> None:
        super().__init__("http://gateway")
        self._app = app

    @override
    async def check(self, body: bytes, token: str) -> ServerAnswer:
        answer = await self._app._client.post(
            "/v1/badge-check", content=body, headers={"authorization": f"Bearer {token}"}
        )
        return ServerAnswer(answer.status_code, dict(answer.headers), answer.content, 0)


class Registered:
    """A gateway in whose register ada has the badge A-2 in place of A-1, and the records that it hands to Kafka."""

    def __init__(self, app: GatewayApp, token: str) -> None:
        self.app = app
        self.token = token
        self.written: list[RawRecord] = []

    async def deliver(self, records: Sequence[RawRecord]) -> None:
        self.written += records

    async def reach_end(self) -> None:
        """Read what was written, as the follower does."""
        assert self.app.gateway.register is not None
        for record in self.written:
            self.app.gateway.register.follower._take_one(record)


@pytest.fixture
async def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Registered]:
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", KEY)
    enrolled = Paired(tmp_path / "terminals.sqlite")
    enrolled.enrol(GATE)
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="utf-8")
    async with gateway_app(enrolled, fair_with_register(tmp_path), gateway_badges_token_file=token) as app:
        made = Registered(app, enrolled.of(GATE))
        monkeypatch.setattr(type(app.gateway), "deliver", lambda _, records: made.deliver(records))
        assert app.gateway.register is not None
        app.gateway.register.follower.ready = app.gateway.register.is_key_kept = True
        monkeypatch.setattr(app.gateway.register.follower, "reach_end", made.reach_end)
        for code in ("A-1", "A-2"):
            row = json.dumps({**ADA, "codes": [code]}).encode()
            answer = await app._client.post("/v1/badges", content=row, headers={"authorization": f"Bearer {TOKEN}"})
            assert answer.status_code == 200, answer.text
        made.written.clear()
        yield made


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("A-2", CheckedBadge(known=True)),
        ("A-1", CheckedBadge(known=True, denied=True, reason=DenyReason.REVOKED)),
        ("B-1", CheckedBadge(known=False)),
    ],
    ids=["in force", "replaced", "not registered"],
)
async def test_the_gateway_answers_the_question_of_a_gate(
    registered: Registered, code: str, expected: CheckedBadge
) -> None:
    assert await check_badge(Through(registered.app), registered.token, Badge(code=code)) == expected


async def test_what_the_gate_saves_is_taken_as_scans_of_the_person(registered: Registered, folder: Path) -> None:
    said = {"terminal_id": GATE.terminal_id, "place": "gate", "place_id": GATE.place_id, "source": GATE.source}
    terminal = paired(folder, fair=REGISTER_FAIR, **said)
    terminal.scan("A-1", result=ScanResult.DENIED, reason=DenyReason.REVOKED)
    entry = terminal.scan("A-1", forced=True)
    terminal.annul(entry.event_id)
    events = [json.loads(one.body) for one in terminal.spool.oldest(10, 10**6)]
    terminal.spool.close()
    register = registered.app.gateway.register
    assert register is not None
    intake = Intake(REGISTER_FAIR, Remembered(100), register.codes, register.book)
    result = intake.judge(read_posting(json.dumps(events).encode(), GATE, "2025-10-25T09:00:01.250Z"))
    assert result.accepted == 3, result.fates
    stored = [json.loads(record.value) for record in result.records]
    assert {one["badge_ref"] for one in stored} == {person("ada")}
    assert [(one.get("result"), one.get("forced")) for one in stored] == [
        ("denied", False), ("accepted", True), (None, None),
    ]  # fmt: skip
    assert all(b"A-1" not in record.value for record in result.records)
