"""The page beside this file, into which programs write their tables."""

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent / "README.md"


def put(text: str, begin: str, end: str) -> None:
    """Put a table into the page, in place of the one between two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    PAGE.write_text(before + begin + "\n" + text + "\n" + end + rest.partition(end)[2], encoding="utf-8")
