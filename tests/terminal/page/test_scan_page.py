"""A scan on the page: its effect, how its end is seen and heard, and Undo."""

import asyncio

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.keyboard import PERSON_MS, Press, presses
from tests.support.terminals import BADGE

pytestmark = IN_A_BROWSER
OTHER = "cd" * 16
CHANGE_AFTER_TEN_KEYS = """() => {
  let keys = 0;
  const count = () => (keys += 1) === 10 && document.getElementById("tab-interact").click();
  document.addEventListener("keyup", count, { capture: true });
}"""


async def test_a_second_read_at_once_is_said_and_counts_once(booth: Booth) -> None:
    await booth.scan()
    await booth.scan()
    assert await booth.said(2) == ["good", "again"]
    await booth.reads("#said-word", "Again: no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")


async def test_a_second_read_on_the_interaction_tab_is_not_asked_for_its_choices(booth: Booth) -> None:
    await booth.type("F3", "Space", "Tab", "Space")
    await booth.page.wait_for_function("() => document.querySelectorAll('#interact input:checked').length === 2")
    await booth.scan()
    await booth.scan()
    assert await booth.said(2) == ["good", "again"]
    await booth.scan(OTHER)
    assert await booth.said(3) == ["good", "again", "bad"]
    await booth.contains("#said-more", "Choose the exhibit")


async def test_a_business_card_is_one_refusal(booth: Booth) -> None:
    await booth.scan("BEGIN:VCARD\nVERSION:3.0\nN:Li;Wei\nORG:ACME\nTEL:1234567\nEND:VCARD")
    assert await booth.said(1) == ["bad"]
    await booth.reads("#counts", "saved here: 0, sent: 0")


async def test_a_scan_over_a_change_of_the_tab_belongs_to_the_tab_where_it_began(booth: Booth) -> None:
    await booth.page.evaluate(CHANGE_AFTER_TEN_KEYS)
    await booth.scan()
    await booth.page.wait_for_selector("#tab-interact[aria-selected=true]")
    assert await booth.said(1) == ["good"]
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["type"] == "fair.visitor.scanned.v1"
    assert await booth.page.input_value("#scan-badge") == ""


async def test_a_page_that_is_busy_loses_no_key(booth: Booth) -> None:
    await booth.keyboard.press(presses(BADGE[:10]), wait=False)
    busy = asyncio.ensure_future(
        booth.page.evaluate("() => { const end = performance.now() + 600; while (performance.now() < end); }")
    )
    await booth.keyboard.press(presses(f"{BADGE[10:]}\n"), go_on=True)  # the browser keeps these until it is free
    await busy
    assert await booth.said(1) == ["good"]


async def test_a_refused_scan_keeps_the_badge_type_for_the_next_attempt(booth: Booth) -> None:
    await booth.page.select_option("#scan-role", "media")
    await booth.scan("https://example.com/visit")
    assert await booth.said(1) == ["bad"]
    assert await booth.page.input_value("#scan-role") == "media"
    await booth.scan()
    assert await booth.said(2) == ["bad", "good"]
    assert await booth.page.input_value("#scan-role") == "visitor_professional"


async def test_keys_outside_of_every_field_go_into_the_badge_field(booth: Booth) -> None:
    await booth.page.focus("#scan-anonymous")
    await booth.type(BADGE, "Enter")
    assert await booth.said(1) == ["good"]
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["data"]["source_type"] == "manual"


async def test_a_scan_that_no_field_takes_is_told(booth: Booth) -> None:
    await booth.page.click("#tab-rejected")
    await booth.type("abcdef")
    assert await booth.said(1) == ["bad"]


async def test_a_space_or_enter_alone_presses_the_button(booth: Booth) -> None:
    for number, key in enumerate(("Space", "Enter"), start=1):
        await booth.page.focus("#scan-anonymous")
        await booth.keyboard.press([Press(key, 600)])
        assert await booth.said(number) == ["good"] * number


async def test_a_double_tap_on_save_without_badge_counts_once(booth: Booth) -> None:
    await booth.page.dblclick("#scan-anonymous")
    assert await booth.said(1) == ["good"]
    await booth.reads("#counts", "saved here: 0, sent: 1")


async def test_an_input_method_that_takes_a_scan_is_named(booth: Booth) -> None:
    await booth.page.focus("#deal-partner") if await booth.page.is_visible("#deal-partner") else None
    await booth.keyboard.press([Press("Process", 8) for _ in range(10)])
    assert await booth.said(1) == ["bad"]
    await booth.contains("#said-more", "English")
    await booth.scan()
    assert await booth.said(2) == ["bad", "good"]


async def test_undo_takes_the_last_scan_back_and_strikes_it_out(booth: Booth) -> None:
    await booth.scan()
    await booth.contains("#undo", "Undo no. 1 (")
    await booth.kill()
    await booth.start()
    await booth.type("F9")
    assert (await booth.said(2))[-1] in {"undone", "wait"}
    await booth.reads("#said-word", "Taken back: no. 1")
    await playwright.expect(booth.page.locator("#last li").first).to_have_class("undone")
    await playwright.expect(booth.page.locator("#undo")).to_be_hidden()
    await booth.reads("#counts", "saved here: 0, sent: 2")
    scan, undo = booth.server.events.values()
    assert (undo["type"], undo["data"]["target"]) == ("fair.scan.annulled.v1", scan["id"])
    await booth.type("F9")
    await booth.reads("#said-word", "Nothing to take back")
    await booth.scan()
    await booth.reads("#said-word", "Saved no. 3")


async def test_a_refusal_does_not_take_undo_away_and_a_deal_does(booth: Booth) -> None:
    await booth.scan()
    await booth.scan("https://example.com/visit")
    await booth.contains("#undo", "Undo no. 1 (")
    await booth.type("F4", "ACME", "Tab", "jp", "Enter")
    await booth.page.click("#review-sign")
    await booth.reads("#said-word", "Saved no. 2")
    await playwright.expect(booth.page.locator("#undo")).to_be_hidden()


async def test_another_window_with_the_focus_is_said(booth: Booth) -> None:
    await playwright.expect(booth.page.locator("#said-away")).to_be_hidden()
    await booth.page.evaluate(
        "Object.defineProperty(document, 'hasFocus', { value: () => window.here, configurable: true })"
    )
    for here in ("false", "true"):
        await booth.page.evaluate(
            f"window.here = {here}; window.dispatchEvent(new Event('{'focus' if here == 'true' else 'blur'}'))"
        )
        away = playwright.expect(booth.page.locator("#said-away"))
        await (away.to_be_hidden() if here == "true" else away.to_be_visible())


@pytest.mark.parametrize("gap", [PERSON_MS])
async def test_a_person_who_types_is_not_a_scanner(booth: Booth, gap: float) -> None:
    await booth.page.click("#tab-deal")
    await booth.page.focus("#deal-partner")
    await booth.keyboard.press(presses("ACME-CORP", gap))
    assert await booth.page.input_value("#deal-partner") == "ACME-CORP"
    assert await booth.page.evaluate("window.said") == []
