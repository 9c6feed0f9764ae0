"""The keys of the tabs work wherever the focus is, also on a list of choices."""

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright

pytestmark = IN_A_BROWSER
KEYS = {"F2": "scan", "F3": "interact", "F4": "deal", "F6": "rejected"}


@pytest.mark.parametrize("focus", ["#scan-role", "#language", "#scan-badge", "#scan-anonymous", "#mute"])
async def test_a_tab_key_shows_its_tab(booth: Booth, focus: str) -> None:
    for key, tab in KEYS.items():
        await booth.page.click("#tab-scan")
        await booth.page.evaluate(f"document.querySelector({focus!r}).focus()")
        await booth.type(key)
        await playwright.expect(booth.page.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")
        await playwright.expect(booth.page.locator("dialog[open]")).to_have_count(0)
