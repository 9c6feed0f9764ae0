"""A scan at a gate or a hall door of a fair with a register of badges: the badge is checked, then its scan is saved."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from producers.terminal.badge import Badge
from producers.terminal.badge_check import CheckedBadge, check_badge
from producers.terminal.gate import asks_register
from producers.terminal.link import Link
from producers.terminal.spool import REMEMBERED
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web_scans import codes_of, scan_of
from schemas.errors import InvalidEvent


class GateScans:
    """Saves scans. At such a door, who enters is checked, unless a person has decided already.

    Args:
        terminal: paired.
        link: the way to its gateway.
    """

    def __init__(self, terminal: BoothTerminal, link: Callable[[], Link]) -> None:
        self._terminal = terminal
        self._link = link
        self._answered: dict[tuple[str, ...], dict[str, Any]] = {}

    async def scan(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Save the scans of a form, see `web_scans.scan_of`. Raises as that.

        The page asks again after a lost reply: then the answer is the same, and nobody is checked once more.
        """
        if not self._checks(fields):
            return await asyncio.to_thread(scan_of, self._terminal, fields, None)
        ids = tuple(map(str, given)) if isinstance(given := fields.get("ids"), list) else ()
        if (earlier := self._answered.get(ids)) is not None:
            return earlier
        answer = await asyncio.to_thread(scan_of, self._terminal, fields, await self._checked(fields))
        if ids and not any("error" in one for one in answer["results"]):
            self._answered[ids] = answer
            while len(self._answered) > REMEMBERED:
                del self._answered[next(iter(self._answered))]
        return answer

    def _checks(self, fields: Mapping[str, Any]) -> bool:
        decided = any(fields.get(name) for name in ("forced", "denied", "anonymous"))
        return asks_register(self._terminal.card, fields.get("kind"), decided=decided)

    async def _checked(self, fields: Mapping[str, Any]) -> dict[str, CheckedBadge | None]:
        """Return what the register says of each badge, by its code; all are asked for at once."""
        codes = await asyncio.to_thread(codes_of, self._terminal, fields)
        badges = {code: badge for code in codes if (badge := self._badge(code)) is not None}
        token = self._terminal.paired.pairing.token
        answers = await asyncio.gather(*(check_badge(self._link(), token, badge) for badge in badges.values()))
        return dict(zip(badges, answers, strict=True))

    def _badge(self, code: str) -> Badge | None:
        try:
            return self._terminal.badge(code)
        except InvalidEvent:
            return None  # saving it says why
