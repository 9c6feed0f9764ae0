"""Why a code is refused, in words of booth staff. A page has its own texts for the same words, in each language."""

from typing import Final

from schemas.badges.key import SET_KEY
from schemas.errors import InvalidEvent

_BADGE: Final = "scan the code on the visitor's badge"
_AGAIN: Final = "scan the badge again"

REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "badge_empty": ("nothing was read", _AGAIN),
    "badge_url": ("this is a web address, not a badge", _BADGE),
    "badge_vcard": ("this is a business card, not a badge", _BADGE),
    "badge_calendar": ("this is a date for a calendar, not a badge", _BADGE),
    "badge_wifi": ("this is the code of a Wi-Fi, not a badge", _BADGE),
    "badge_contact": ("this is an e-mail address, a telephone number or a place, not a badge", _BADGE),
    "badge_product": ("this is the code of a product, a book or a parcel, not a badge", _BADGE),
    "badge_boarding_pass": ("this is a boarding pass or a ticket, not a badge", _BADGE),
    "badge_health": ("this is a health certificate, not a badge", _BADGE),
    "badge_payment": ("this is a code for a payment, not a badge", _BADGE),
    "badge_document": ("this is a passport or an identity card, not a badge", _BADGE),
    "badge_foreign": ("this is another kind of code, not a badge", _BADGE),
    "badge_too_short": ("the code has {length} characters, and a badge of this fair has {expected}", _AGAIN),
    "badge_too_long": ("the code has {length} characters, and a badge has at most {expected}", _AGAIN),
    "badge_joined": (
        "several codes were read as one",
        "scan one badge at a time; if it happens with every badge, let the scanner send Enter after each code",
    ),
    "badge_prefix": ("a badge of this fair begins with {prefix}, and this code does not", _BADGE),
    "badge_alphabet": ("character {place} of the code is one that badges of this fair do not have", _AGAIN),
    "badge_check": ("the code was misread or mistyped: its check character does not fit", _AGAIN),
    "badge_full_width": ("the code has wide characters", "switch the computer's input method off, then scan again"),
    "badge_layout": (
        "the scanner is set to another keyboard than the computer",
        "set the scanner's keyboard to the computer's, then scan again",
    ),
    "badge_caps": ("capital and small letters are not as on the badge", "switch Caps Lock off, then scan again"),
    "badge_not_ascii": ("the code has a character that no badge has", _AGAIN),
    "badge_blank": ("the code has a blank, and no badge has one", _AGAIN),
    "badge_key_pseudonym": ("this is a pseudonym, and badges of this fair carry codes", _BADGE),
    "badge_no_key": ("this terminal has no badge key, and cannot take this badge", SET_KEY),
}
"""Each word with what is wrong and what to do, in English; `{...}` is a fact."""


def refusal(word: str, **facts: str) -> InvalidEvent:
    """Return the error of a word of `REFUSALS`; the code is not repeated."""
    what, hint = REFUSALS[word]
    return InvalidEvent(
        "bad_value", f"badge: {what.format_map(facts)}", field="badge", hint=hint, word=word, facts=facts
    )
