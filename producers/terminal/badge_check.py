"""Asks the gateway what the register of badges says of a badge, before a gate lets its person in.

A gate must not wait for the network: after a second without an answer the person goes in, unchecked.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Final

from producers.terminal.answer_reading import object_in
from producers.terminal.badge import Badge
from producers.terminal.link import Link
from schemas.api.http import BADGE_CODE
from schemas.codes import DenyReason
from schemas.errors import Unavailable

PATIENCE_S: Final = 1.0
"""How long a gate waits for the answer."""


@dataclass(frozen=True, slots=True)
class CheckedBadge:
    """What the register says of a badge.

    Attributes:
        known: whether it has the badge.
        denied: whether the person is turned away.
        reason: why; None if the answer does not say it in a word of our list.
    """

    known: bool
    denied: bool = False
    reason: DenyReason | None = None


async def check_badge(link: Link, token: str, badge: Badge, patience_s: float = PATIENCE_S) -> CheckedBadge | None:
    """Return what the register says of a badge; None without an answer in time, or with one about something else.

    Args:
        link: the way to the gateway.
        token: the terminal's.
        badge: of the person.
        patience_s: how long to wait.
    """
    asked = {BADGE_CODE: badge.code} if badge.code is not None else {"badge_ref": badge.ref}
    try:
        async with asyncio.timeout(patience_s):
            answer = await link.check(json.dumps(asked).encode(), token)
    except (Unavailable, TimeoutError):
        return None
    said = object_in(answer.body)
    if answer.status != 200 or not isinstance(said.get("known"), bool):
        return None
    denied = said.get("denied")
    return CheckedBadge(said["known"], denied is not None, _reason(denied))


def _reason(word: object) -> DenyReason | None:
    try:
        return DenyReason(word) if isinstance(word, str) else None
    except ValueError:
        return None
