"""`fairpulse terminal scan` at a door of a fair with a register: who comes in is checked by the rule of the page."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from producers.terminal.cli import terminal as command
from producers.terminal.spool import Spool
from schemas.fair.model import Fair
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import FAIR, REGISTER_FAIR, pair

CODE: Final = "VISITOR-4711"
EVENT_ID: Final = "0199313c-a804-7c4e-9d31-5b8f20c1e604"
GATE: Final = {"place": "gate", "place_id": "north"}
HALL: Final = {"place": "hall", "place_id": "h1"}
BOOTH: Final = {"place": "booth", "place_id": "h1-001"}
REVOKED: Final = {"known": True, "denied": "revoked"}
STOP: Final = "\a\aStop: this person must not go in\n"


async def run(folder: Path, *words: str, given: str = "") -> Result:
    """Run the command in a thread: it has an event loop of its own."""
    asked = ["--folder", str(folder), "scan", *words]
    return await asyncio.to_thread(CliRunner().invoke, command, asked, input=given, standalone_mode=False)


def saved(folder: Path) -> list[dict[str, Any]]:
    spool = Spool(folder)
    bodies = [json.loads(one.body)["data"] for one in spool.oldest(100, 10**6)]
    spool.close()
    return bodies


@pytest.mark.parametrize("place", [GATE, HALL], ids=["gate", "hall door"])
@pytest.mark.parametrize(
    ("says", "line", "result", "reason"),
    [
        ({"known": True}, f"saved 1 {EVENT_ID}", "accepted", None),
        (REVOKED, f"denied 1 {EVENT_ID}: revoked", "denied", "revoked"),
        ({"known": True, "denied": "unpaid"}, f"denied 1 {EVENT_ID}: unpaid", "denied", "unpaid"),
        ({"known": True, "denied": "too_tall"}, f"denied 1 {EVENT_ID}: no reason was given", "denied", None),
        ({"known": False}, f"saved 1 {EVENT_ID}: the register does not have this badge yet", "accepted", None),
        (None, f"saved 1 {EVENT_ID}: not checked: the gateway could not say in time", "accepted", None),
    ],
    ids=[
        "in force",
        "reprinted",
        "unpaid",
        "a reason of later",
        "unknown",
        "a gateway that does not know the question",
    ],
)
async def test_who_comes_in_is_treated_as_the_register_says(
    folder: Path,
    server: ScriptedServer,
    place: dict[str, str],
    says: dict[str, Any] | None,
    line: str,
    result: str,
    reason: str | None,
) -> None:
    pair(folder, server.url, fair=REGISTER_FAIR, **place)
    server.checks = None if says is None else {CODE: says}
    ended = await run(folder, CODE, "--id", EVENT_ID)
    assert ended.stdout == f"{line}\n"
    assert (ended.return_value, ended.stderr) == ((3, STOP) if result == "denied" else (0, ""))
    (scan,) = saved(folder)
    assert (scan["result"], scan.get("reason")) == (result, reason)
    assert server.checked == [{"badge_code": CODE}]


async def test_a_gateway_that_is_not_there_lets_everybody_in_unchecked(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1", fair=REGISTER_FAIR, **GATE)
    ended = await run(folder, CODE)
    assert (ended.return_value, "not checked" in ended.stdout) == (0, True)
    assert [one["result"] for one in saved(folder)] == ["accepted"]


NOBODY_IS_ASKED: dict[str, tuple[Fair, dict[str, str], list[str]]] = {
    "on the way out": (REGISTER_FAIR, GATE, ["--kind", "exit"]),
    "out of a hall": (REGISTER_FAIR, HALL, ["--kind", "zone_out"]),
    "let in by a person": (REGISTER_FAIR, GATE, ["--forced"]),
    "turned away by a person": (REGISTER_FAIR, GATE, ["--denied", "--reason", "blocked"]),
    "at a booth": (REGISTER_FAIR, BOOTH, []),
    "without a register": (FAIR, GATE, []),
}


@pytest.mark.parametrize("case", NOBODY_IS_ASKED)
async def test_nobody_else_is_asked_about(folder: Path, server: ScriptedServer, case: str) -> None:
    fair, place, words = NOBODY_IS_ASKED[case]
    pair(folder, server.url, fair=fair, **place)
    code = "ab" * 16
    server.checks = {code: REVOKED}
    ended = await run(folder, code, *words)
    assert (ended.return_value, ended.stdout.split()[0], server.checked) == (0, "saved", [])


async def test_each_line_of_a_scanner_is_checked_by_itself(folder: Path, server: ScriptedServer) -> None:
    pair(folder, server.url, fair=REGISTER_FAIR, **GATE)
    server.checks = {"A-1": REVOKED, "A-2": {"known": True}}
    ended = await run(folder, given="A-1\nA-2\nA-1\nhttps://example.com/ada\n")
    assert [line.split()[0] for line in ended.stdout.splitlines()] == ["denied", "saved", "denied"]
    assert (ended.return_value, ended.stderr.count(STOP)) == (0, 2)
    assert "line 4: not saved: badge" in ended.stderr
    assert [one["result"] for one in saved(folder)] == ["denied", "accepted"]


async def test_the_same_id_again_gets_the_decision_of_then(folder: Path, server: ScriptedServer) -> None:
    pair(folder, server.url, fair=REGISTER_FAIR, **GATE)
    server.checks = {CODE: REVOKED}
    first = await run(folder, CODE, "--id", EVENT_ID)
    server.checks = {CODE: {"known": True}}
    again = await run(folder, CODE, "--id", EVENT_ID)
    assert (again.return_value, again.stdout) == (first.return_value, first.stdout)
    assert len(saved(folder)) == 1
