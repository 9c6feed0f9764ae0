"""Why a code is not one of the fair's format: what the word for it is, and its facts."""

from schemas.badges.foreign import probably_foreign
from schemas.badges.format import BadgeFormat
from schemas.badges.refusals import refusal
from schemas.errors import InvalidEvent


def why_not(code: str, badge_format: BadgeFormat) -> InvalidEvent:
    """Return the refusal of a code that the format does not accept, with the most helpful of its faults."""
    if badge_format.has_shape(code):
        return refusal("badge_check")
    if word := probably_foreign(code):
        return refusal(word)
    expected = badge_format.total_length
    if _was_cut(code, badge_format):
        return refusal("badge_too_short", length=str(len(code)), expected=str(expected))
    if badge_format.accepts(code[-expected:]):
        return refusal("badge_too_long", length=str(len(code)), expected=str(expected))
    if not badge_format.begins(code):
        return refusal("badge_prefix", prefix=badge_format.prefix)
    if len(code) != expected:
        word = "badge_too_short" if len(code) < expected else "badge_too_long"
        return refusal(word, length=str(len(code)), expected=str(expected))
    return refusal("badge_alphabet", place=str(badge_format.foreign_place(code)))


def _was_cut(code: str, badge_format: BadgeFormat) -> bool:
    """Return whether a code is the end of one, with a part of the prefix or none of it."""
    missing = badge_format.total_length - len(code)
    return 0 < missing <= len(badge_format.prefix) and badge_format.has_shape(badge_format.prefix[:missing] + code)
