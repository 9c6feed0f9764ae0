"""From what a scanner typed to the one code of a badge, or to the word that says why it is not one."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from schemas.badges.foreign import certainly_foreign, is_product
from schemas.badges.format import BadgeFormat
from schemas.badges.layouts import meant
from schemas.badges.refusals import refusal
from schemas.badges.shape import why_not
from schemas.badges.wrapping import GS1_AIM, PRODUCT_AIM, unwrapped
from schemas.ids import BADGE_PATTERN

MOST: Final = 128
"""Characters of the longest code at a fair that does not say what its badge codes look like."""

MOST_TYPED: Final = 7_089
"""Characters of the longest QR code (ISO/IEC 18004). Nobody looks closer at more than that."""

_PSEUDONYM: Final = re.compile(BADGE_PATTERN.replace("$", r"\Z"))
_WIDE: Final = re.compile(r"[\uff01-\uff5e\u3000\u3002\u300c\u300d]")
_UNMISTAKABLE: Final = re.compile(r"(?:https?://|www\.|BEGIN:V|WIFI:|MECARD:|mailto:)", re.IGNORECASE)
"""Beginnings by which a code that was typed for another keyboard is known, also without the fair's format."""

_OTHER_CASE: Final = {ord(one): ord(one.swapcase()) for one in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def is_pseudonym(code: str) -> bool:
    """Return whether a code looks like a pseudonym: 32 to 64 small hex digits, an even number."""
    return _PSEUDONYM.match(code) is not None


def read_code(typed: str, badge_format: BadgeFormat | None) -> str:
    """Return the one code of a badge from what a scanner typed; a code that was returned is returned again.

    Args:
        typed: with or without AIM identifier, line end, asterisks of Code 39.
        badge_format: of the fair's badges; None if its fair file does not say it. Then every code is a badge of
            1-128 printable characters of ASCII without blanks, unless it is certainly something else.

    Raises:
        InvalidEvent: it is not a badge, with a word of `refusals` and its facts. The code is not repeated.
    """
    most = MOST if badge_format is None else badge_format.total_length
    if len(typed) > MOST_TYPED:
        raise refusal("badge_too_long", length=str(len(typed)), expected=str(most))
    codes = list(unwrapped(typed))
    if badge_format is not None and (good := next(filter(badge_format.accepts, codes), None)) is not None:
        return badge_format.canonical(good)
    if word := _never_a_badge(codes, badge_format):
        raise refusal(word)
    code = codes[-1]
    if badge_format is not None:
        raise refusal("badge_key_pseudonym") if is_pseudonym(code) else why_not(code, badge_format)
    if len(code) > most:
        raise refusal("badge_too_long", length=str(len(code)), expected=str(most))
    return code


def _never_a_badge(codes: Sequence[str], badge_format: BadgeFormat | None) -> str:
    """Return the word for what is not a badge at any fair, whatever its badge codes look like; empty if it may be one.

    Args:
        codes: what was typed, with less and less around it.
        badge_format: tells what was typed for another keyboard or in the wrong case.
    """
    typed, code = codes[0], codes[-1]
    if not code:
        return "badge_empty"
    if PRODUCT_AIM.match(typed) or ((GS1_AIM.match(typed) or "\x1d" in code) and is_product(code.split("\x1d")[0])):
        return "badge_product"
    if _WIDE.search(code):
        return "badge_full_width"
    if word := certainly_foreign(code):
        return word
    if any(_is_known(one, badge_format) for one in {*meant(typed), *meant(typed.translate(_OTHER_CASE))}):
        return "badge_layout"
    if badge_format is not None and any(map(badge_format.accepts, _in_other_case(code))):
        return "badge_caps"
    if _is_joined(code, badge_format):
        return "badge_joined"
    if not (code.isascii() and code.replace(" ", "").isprintable()):
        return "badge_not_ascii"
    return "badge_blank" if " " in code else ""


def _is_known(text: str, badge_format: BadgeFormat | None) -> bool:
    """Return whether a text is a badge of the format, or unmistakably something else."""
    if _UNMISTAKABLE.match(text):
        return True
    return badge_format is not None and any(map(badge_format.accepts, unwrapped(text)))


def _in_other_case(code: str) -> Iterator[str]:
    """Yield a code as Caps Lock, or a person who types it, may have changed it."""
    if code.isascii():
        yield from (code.swapcase(), code.upper(), code.lower())


def _is_joined(code: str, badge_format: BadgeFormat | None) -> bool:
    """Return whether a code is several badge codes in a row, or several lines."""
    if badge_format is not None:
        bare = re.sub(r"[\s,;\x00-\x1f]+|\][A-Za-z][0-9A-Za-z]", "", code)
        size = badge_format.total_length
        parts = [bare[start : start + size] for start in range(0, len(bare), size)]
        if len(parts) > 1 and all(map(badge_format.accepts, parts)):
            return True
    return "\n" in code or "\r" in code
