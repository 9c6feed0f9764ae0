"""From a printed code to the hash under which the register has it."""

from schemas.badges.format import BadgeFormat
from schemas.badges.reading import is_pseudonym, read_code
from schemas.badges.register import code_hash
from schemas.ids import BadgeRef


def hash_of(typed: str, key: bytes, badge_format: BadgeFormat | None) -> BadgeRef:
    """Return the hash of a badge's code, as a terminal with the badge key computes it.

    A code that is a pseudonym already stays as it is, if the fair's badges may carry pseudonyms.

    Args:
        typed: the code, with or without what a scanner puts around it.
        key: the fair's badge key.
        badge_format: of the fair's badges; None if its fair file does not say it.

    Raises:
        InvalidEvent: it is not a badge. The code is not repeated.
    """
    good = badge_format is not None and badge_format.accepts(typed)  # as nearly all are, and much faster
    code = badge_format.canonical(typed) if badge_format is not None and good else read_code(typed, badge_format)
    if (badge_format is None or badge_format.is_pseudonym) and is_pseudonym(code):
        return code
    return code_hash(key, code)
