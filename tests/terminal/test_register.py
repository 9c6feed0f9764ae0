"""A terminal at a fair with a register of badges: it posts codes, no roles, and asks the gateway at a gate."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from producers.terminal.badge import Badge
from producers.terminal.badge_check import CheckedBadge, check_badge
from producers.terminal.card import Card, card_of
from producers.terminal.link import Link
from producers.terminal.terminal import BoothTerminal
from schemas.badges.register import code_hash
from schemas.codes import BadgeRole, DenyReason, InteractionKind, ScanKind, ScanResult
from schemas.errors import InvalidEvent
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import BADGE, REGISTER_FAIR, paired

CODE = "VISITOR-4711"
KEY = b"thirty-two bytes make a badge key"
GATE = {"place": "gate", "place_id": "north", "source": "/fairs/small-2025/gates/north/terminals/t-1"}


@pytest.fixture
def make(folder: Path) -> Iterator[Callable[..., BoothTerminal]]:
    made: list[BoothTerminal] = []

    def terminal(**options: Any) -> BoothTerminal:
        made.append(paired(folder, fair=REGISTER_FAIR, **options))
        return made[-1]

    yield terminal
    for one in made:
        one.spool.close()


def posted(terminal: BoothTerminal) -> list[dict[str, Any]]:
    return [json.loads(one.body)["data"] for one in terminal.spool.oldest(1_000, 10**9)]


def test_without_a_key_the_code_is_posted_beside_the_event_and_no_role_is_said(
    make: Callable[..., BoothTerminal],
) -> None:
    terminal = make()
    terminal.scan(f"]Q1{CODE}\r")
    terminal.interact("x-e1", InteractionKind.LEAD_CAPTURED, badge=CODE)
    scan, lead = posted(terminal)
    assert scan["badge_code"] == lead["badge_code"] == CODE
    assert not {"badge_ref", "badge_role", "residence_country"} & (scan.keys() | lead.keys())


def test_with_a_key_the_pseudonym_is_posted_as_at_any_fair(make: Callable[..., BoothTerminal]) -> None:
    terminal = make(badge_key=KEY)
    terminal.scan(CODE)
    (scan,) = posted(terminal)
    assert scan["badge_ref"] == code_hash(KEY, CODE)
    assert "badge_code" not in scan


def test_a_badge_that_carries_a_pseudonym_is_posted_by_it(make: Callable[..., BoothTerminal]) -> None:
    terminal = make()
    terminal.scan(BADGE)
    assert posted(terminal)[0]["badge_ref"] == BADGE


def test_a_visitor_without_a_badge_has_neither_code_nor_pseudonym(make: Callable[..., BoothTerminal]) -> None:
    terminal = make()
    terminal.scan(None)
    assert not {"badge_ref", "badge_code"} & posted(terminal)[0].keys()


def test_a_second_read_of_a_code_counts_once_and_it_can_be_taken_back(make: Callable[..., BoothTerminal]) -> None:
    terminal = make()
    first = terminal.scan(CODE)
    assert terminal.scan(f"{CODE}\n").again
    terminal.annul(first.event_id)
    assert not terminal.scan(CODE).again
    scan, undo, _ = posted(terminal)
    assert scan["badge_code"] == undo["badge_code"] == CODE
    assert "badge_ref" not in undo


def test_what_is_not_a_badge_is_refused_and_its_code_is_not_repeated(make: Callable[..., BoothTerminal]) -> None:
    terminal = make()
    with pytest.raises(InvalidEvent) as refused:
        terminal.scan("https://example.com/ada")
    assert refused.value.word == "badge_url"
    assert "ada" not in str(refused.value)


def test_a_role_is_refused_where_the_register_says_who_somebody_is(make: Callable[..., BoothTerminal]) -> None:
    with pytest.raises(InvalidEvent, match=r"role: .*register.*leave it out"):
        make().scan(CODE, role=BadgeRole.MEDIA)


def test_the_card_says_whether_there_is_a_register_and_an_older_card_says_no() -> None:
    card = card_of(REGISTER_FAIR, "gate", "north")
    assert Card.read(card.text()).badge_register
    older = json.loads(card.text())
    del older["badge_register"]
    assert not Card.read(json.dumps(older)).badge_register


def test_a_gate_turns_away_with_a_reason_or_without_and_lets_in_by_force(make: Callable[..., BoothTerminal]) -> None:
    terminal = make(**GATE)
    terminal.scan(CODE, result=ScanResult.DENIED, reason=DenyReason.UNPAID)
    terminal.scan(CODE, kind=ScanKind.EXIT, result=ScanResult.DENIED)
    terminal.scan(CODE, forced=True)
    said = [(one["result"], one.get("reason"), one["forced"]) for one in posted(terminal)]
    assert said == [("denied", "unpaid", False), ("denied", None, False), ("accepted", None, True)]


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (GATE, {"result": ScanResult.DENIED, "forced": True}),
        (GATE, {"reason": DenyReason.UNPAID}),
        ({}, {"result": ScanResult.DENIED}),
        ({}, {"forced": True}),
    ],
    ids=["denied and forced", "a reason without a denial", "denied at a booth", "forced at a booth"],
)
def test_what_contradicts_itself_or_the_place_is_refused(
    make: Callable[..., BoothTerminal], place: dict[str, str], what: dict[str, Any]
) -> None:
    terminal = make(**place)
    with pytest.raises(InvalidEvent):
        terminal.scan(CODE, **what)
    assert posted(terminal) == []


ANSWERS = {
    "known": ({"known": True, "denied": None, "role": "media"}, CheckedBadge(known=True)),
    "denied": ({"known": True, "denied": "unpaid"}, CheckedBadge(known=True, denied=True, reason=DenyReason.UNPAID)),
    "a reason of later": ({"known": True, "denied": "too_tall"}, CheckedBadge(known=True, denied=True)),
    "unknown": ({"known": False, "denied": None}, CheckedBadge(known=False)),
    "no answer to this": ({"accepted": 1}, None),
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_the_answer_about_a_badge_is_read(server: ScriptedServer, answer: str) -> None:
    said, expected = ANSWERS[answer]
    server.checks = {CODE: said, BADGE: said}
    async with Link(server.url) as link:
        assert await check_badge(link, "tf_k_s", Badge(code=CODE)) == expected
        assert await check_badge(link, "tf_k_s", Badge(ref=BADGE)) == expected
    assert server.checked == [{"badge_code": CODE}, {"badge_ref": BADGE}]


async def test_a_gateway_that_is_late_refuses_or_is_not_there_checks_nobody(server: ScriptedServer) -> None:
    async with Link(server.url) as link:
        assert await check_badge(link, "tf_k_s", Badge(code=CODE)) is None  # 404
        server.check_s = 5
        assert await check_badge(link, "tf_k_s", Badge(code=CODE), patience_s=0.05) is None
    async with Link("http://127.0.0.1:1") as link:
        assert await check_badge(link, "tf_k_s", Badge(code=CODE)) is None
