"""A scan at a gate of a fair with a register of badges: the badge is checked first, then its scan is saved."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from producers.terminal.badge import Badge
from producers.terminal.badge_check import CheckedBadge, check_badge
from producers.terminal.link import Link
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web_scans import codes_of, scan_of
from schemas.codes import ScanKind
from schemas.errors import InvalidEvent


class GateScans:
    """Saves scans. At such a gate, who enters is checked, unless a person has decided already.

    Args:
        terminal: paired.
        link: the way to its gateway.
    """

    def __init__(self, terminal: BoothTerminal, link: Callable[[], Link]) -> None:
        self._terminal = terminal
        self._link = link

    async def scan(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Save the scans of a form, see `web_scans.scan_of`. Raises as that."""
        checked = await self._checked(fields) if self._checks(fields) else None
        return await asyncio.to_thread(scan_of, self._terminal, fields, checked)

    def _checks(self, fields: Mapping[str, Any]) -> bool:
        card = self._terminal.card
        enters = fields.get("kind", ScanKind.ENTRY) == ScanKind.ENTRY
        decided = any(fields.get(name) for name in ("forced", "denied", "anonymous"))
        return card.place == "gate" and card.badge_register and enters and not decided

    async def _checked(self, fields: Mapping[str, Any]) -> dict[str, CheckedBadge | None]:
        """Return what the register says of each badge, by its code; all are asked for at once."""
        badges = {code: badge for code in codes_of(self._terminal, fields) if (badge := self._badge(code)) is not None}
        token = self._terminal.paired.pairing.token
        answers = await asyncio.gather(*(check_badge(self._link(), token, badge) for badge in badges.values()))
        return dict(zip(badges, answers, strict=True))

    def _badge(self, code: str) -> Badge | None:
        try:
            return self._terminal.badge(code)
        except InvalidEvent:
            return None  # saving it says why
