"""From the code on a badge to the pseudonym that leaves the terminal. The code itself is never stored."""

from schemas.badges.format import BadgeFormat
from schemas.badges.reading import is_pseudonym, read_code
from schemas.badges.refusals import refusal
from schemas.badges.register import code_hash


def badge_ref(typed: str, key: bytes | None, badge_format: BadgeFormat | None) -> str:
    """Return the pseudonym of a badge, the same for one key and code however a scanner typed it.

    A code that is a pseudonym already stays as it is, if the fair's badges may carry pseudonyms.

    Args:
        typed: by the scanner, or a code that was read from it.
        key: the fair's badge key; None if its badges carry pseudonyms.
        badge_format: of the fair's badges; None if its fair file does not say it.

    Raises:
        InvalidEvent: it is not a badge, or there is no key to make a pseudonym with. The code is not repeated.
    """
    code = read_code(typed, badge_format)
    carries_pseudonyms = badge_format is None or badge_format.is_pseudonym
    if carries_pseudonyms and is_pseudonym(code):
        return code
    if key is None:
        raise refusal("badge_caps" if carries_pseudonyms and is_pseudonym(code.lower()) else "badge_no_key")
    return code_hash(key, code)
