"""The page as a whole: it fits the screen, and no other site can use it."""

import aiohttp
import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth

pytestmark = IN_A_BROWSER


@pytest.mark.parametrize("tab", ["scan", "interact", "deal", "rejected"])
async def test_everything_fits_on_a_seven_inch_screen(booth: Booth, tab: str) -> None:
    await booth.page.click(f"#tab-{tab}")
    for selector in ("html", "main"):
        fits = (
            "([node, slack]) => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight + slack"
        )
        handle = await booth.page.query_selector(selector)
        assert await booth.page.evaluate(fits, [handle, 1]), f"{selector} needs scrolling"
    for node in await booth.page.query_selector_all("button, select, main input:not([type=radio]), .choices label"):
        box = await node.bounding_box()
        if box is not None and await node.is_visible():
            assert box["height"] >= 44, "a finger needs 44 pixels"


async def test_other_sites_cannot_use_the_page(booth: Booth) -> None:
    async with aiohttp.ClientSession() as web:
        scan = f"{booth.url}api/scan"
        for headers in (
            {"Origin": "https://evil.example", "Content-Type": "application/json"},
            {"Host": "evil.example", "Content-Type": "application/json"},
            {"Content-Type": "text/plain"},
        ):
            async with web.post(scan, data=b"{}", headers=headers) as answer:
                assert answer.status == 403
        async with web.get(f"{booth.url}api/state", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
