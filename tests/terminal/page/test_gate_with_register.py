"""The page at a gate of a fair with a register of badges: checked first, then let in, turned away, or forced in."""

import pytest

from schemas.fair.model import Fair
from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import REGISTER_FAIR

pytestmark = IN_A_BROWSER

CODE = "VISITOR-4711"
KNOWN = {"known": True, "denied": None, "role": "visitor_public"}


@pytest.fixture
def fair() -> Fair:
    return REGISTER_FAIR


@pytest.fixture
def paired_at() -> dict[str, str]:
    return {"place": "gate", "place_id": "north", "source": "/fairs/small-2025/gates/north/terminals/t-1"}


def scans(server: ScriptedServer) -> list[dict[str, object]]:
    """Return what was said of each scan, in the order of saving."""
    events = sorted((event["data"] for event in server.events.values()), key=lambda data: data["terminal_seq"])
    names = ("badge_code", "badge_ref", "badge_role", "scan_kind", "source_type", "result", "reason", "forced")
    return [{name: data[name] for name in names if name in data} for data in events]


async def test_a_badge_that_the_register_knows_is_let_in_by_its_code_and_nobody_is_asked_for_a_role(
    booth: Booth, server: ScriptedServer
) -> None:
    server.checks = {CODE: KNOWN}
    await playwright.expect(booth.page.locator("#scan-role")).to_be_hidden()
    await booth.scan(CODE)
    await booth.reads("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    assert server.checked == [{"badge_code": CODE}]
    assert scans(server) == [
        {"badge_code": CODE, "scan_kind": "entry", "source_type": "qr", "result": "accepted", "forced": False}
    ]


async def test_who_is_denied_is_told_why_in_red_and_can_be_let_in_by_hand(booth: Booth, server: ScriptedServer) -> None:
    server.checks = {CODE: {**KNOWN, "denied": "unpaid"}}
    await booth.scan(CODE)
    await booth.reads("#said-word", "Stop: no. 1")
    await booth.contains("#said-more", "Ticket is not paid")
    assert await booth.said(1) == ["bad"]
    await booth.picture("denied")
    await booth.page.click("#let-in")
    await booth.reads("#said-word", "Saved no. 2")
    await playwright.expect(booth.page.locator("#let-in")).to_be_hidden()
    await booth.reads("#counts", "saved here: 0, sent: 2")
    first, second = scans(server)
    assert (first["result"], first["reason"], first["forced"]) == ("denied", "unpaid", False)
    assert (second["result"], second["forced"], second["badge_code"]) == ("accepted", True, CODE)
    assert len(server.checked) == 1


async def test_the_reason_is_told_in_the_language_of_the_page(booth: Booth, server: ScriptedServer) -> None:
    server.checks = {CODE: {**KNOWN, "denied": "blocked"}}
    await booth.page.select_option("#language", "de")
    await booth.scan(CODE)
    await booth.contains("#said-more", "Ausweis ist gesperrt")
    await booth.page.select_option("#language", "zh")
    await booth.contains("#said-more", "胸卡已被停用")


async def test_the_next_scan_takes_the_button_away(booth: Booth, server: ScriptedServer) -> None:
    server.checks = {CODE: {**KNOWN, "denied": "blocked"}, "OTHER-1": KNOWN}
    await booth.scan(CODE)
    await playwright.expect(booth.page.locator("#let-in")).to_be_visible()
    await booth.scan("OTHER-1")
    await booth.reads("#said-word", "Saved no. 2")
    await playwright.expect(booth.page.locator("#let-in")).to_be_hidden()


@pytest.mark.parametrize("late_s", [0, 3], ids=["no such question", "too late"])
async def test_without_an_answer_the_person_goes_in_and_the_page_says_not_checked(
    booth: Booth, server: ScriptedServer, late_s: float
) -> None:
    server.check_s = late_s
    server.checks = None if late_s == 0 else {CODE: {**KNOWN, "denied": "unpaid"}}
    await booth.scan(CODE)
    await booth.reads("#said-word", "Saved no. 1, not checked")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    assert scans(server)[0]["result"] == "accepted"


async def test_a_badge_that_the_register_lacks_goes_in_and_the_page_says_so(
    booth: Booth, server: ScriptedServer
) -> None:
    server.checks = {}
    await booth.scan(CODE)
    await booth.reads("#said-word", "Saved no. 1")
    await booth.contains("#said-more", "does not have this badge")


async def test_nobody_is_checked_on_the_way_out(booth: Booth, server: ScriptedServer) -> None:
    server.checks = {CODE: {**KNOWN, "denied": "unpaid"}}
    await booth.page.click("#scan-kinds label:has(input[value=exit])")
    await booth.scan(CODE)
    await booth.reads("#said-word", "Saved no. 1")
    assert server.checked == []


async def test_a_person_at_the_gate_turns_somebody_away_with_a_reason_that_holds_for_one_scan(
    booth: Booth, server: ScriptedServer
) -> None:
    server.checks = {"OTHER-1": KNOWN}
    await booth.page.select_option("#scan-deny", "wrong_day")
    await booth.scan(CODE)
    await booth.reads("#said-word", "Stop: no. 1")
    await playwright.expect(booth.page.locator("#scan-deny")).to_have_value("")
    await booth.scan("OTHER-1")
    await booth.reads("#said-word", "Saved no. 2")
    await booth.reads("#counts", "saved here: 0, sent: 2")
    assert [(one["result"], one.get("reason")) for one in scans(server)] == [
        ("denied", "wrong_day"), ("accepted", None),
    ]  # fmt: skip


async def test_a_code_that_was_typed_by_hand_is_listed_as_manual(booth: Booth, server: ScriptedServer) -> None:
    server.checks = {CODE: KNOWN}
    await booth.page.focus("#scan-badge")
    await booth.type(CODE, "Enter")
    await booth.reads("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    assert scans(server)[0]["source_type"] == "manual"


async def test_a_badge_that_is_taken_back_is_named_by_its_code_again(booth: Booth, server: ScriptedServer) -> None:
    server.checks = {CODE: KNOWN}
    await booth.scan(CODE)
    await booth.reads("#said-word", "Saved no. 1")
    await playwright.expect(booth.page.locator("#undo")).not_to_have_attribute("aria-disabled", "true")
    await booth.page.click("#undo")
    await booth.reads("#said-word", "Taken back: no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 2")
    assert [one["badge_code"] for one in scans(server)] == [CODE, CODE]
