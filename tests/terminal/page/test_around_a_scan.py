"""Keys that a scanner sends before and after a code do nothing else: they press no button and change no choice (C1)."""

from typing import Any

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.keyboard import Press, alt_code, presses

pytestmark = IN_A_BROWSER
FAST_MS = 5
FIRST, SECOND = "ab" * 16, "cd" * 16
SCAN, INTERACTION, UNDO = "fair.visitor.scanned.v1", "fair.exhibit.interaction.v1", "fair.scan.annulled.v1"
PREFIXES = ("F3", "F9", "Enter", "Escape", "ArrowDown")
STATE = """() => ({
  tab: document.querySelector("[role=tab][aria-selected=true]").id,
  dialogs: [...document.querySelectorAll("dialog[open]")].map((one) => one.id || one.className),
  values: [...document.querySelectorAll("input:not([type=radio]), select")].map((one) => `${one.id} ${one.value}`),
  muted: localStorage.getItem("muted"),
})"""


async def stored(booth: Booth, number: int) -> list[dict[str, Any]]:
    """Return the events that the server has, as soon as it has this many and the terminal keeps none back."""
    await booth.reads("#counts", f"saved here: 0, sent: {number}")
    return list(booth.server.events.values())


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_key_before_the_code_does_not_act(booth: Booth, prefix: str) -> None:
    await booth.scan(FIRST)
    assert await booth.said(1) == ["good"]
    number = 1
    for focus in ("#scan-role", "#undo"):
        number += 1
        await booth.page.focus(focus)
        before = await booth.page.evaluate(STATE)
        await booth.keyboard.press([Press(prefix, FAST_MS), *presses(f"{number:032x}\n", FAST_MS)])
        assert await booth.said(number) == ["good"] * number
        assert await booth.page.evaluate(STATE) == before
    await booth.page.click("#tab-interact")
    for group in ("#exhibits", "#interactions"):
        await booth.page.click(f"{group} label:nth-child(2)")
    await booth.keyboard.press([Press(prefix, FAST_MS), *presses(f"{SECOND}\n", FAST_MS)])
    events = await stored(booth, number + 1)
    assert {event["type"] for event in events[:-1]} == {SCAN}
    assert {event["data"]["badge_role"] for event in events[:-1]} == {"visitor_professional"}
    assert (events[-1]["type"], events[-1]["data"]["interaction_kind"]) == (INTERACTION, "demo_completed")


async def test_a_key_before_the_code_leaves_a_dialog_open(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "jp", "Enter")
    await playwright.expect(booth.page.locator("#review")).to_be_visible()
    await booth.keyboard.press([Press("Escape", FAST_MS), *presses(f"{FIRST}\n", FAST_MS)])
    assert await booth.said(1) == ["good"]
    await playwright.expect(booth.page.locator("#review")).to_be_visible()
    await booth.type("Escape")
    await playwright.expect(booth.page.locator("#review")).to_be_hidden()


async def test_keys_alone_still_act(booth: Booth) -> None:
    await booth.type("F3", "ArrowDown", "Tab", "Space", "ArrowRight", "ArrowUp")
    assert await booth.page.input_value("#exhibits input:checked") == "x-e2"
    assert await booth.page.input_value("#interactions input:checked") == "demo_started"
    await booth.type("F2", "Tab", "ArrowDown", "Enter", "ArrowDown", "Enter")
    assert await booth.page.input_value("#scan-role") == "exhibitor_staff"
    await booth.type("Enter", "Escape")
    await playwright.expect(booth.page.locator("dialog.list")).to_be_hidden()


@pytest.mark.parametrize("after_ms", [55, 150, 290])
async def test_an_end_that_comes_late_presses_nothing(booth: Booth, after_ms: float) -> None:
    await booth.scan(FIRST)
    number = 1
    for focus in ("#undo", "#scan-anonymous", "#mute"):
        number += 1
        await booth.page.focus(focus)
        before = await booth.page.evaluate(STATE)
        await booth.keyboard.press([*presses(f"{number:032x}", FAST_MS), Press("Enter", after_ms)])
        assert await booth.said(number) == ["good"] * number
        assert await booth.page.evaluate(STATE) == before
    await stored(booth, number)


async def test_a_slow_scanner_signs_no_deal(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "jp", "Enter")
    await booth.page.focus("#review-sign")
    await booth.keyboard.press(presses(f"{FIRST[:12]}\n", 90))
    assert await booth.said(1) == ["bad"]
    await playwright.expect(booth.page.locator("#review")).to_be_visible()
    await booth.reads("#counts", "saved here: 0, sent: 0")


@pytest.mark.parametrize("tab", ["scan", "deal"])
@pytest.mark.parametrize("way", ["codes with Alt", "codes with Alt that the system types too", "Num Lock off"])
async def test_a_code_from_the_numeric_keypad_is_a_scan(booth: Booth, way: str, tab: str) -> None:
    await booth.page.click(f"#tab-{tab}")
    field = "#scan-badge" if tab == "scan" else "#deal-partner"
    await booth.page.fill(field, "ACME")
    await booth.page.focus(field)
    keys = [
        one
        for letter in f"{FIRST[:-4]}4711\r"
        for one in (
            presses(letter.replace("\r", "\n"), FAST_MS)
            if way == "Num Lock off" and not letter.isdigit()
            else [Press(f"Numpad{letter}", FAST_MS)]
            if way == "Num Lock off"
            else alt_code(letter, FAST_MS, types=way.endswith("too"))
        )
    ]
    await booth.keyboard.press(keys)
    assert await booth.said(1) == ["good"]
    (event,) = await stored(booth, 1)
    assert (event["type"], event["data"]["badge_ref"]) == (SCAN, f"{FIRST[:-4]}4711")
    assert await booth.page.input_value(field) == "ACME"
