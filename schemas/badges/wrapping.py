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

_FRAMING: Final = frozenset("\0\x01\x02\x03\x04\t\n\r\x1c\x1d\x1e\x1f")
_INVISIBLE: Final = frozenset(("Cf", "Zs", "Zl", "Zp"))


def trimmed(typed: str) -> str:
    """Return what was typed without blanks and characters that cannot be seen (STX, GS, line ends, BOM) around it."""
    start, end = 0, len(typed)
    while start < end and _is_around(typed[start]):
        start += 1
    while end > start and _is_around(typed[end - 1]):
        end -= 1
    return typed[start:end]


def _is_around(one: str) -> bool:
    return one in _FRAMING or category(one) in _INVISIBLE


def unwrapped(typed: str) -> Iterator[str]:
    """Yield the codes that a scanner may mean, each with less around it; the last has nothing left around it."""
    text = trimmed(typed)
    yield text
    while True:
        if found := AIM.match(text):
            text = trimmed(text[found.end() :])
        elif len(text) > 2 and text.startswith("*") and text.endswith("*"):
            text = trimmed(text[1:-1])
        else:
            return
        yield text
