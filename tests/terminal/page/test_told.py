"""Staff are told in the language of the page why a scan was not saved, or did not count again."""

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth
from tests.support.page_texts import LANGUAGES, texts

pytestmark = IN_A_BROWSER


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_code_that_is_not_a_badge_is_named(booth: Booth, language: str) -> None:
    words = texts(language)
    await booth.page.select_option("#language", language)
    await booth.scan("https://www.example.com/catalogue")
    await booth.reads("#said-word", words["said.not_saved"])
    await booth.reads("#said-more", words["refused.badge_url"])
    await booth.picture("refused") if language == "en" else None
    assert not booth.server.events


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_badge_that_is_read_twice_is_told_to_count_once(booth: Booth, language: str) -> None:
    words = texts(language)
    await booth.page.select_option("#language", language)
    await booth.scan()
    await booth.reads("#said-word", words["said.saved"].format(seq=1))
    await booth.scan()
    await booth.reads("#said-word", words["said.again"].format(seq=1))
    await booth.reads("#said-more", words["said.again.more"])
    await booth.picture("again") if language == "en" else None
