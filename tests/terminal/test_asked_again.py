"""A door's page that asks again after a lost reply gets the same answer, whatever the register says by then."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producers.terminal import web_gate
from producers.terminal.badge_check import CheckedBadge
from producers.terminal.link import Link
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web_gate import GateScans
from schemas.codes import DenyReason
from tests.support.terminals import REGISTER_FAIR, paired

GATE = {"place": "gate", "place_id": "north", "source": "/fairs/small-2025/gates/north/terminals/t-1"}
HALL = {"place": "hall", "place_id": "h1", "source": "/fairs/small-2025/halls/h1/terminals/t-1"}
UNPAID = CheckedBadge(known=True, denied=True, reason=DenyReason.UNPAID)
ASKED = {"ids": ["0199313c-a804-7c4e-9d31-5b8f20c1e604"], "lines": ["VISITOR-4711"], "end": "enter"}


class Register:
    """Answers what a gate asks."""

    def __init__(self) -> None:
        self.says = UNPAID
        self.asked = 0

    async def check(self, *_: object) -> CheckedBadge:
        self.asked += 1
        return self.says


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    made = Register()
    monkeypatch.setattr(web_gate, "check_badge", made.check)
    return made


@pytest.fixture(params=[(GATE, "entry", "exit"), (HALL, "zone_in", "zone_out")], ids=["gate", "hall"])
def door(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[BoothTerminal, str, str]]:
    said, comes, goes = request.param
    terminal = paired(folder, fair=REGISTER_FAIR, **said)
    yield terminal, comes, goes
    terminal.spool.close()


async def ask(gate: GateScans, kind: str) -> dict[str, Any]:
    (result,) = (await gate.scan({**ASKED, "kind": kind}))["results"]
    return dict(result)


def page_of(terminal: BoothTerminal) -> GateScans:
    return GateScans(terminal, lambda: Link("http://127.0.0.1:1"))


@pytest.mark.parametrize("says", [UNPAID, CheckedBadge(known=True)], ids=["turned away", "let in"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_the_answer_is_that_of_the_saved_scan(
    door: tuple[BoothTerminal, str, str], register: Register, says: CheckedBadge, restarted: bool
) -> None:
    terminal, comes, _ = door
    gate, register.says = page_of(terminal), says
    first = await ask(gate, comes)
    assert first.get("denied", False) is says.denied
    register.says = CheckedBadge(known=True) if says.denied else UNPAID
    again = await ask(page_of(terminal) if restarted else gate, comes)
    told = ("seq", "id", "denied", "reason")
    assert {name: again.get(name) for name in told} == {name: first.get(name) for name in told}
    assert register.asked == 1
    assert terminal.spool.totals().pending == 1


async def test_nobody_is_checked_on_the_way_out(door: tuple[BoothTerminal, str, str], register: Register) -> None:
    terminal, _, goes = door
    assert "denied" not in await ask(page_of(terminal), goes)
    assert register.asked == 0
