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
    await booth.contains("#review-terms", "ACME (JP, Japan)")
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
    await booth.contains("#said-more", "This is not a number. Write the value as in 1,250.00.")
    await playwright.expect(booth.page.locator("#deal-amount")).to_be_focused()
    await playwright.expect(booth.page.locator("#deal-amount")).to_have_attribute("aria-invalid", "true")


async def test_a_refusal_is_gone_from_the_bar_once_the_deal_is_right(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "JP", "Tab", "Tab", "12,5x", "Enter")
    await booth.reads("#said-word", "Not saved")
    await booth.page.fill("#deal-amount", "12.50")
    await booth.type("Enter")
    await playwright.expect(booth.page.locator("#review")).to_be_visible()
    await booth.reads("#said-word", "Ready")
    await booth.reads("#said-more", "")


async def test_an_amount_with_two_readings_is_refused_with_both_and_its_field_is_focused(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "JP", "Tab", "Tab", "12,50", "Enter")
    await booth.contains("#said-more", "12.50 (twelve and 50/100) or 1,250 (one thousand two hundred fifty)")
    await playwright.expect(booth.page.locator("#deal-amount")).to_be_focused()
    await playwright.expect(booth.page.locator("#review")).to_be_hidden()
    assert not booth.server.events


async def test_a_unit_of_ten_thousand_is_reviewed_in_digits_and_words_and_stored_so(booth: Booth) -> None:
    await booth.page.select_option("#language", "zh")
    await booth.type("F4", "ACME", "Tab", "JP", "Tab", "Tab", "1.5")
    await booth.contains("#deal-country-name", "日本")
    await booth.page.select_option("#deal-unit", "wan")
    await booth.page.click("#deal-form button")
    await booth.contains("#review-terms", "EUR 15,000.00")
    await booth.contains("#review-terms", "一万五千")
    await booth.type("Tab", "Enter")
    await booth.contains("#said-word", "已保存")
    await booth.server.until_stored(1)
    (event,) = booth.server.events.values()
    assert event["data"]["value_minor"] == 1_500_000
    assert await booth.page.locator("#deal-unit").input_value() == "1", "the next deal begins with whole units"


async def test_another_country_is_asked_for_by_name(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "UK", "Tab", "Tab", "5", "Enter")
    await booth.contains("#said-more", "Did you mean GB?")
    await playwright.expect(booth.page.locator("#deal-country")).to_be_focused()


async def test_a_refusal_names_a_unit_as_the_list_of_units_does(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "JP", "Tab", "Tab", "2亿")
    await booth.page.select_option("#deal-unit", "wan")
    await booth.page.click("#deal-form button")
    await booth.contains("#said-more", "ends with 100 million (yi, 亿), but the unit 10 thousand (wan, 万) is chosen")
