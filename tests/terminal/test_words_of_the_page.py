"""The page for booth staff names buttons, lights and messages by the words that the terminal shows."""

import re
from pathlib import Path

import pytest

from tests.support.page_texts import STATIC, texts

TERMINAL = Path(__file__).parents[2] / "producers" / "terminal"
STAFF = (TERMINAL / "README.md").read_text(encoding="utf-8").split("# For the set-up")[0]
SHOWN = "\n".join(
    [*texts("en").values(), *re.findall("<kbd>.*?</kbd>", (STATIC / "page.html").read_text(encoding="utf-8"))]
)


def words_in(page: str) -> list[str]:
    """Return the bold words of a page as a terminal shows them: without example numbers and the text after them."""
    bold = re.findall(r"\*\*(.+?)\*\*", page, re.DOTALL)
    heads = (re.split(r"[.(,]| no\. | \"| or \"", " ".join(one.split()))[0].strip(' "') for one in bold)
    return [word for word in heads if word]


def is_shown(word: str) -> bool:
    return re.search(rf"\b{re.escape(re.sub(r'[0-9]+ ', '', word))}\b", SHOWN, re.IGNORECASE) is not None


@pytest.mark.parametrize("word", sorted(set(words_in(STAFF))))
def test_a_word_that_staff_are_told_to_look_for_is_on_the_page(word: str) -> None:
    assert is_shown(word), "write it as the terminal shows it"


def test_the_page_shows_every_picture_of_its_folder() -> None:
    shown = re.findall(r"screenshots/([\w-]+\.png)", STAFF)
    assert sorted(shown) == sorted(one.name for one in (TERMINAL / "screenshots").iterdir())


def test_a_button_that_is_called_otherwise_would_be_found() -> None:
    assert not is_shown("Try now")
    assert words_in("Press **Sign and\nsave**. **Saved no. 13** and **Rejected (1), red.**") == [
        "Sign and save", "Saved", "Rejected",
    ]  # fmt: skip
