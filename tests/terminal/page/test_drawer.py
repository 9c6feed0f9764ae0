"""The tab of events that the server refused: why, what happens with them, and what staff can do."""

import json
from pathlib import Path

from producers.terminal.refusals import MENDED
from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.scripted_server import ScriptedServer

pytestmark = IN_A_BROWSER
TRY_NOW = "document.getElementById('try-now').click()"
"""Also if the terminal has just tried by itself, and the button is gone."""


async def refused(booth: Booth, *reasons: str) -> list[str]:
    """Save an event per reason and have the server refuse it; return their ids."""
    booth.server.otherwise = 503
    for number, _ in enumerate(reasons):
        await booth.scan(f"{number:032x}")
    await booth.reads("#counts", f"saved here: {len(reasons)}, sent: 0")
    sent = len(reasons)

    def whole() -> list[list[str]]:
        return [one.ids for one in booth.server.requests if one.method == "POST" and len(one.ids) == sent]

    while not whole():  # a request that is under way takes the place of the one that is asked for
        seen = len(booth.server.requests)
        await booth.page.evaluate(TRY_NOW)
        await booth.server.until(seen + 1)
    ids = whole()[-1]
    booth.server.refuse_ids = dict(zip(ids, reasons, strict=True))
    booth.server.otherwise = ScriptedServer().otherwise
    await booth.page.evaluate(TRY_NOW)
    await booth.reads("#rejected-count", f"({sent})")
    await booth.type("F6")
    return ids


async def test_a_rejected_event_is_shown_with_its_reason_and_with_what_happens_to_it(booth: Booth) -> None:
    await refused(booth, "unknown_place", "bad_value", "a_reason_of_the_future")
    rows = booth.page.locator("#rejected-rows tr")
    await playwright.expect(rows).to_have_count(3)
    first, second, third = [await rows.nth(number).text_content() or "" for number in (2, 1, 0)]
    assert "The place is not in the fair file" in first
    assert "goes again by itself" in first
    assert "A field has an invalid value" in second
    assert "stays here until it is saved as a file" in second
    assert "The server gave no reason" in third
    assert "unknown_place" in MENDED
    await booth.picture("rejected")
    await booth.page.select_option("#language", "zh")
    await booth.contains("#rejected-rows", "展会文件中没有此地点")


async def test_one_event_and_all_events_can_be_sent_again(booth: Booth) -> None:
    await refused(booth, "unknown_place", "unknown_place", "unknown_place")
    booth.server.refuse_ids = {}
    await booth.page.click("#rejected-rows tr:last-child button")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.page.click("#drawer-send")
    await booth.reads("#counts", "saved here: 0, sent: 3")
    await booth.reads("#said-word", "Sent again: 2")
    await playwright.expect(booth.page.locator("#rejected-none")).to_be_visible()
    assert len(booth.server.events) == 3


async def test_what_is_saved_as_a_file_is_removed_only_after_a_question(booth: Booth, tmp_path: Path) -> None:
    ids = await refused(booth, "bad_value", "bad_value")
    forget = booth.page.locator("#drawer-forget")
    await playwright.expect(forget).to_be_hidden()
    async with booth.page.expect_download() as started:
        await booth.page.click("#drawer-export")
    download = await started.value
    assert download.suggested_filename == "rejected-t-1-1-2.jsonl"
    await download.save_as(tmp_path / "file")
    lines = [json.loads(line) for line in (tmp_path / "file").read_text(encoding="utf-8").splitlines()]
    assert [line["event_id"] for line in lines] == ids
    await booth.reads("#rejected-count", "(2)")
    await forget.click()
    await booth.contains("#confirm-more", "rejected-t-1-1-2.jsonl")
    await booth.type("Enter")
    await playwright.expect(booth.page.locator("#confirm")).to_be_hidden()
    await booth.reads("#rejected-count", "(2)")
    await forget.click()
    await booth.page.click("#confirm-remove")
    await booth.reads("#said-word", "Removed: 2")
    await booth.reads("#rejected-count", "")
