"""From the code on a badge to what is sent of it: a pseudonym, or at a fair with a register the code itself."""

from typing import NamedTuple

from schemas.badges.format import BadgeFormat
from schemas.badges.reading import is_pseudonym, read_code
from schemas.badges.refusals import refusal
from schemas.badges.register import code_hash


class Badge(NamedTuple):
    """A badge as it is sent: by its pseudonym, or by its code for the gateway, which knows the key. Never both.

    Attributes:
        ref: the pseudonym; None if the code is sent.
        code: the code, in its one spelling; None if the pseudonym is sent. No event in Kafka has it.
    """

    ref: str | None = None
    code: str | None = None


NO_BADGE = Badge()
"""A visitor who does not want to be tracked."""


def badge_of(typed: str, key: bytes | None, badge_format: BadgeFormat | None, *, register: bool) -> Badge:
    """Return a badge as it is sent.

    Args:
        typed: by the scanner, or a code that was read from it.
        key: the fair's badge key; None if the terminal has none.
        badge_format: of the fair's badges; None if its fair file does not say it.
        register: whether the fair has a register of badges. Then a terminal without a key sends the code.

    Raises:
        InvalidEvent: it is not a badge, or there is no key to make a pseudonym with. The code is not repeated.
    """
    if register and key is None:
        code = read_code(typed, badge_format)
        return Badge(ref=code) if _is_carried(code, badge_format) else Badge(code=code)
    return Badge(ref=badge_ref(typed, key, badge_format))


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
    if _is_carried(code, badge_format):
        return code
    if key is None:
        raise refusal("badge_caps" if _is_carried(code.lower(), badge_format) else "badge_no_key")
    return code_hash(key, code)


def _is_carried(code: str, badge_format: BadgeFormat | None) -> bool:
    """Return whether a code is a pseudonym that a badge of the fair carries."""
    return (badge_format is None or badge_format.is_pseudonym) and is_pseudonym(code)
