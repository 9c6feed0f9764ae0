"""Undo on the page takes back the event that it names, and never one that came while a finger was on its way."""

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright

pytestmark = IN_A_BROWSER
FIRST, SECOND = "ab" * 16, "cd" * 16
PRESS_AT_ONCE = """() => document.addEventListener("said", () => {
  if (window.said.length === 2) setTimeout(() => document.getElementById("undo").click(), 100);
})"""


async def ready(booth: Booth) -> None:
    """Wait until somebody can have read what Undo names."""
    await playwright.expect(booth.page.locator("#undo")).to_have_attribute("aria-disabled", "false")


async def undone(booth: Booth) -> list[str]:
    """Return the badges whose scans were taken back, when nothing waits any more."""
    await playwright.expect(booth.page.locator("#counts")).to_contain_text("saved here: 0", timeout=20_000)
    return [one["data"]["badge_ref"] for one in booth.server.events.values() if "target" in one["data"]]


async def test_a_tap_in_the_moment_of_another_scan_takes_nothing_back(booth: Booth) -> None:
    await booth.scan(FIRST)
    await booth.said(1)
    await booth.page.evaluate(PRESS_AT_ONCE)
    await booth.scan(SECOND)
    assert await booth.said(3) == ["good", "good", "bad"]
    await booth.contains("#said-more", "No. 2 was saved in that moment")
    await ready(booth)
    await booth.contains("#undo", "Undo no. 2 (")
    await booth.page.click("#undo")
    await booth.reads("#said-word", "Taken back: no. 2")
    await booth.reads("#counts", "saved here: 0, sent: 3")
    assert await undone(booth) == [SECOND]


async def test_a_finger_that_came_down_before_another_scan_takes_nothing_back(booth: Booth) -> None:
    await booth.scan(FIRST)
    await ready(booth)
    await booth.page.hover("#undo")
    await booth.page.mouse.down()
    await booth.scan(SECOND)
    await booth.said(2)
    await ready(booth)
    await booth.page.mouse.up()
    assert await booth.said(3) == ["good", "good", "bad"]
    assert await undone(booth) == []


async def test_what_the_disk_did_not_take_back_can_be_taken_back_again(booth: Booth) -> None:
    await booth.scan(FIRST)
    await ready(booth)
    await booth.page.route("**/api/undo", lambda route: route.fulfill(status=507, json={"word": "disk_full"}))
    await booth.page.click("#undo")
    await booth.reads("#said-word", "Not taken back")
    await booth.page.unroute("**/api/undo")
    await booth.page.click("#undo")
    await booth.reads("#said-word", "Taken back: no. 1")
