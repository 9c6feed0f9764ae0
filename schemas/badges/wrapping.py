"""What scanners put around a code: AIM identifiers, blanks, control characters, the asterisks of Code 39."""

import re
from collections.abc import Iterator
from typing import Final
from unicodedata import category

AIM: Final = re.compile(r"\][A-Za-z][0-9A-Za-z](?=.)", re.DOTALL)
"""An AIM identifier (ISO/IEC 15424): `]`, a letter for the kind of code, a digit or letter for its variant."""

PRODUCT_AIM: Final = re.compile(r"\](?:E|e|I1)")
"""Identifiers of codes that are printed on goods only: EAN and UPC, GS1 DataBar, ITF-14."""

GS1_AIM: Final = re.compile(r"\](?:C1|Q3|d2)")
"""Identifiers of codes by the rules of GS1, most of them on goods and parcels."""

_INVISIBLE: Final = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))


def trimmed(typed: str) -> str:
    """Return what was typed without blanks and characters that cannot be seen (STX, GS, line ends, BOM) around it."""
    start, end = 0, len(typed)
    while start < end and category(typed[start]) in _INVISIBLE:
        start += 1
    while end > start and category(typed[end - 1]) in _INVISIBLE:
        end -= 1
    return typed[start:end]


def unwrapped(typed: str) -> Iterator[str]:
    """Yield the codes that a scanner may mean, each with less around it; the last has nothing left around it."""
    text = trimmed(typed)
    yield text
    while found := AIM.match(text):
        text = trimmed(text[found.end() :])
        yield text
    while len(text) > 2 and text.startswith("*") and text.endswith("*"):
        text = trimmed(text[1:-1])
        yield text
