"""Answers a gate that asks whether somebody may come in. It learns the role and the reason to say no, nothing else."""

from typing import Final

import jiter

from producers.badges.book import Book
from producers.gateway.events.badge_codes import BadgeCodes
from producers.gateway.events.resolving import registered
from schemas.api.http import BADGE_CODE, BadgeAnswer
from schemas.badges.reading import is_pseudonym
from schemas.codes import DenyReason

BADGE_REF: Final = "badge_ref"
CHECK_MAX_BYTES: Final = 16_384
"""Largest question; the longest code has 7,089 characters."""


class BadQuestion(Exception):
    """The body of a question is not one."""


def badge_in(body: bytes, codes: BadgeCodes) -> str:
    """Return the badge that a gate asks about, as the register knows it.

    Args:
        body: a JSON object with the one member `badge_code` or `badge_ref`.
        codes: reads the codes of the fair's badges.

    Raises:
        BadQuestion: it is something else.
        InvalidEvent: the code is not that of a badge. It is not repeated.
    """
    if len(body) > CHECK_MAX_BYTES:
        raise BadQuestion
    try:
        asked = jiter.from_json(body, catch_duplicate_keys=True)
    except ValueError:
        raise BadQuestion from None
    if not isinstance(asked, dict) or len(asked) != 1:
        raise BadQuestion
    ((name, value),) = asked.items()
    if name == BADGE_CODE:
        return codes.hash_of(value)
    if name == BADGE_REF and isinstance(value, str) and is_pseudonym(value):
        return value
    raise BadQuestion


def check(badge: str, book: Book) -> BadgeAnswer:
    """Return what a gate is told of a badge: one that was replaced, or is of somebody who was erased, is revoked."""
    if book.is_spent(badge):
        return BadgeAnswer(known=True, denied=DenyReason.REVOKED)
    person = registered(badge, book)
    said = None if person is None else book.registration(person)
    if said is None:
        return BadgeAnswer(known=False)
    denied = DenyReason.REVOKED if said.erased or book.is_replaced(badge) else said.denied
    return BadgeAnswer(known=True, role=said.role, denied=denied)
