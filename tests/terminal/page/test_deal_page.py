"""A deal on the page: reviewed, then signed."""

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright

pytestmark = IN_A_BROWSER


async def test_a_deal_by_keyboard_alone_is_reviewed_before_it_is_signed(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "jp", "Tab", "Tab", "1,250,000.50", "Enter")
    await booth.contains("#review-terms", "EUR 1,250,000.50")
    await booth.contains("#review-terms", "EUR one million two hundred fifty thousand and 50/100")
    await booth.picture("review")
    assert not booth.server.events
    await booth.type("Enter")
    await playwright.expect(booth.page.locator("#review")).to_be_hidden()
    assert not booth.server.events, "Enter twice changes the deal, it does not sign it"
    await booth.type("Enter")
    await playwright.expect(booth.page.locator("#review")).to_be_visible()
    await booth.contains("#review-terms", "ACME (JP)")
    await booth.type("Tab", "Enter")
    await booth.contains("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["type"] == "fair.deal.signed.v1"
    assert event["data"]["value_minor"] == 125_000_050
    assert event["data"]["binding"] is True
    assert event["data"]["trade_direction"] == "export"


async def test_a_wrong_field_of_a_deal_is_named_and_focused(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "JP", "Tab", "Tab", "12,5x", "Enter")
    await booth.contains("#said-more", "1,250.00")
    await playwright.expect(booth.page.locator("#deal-amount")).to_be_focused()
    await playwright.expect(booth.page.locator("#deal-amount")).to_have_attribute("aria-invalid", "true")
