"""The page speaks three languages, and fits a small screen in each."""

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.page_texts import LANGUAGES, texts

pytestmark = IN_A_BROWSER
SAVED = {"en": "Saved no. 1", "de": "Gespeichert Nr. 1", "zh": "已保存 第 1 号"}
FACTS = {
    "one": "1,250,000.00", "one_words": "one million two hundred fifty thousand", "other": "1,250.00",
    "other_words": "one thousand two hundred fifty", "mark": ",", "example": "1,250.00", "digits": "2",
    "typed": "100 million (yi)", "chosen": "10 thousand (wan)", "most": "90,071,992,547,409.91", "instead": "GB",
    "currencies": "EUR, JPY, KWD", "length": "128", "expected": "12", "prefix": "CIFTIS26-", "place": "11",
}  # fmt: skip
TABS = ("scan", "interact", "deal", "rejected")
OVERFLOWS = """() => [...document.querySelectorAll('html, main, header, nav, footer, button, label, #words, #counts')]
    .filter((node) => node.offsetParent !== null || node === document.documentElement)
    .filter((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== 'inline')
    .map((node) => `${node.tagName} ${node.id} ${node.textContent.trim().slice(0, 40)}`)"""


async def speak(booth: Booth, language: str) -> None:
    await booth.page.select_option("#language", language)


async def test_a_language_that_is_chosen_is_spoken_at_once_and_remembered(booth: Booth) -> None:
    await booth.scan()
    await booth.reads("#said-word", SAVED["en"])
    await booth.page.select_option("#scan-role", "media")
    await speak(booth, "zh")
    await booth.reads("#said-word", SAVED["zh"])
    await booth.reads("#words", "在线")
    await booth.contains("#last li", "第 1 号  已扫描胸卡")
    assert await booth.page.locator("#scan-role").input_value() == "media", "switching the language changes no choice"
    await booth.open()
    await booth.reads("#tab-deal span", "签约")
    assert await booth.page.locator("#language").input_value() == "zh", "the menu shows the language that is spoken"
    assert await booth.page.locator("html").get_attribute("lang") == "zh-CN"
    await speak(booth, "de")
    await booth.reads("#tab-deal span", "Abschluss")
    assert await booth.page.locator("html").get_attribute("lang") == "de-DE"


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [(["de-AT", "en"], "Scannen"), (["fr", "zh-TW"], "扫码"), (["fr", "EN-us"], "Scan"), (["fr"], "Scan")],
)
async def test_at_first_the_page_speaks_a_language_of_the_browser(booth: Booth, wanted: list[str], spoken: str) -> None:
    script = f"Object.defineProperty(navigator, 'languages', {{ get: () => {wanted} }})"
    await booth.page.add_init_script(script)
    await booth.open()
    await booth.reads("#tab-scan span", spoken)


async def test_names_of_the_fair_file_stay_as_they_are(booth: Booth) -> None:
    exhibits = booth.page.locator("#exhibits")
    before = await exhibits.text_content()
    await speak(booth, "zh")
    await booth.reads("#tab-scan span", "扫码")
    assert await exhibits.text_content() == before


@pytest.mark.parametrize("language", ["de", "zh"])
async def test_the_page_fits_the_screen_in_every_language(booth: Booth, language: str) -> None:
    await booth.scan()
    await booth.reads("#said-word", SAVED["en"])
    await speak(booth, language)
    await booth.server.down()
    await booth.scan("cd" * 16)
    await playwright.expect(booth.page.locator("#state")).to_have_attribute("data-line", "offline", timeout=20_000)
    for tab in TABS:
        await booth.page.click(f"#tab-{tab}")
        assert await booth.page.evaluate(OVERFLOWS) == []
        await booth.picture(f"{language}-{tab}") if language == "zh" and tab == "scan" else None


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_refusal_fits_the_bar_below_and_leaves_room_for_the_page(booth: Booth, language: str) -> None:
    await booth.scan()
    await booth.reads("#said-word", SAVED["en"])
    await speak(booth, language)
    refusals = [name.removeprefix("refused.") for name in texts("en") if name.startswith("refused.")]
    found = await booth.page.evaluate(
        """async ([words, facts]) => {
            const { refuse } = await import('/say.js');
            const { text } = await import('/texts.js');
            const bar = document.getElementById('said');
            const large = [];
            for (const word of words) {
                refuse({ word, facts, error: '', hint: '', field: 'partner' });
                const left = document.getElementById('said-more').textContent.match(/\\{\\w+\\}/);
                const wide = document.documentElement.scrollWidth > 1024;
                if (left || wide || bar.offsetHeight > 125) large.push([word, bar.offsetHeight, left?.[0]]);
            }
            return large;
        }""",
        [refusals, FACTS],
    )
    assert found == []
