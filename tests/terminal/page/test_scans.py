"""Scans on the page: saved once, or said not to be."""

import asyncio

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.terminals import BADGE

pytestmark = IN_A_BROWSER


async def test_a_scan_is_shown_as_saved_and_reaches_the_server(booth: Booth) -> None:
    await booth.scan()
    await booth.contains("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.reads("#words", "Online")
    (event,) = booth.server.events.values()
    assert event["type"] == "fair.visitor.scanned.v1"
    assert event["data"]["badge_ref"] == BADGE
    assert event["data"]["terminal_seq"] == 1
    assert event["data"]["capture"] == "online"
    for number in range(2, 8):
        await booth.scan(f"{number:032x}")
    await booth.reads("#counts", "saved here: 0, sent: 7")
    await booth.picture("online")


async def test_a_scan_while_the_program_is_down_is_not_shown_as_saved_and_is_saved_once_later(booth: Booth) -> None:
    await booth.scan()
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.kill()
    await booth.scan("cd" * 16)
    await booth.reads("#said-word", "Not saved yet")
    await booth.reads("#words", "Terminal program stopped")
    await booth.start()
    await booth.contains("#said-word", "Saved no. 2")
    await booth.reads("#counts", "saved here: 0, sent: 2")
    assert len(booth.server.events) == 2


async def test_an_unreadable_badge_is_not_saved(booth: Booth) -> None:
    await booth.scan("hello")
    await booth.reads("#said-word", "Not saved")
    await booth.reads("#counts", "saved here: 0, sent: 0")


async def test_a_scan_before_the_page_knows_its_booth_is_saved_as_usual(booth: Booth) -> None:
    held = asyncio.Event()

    async def late(route: "playwright.Route") -> None:
        await held.wait()
        await route.continue_()

    await booth.page.route("**/api/card", late)
    await booth.page.reload()
    await booth.scan()
    await booth.reads("#said-word", "Not saved yet")
    held.set()
    await booth.reads("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["data"]["badge_role"] == "visitor_professional"


async def test_what_the_program_refuses_without_words_keeps_no_other_scan_waiting(booth: Booth) -> None:
    await booth.page.route("**/api/scan", lambda route: route.fulfill(status=413, body="too large"))
    await booth.scan()
    await booth.reads("#said-word", "Not saved")
    await booth.page.unroute("**/api/scan")
    await booth.scan("cd" * 16)
    await booth.reads("#said-word", "Saved no. 1")
