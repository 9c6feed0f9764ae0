"""What a person typed, before it is read: which characters are in it. Pure."""

import unicodedata

BLANKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
"""Blanks that look alike between digits."""


def has_full_width(text: str) -> bool:
    """Return whether an input method for Chinese or Japanese made one of the characters, wide or "。"."""
    return any(unicodedata.east_asian_width(one) == "F" or one in "。、" for one in text)


def has_other_digits(text: str) -> bool:
    """Return whether a character has a number as its meaning and is not one of 0 to 9: "٣", "½", "三"."""
    return any(not one.isascii() and unicodedata.numeric(one, None) is not None for one in text)


def has_currency(text: str) -> bool:
    """Return whether a currency's sign or three-letter code stands with the digits: "€5", "5 EUR", "5元"."""
    if any(unicodedata.category(one) == "Sc" or one in "元圆圓" for one in text):
        return True
    letters = "".join(one for one in text if one.isalpha())
    return len(text) > len(letters) == 3 and letters.isascii() and (text.startswith(letters) or text.endswith(letters))
