"""What a mistyped word was meant to be."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

CLOSE: Final = 0.75
"""Share of letters that two words must have in common, in order. With less, a suggestion misleads."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is closest to one; empty if none is close.

    Case and leading hyphens do not count: all options would have those in common. A part of a name between underscores
    is close to the name.
    """
    wanted = _bare(word)
    best, least = "", CLOSE
    for one in known:
        name = _bare(one)
        share = SequenceMatcher(None, wanted, name).ratio()
        if share < CLOSE and wanted in name.split("_"):
            share = CLOSE
        if share > least or (share == least and not best):
            best, least = one, share
    return best


def _bare(word: str) -> str:
    return word.lstrip("-").lower()
