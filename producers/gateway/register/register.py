"""The register of badges in a gateway: who a person is, the fair's badge key, and the events that wait."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from producers.badges.book import Book
from producers.badges.follower import BadgeFollower
from producers.badges.origin import check_origin
from producers.gateway.events.badge_codes import BadgeCodes
from producers.gateway.register.releasing import Releases
from producers.registry.badge_keys import BadgeKey
from producers.registry.doorkeeper import Doorkeeper
from schemas.badges.key import SET_KEY, key_fingerprint
from schemas.errors import FairpulseError, InvalidSettings, Unavailable
from schemas.fair.model import Fair
from schemas.ids import TerminalId
from schemas.logs import logger
from schemas.terminal_settings import TerminalSettings

log = logger(__name__)

GATEWAY: Final[TerminalId] = "gateway"
"""Told the registry the badge key, if no terminal did before."""
STILL_S: Final = 30.0
"""Seconds that the register may stand still before the gateway says that it is not ready."""
AGAIN_S: Final = 1.0
"""Pause before the badge key is compared again."""
LOOK_S: Final = 0.05
"""Pause between two looks at whether the register was read."""


@dataclass(slots=True, kw_only=True)
class Register:
    """The part of a gateway that only a fair with a register of badges has.

    Attributes:
        fair: whose register it is.
        key: the fair's badge key, in which the register's references are made.
        codes: reads codes with it.
        follower: keeps the book up to date.
        releases: watches the events that wait.
        is_key_kept: whether the registry of terminals was told the key, and has the same.
        importing: held by the one import that is under way.
    """

    fair: Fair
    key: bytes
    codes: BadgeCodes
    follower: BadgeFollower
    releases: Releases
    is_key_kept: bool = False
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def book(self) -> Book:
        """The persons and codes, as far as they were read."""
        return self.follower.book

    @property
    def fingerprint(self) -> str:
        """That of the key."""
        return key_fingerprint(self.key)

    def trouble(self, doorkeeper: Doorkeeper) -> str:
        """Return why no event can be taken; empty if it can."""
        if not self.follower.ready:
            return "the register of badges was not read to its end yet"
        if other := self.other_origin:
            return other
        if not self.is_key_kept:
            return "the badge key was not compared with that of the registry of terminals yet"
        known = doorkeeper.known_badge_key(self.fair.fair_id)
        if known is not None and known.fingerprint != self.fingerprint:
            return str(other_key(self.fingerprint, known))
        return ""

    @property
    def other_origin(self) -> str:
        """Why the register, as far as it was read, is not that of this fair and this key; empty if it may be."""
        try:
            check_origin(self.book, self.key, self.fair.fair_id)
        except FairpulseError as error:
            return str(error)
        return ""

    @property
    def stands_still(self) -> str:
        """Why the register is too old; empty if it is not."""
        age_s = self.follower.age_s
        if not self.follower.ready or age_s <= STILL_S:
            return ""
        return f"the register of badges was not read to its end for {age_s:.0f} s"

    def check_key(self, doorkeeper: Doorkeeper) -> None:
        """Raise InvalidSettings if the registry, as it was read, has another key."""
        known = doorkeeper.known_badge_key(self.fair.fair_id)
        if known is not None and known.fingerprint != self.fingerprint:
            raise other_key(self.fingerprint, known)

    async def watch_key(self, doorkeeper: Doorkeeper, clock: Callable[[], datetime]) -> None:
        """Compare the key with that of the register, keep it in the registry, and compare it for ever.

        The register says its key with the first import. If that comes later, with another key, the gateway goes on and
        is not ready: its terminals keep their events until a person decides which key is right.

        Raises:
            FairpulseError: the register has another key, or is that of another fair.
            InvalidSettings: the registry has another key.
        """
        while not self.follower.ready:  # noqa: ASYNC110 - only at the start
            await asyncio.sleep(LOOK_S)
        check_origin(self.book, self.key, self.fair.fair_id)
        await self.keep_key(doorkeeper, clock)
        told = ""
        while True:
            if (other := self.other_origin) and other != told:
                log.error("the register of badges cannot be used", error=other)
            told = other or told
            await asyncio.sleep(AGAIN_S)

    async def keep_key(self, doorkeeper: Doorkeeper, clock: Callable[[], datetime]) -> None:
        """Tell the registry the key as soon as it can be used, unless it has one.

        Raises:
            InvalidSettings: it has another one, perhaps since another gateway or terminal told it a moment ago.
        """
        while True:
            if doorkeeper.is_fresh:
                try:
                    told = BadgeKey(self.fingerprint, GATEWAY, clock())
                    kept = await doorkeeper.badge_key(self.fair.fair_id, told)
                except Unavailable:  # the log says why
                    pass
                else:
                    if kept is not None and kept.fingerprint != self.fingerprint:
                        raise other_key(self.fingerprint, kept)
                    self.is_key_kept = True
                    return
            await asyncio.sleep(AGAIN_S)


def badge_key_of(fair: Fair) -> bytes:
    """Return the fair's badge key as the environment has it. Raises InvalidSettings if it has none."""
    key = TerminalSettings.load().pseudonym_key()
    if key is None:
        raise InvalidSettings(
            f"FAIRPULSE_BADGE_KEY: is missing; the fair {fair.fair_id} has a register of badges, and only with the key "
            "can its codes be looked up",
            hint=SET_KEY,
        )
    return key


def other_key(own: str, kept: BadgeKey) -> InvalidSettings:
    """Return why the badge key of a gateway cannot be used."""
    return InvalidSettings(
        f"FAIRPULSE_BADGE_KEY: this key ({own}) is not the fair's ({kept.fingerprint}), which {kept.told_by} told the "
        f"registry on {kept.told_at:%Y-%m-%d %H:%M} UTC",
        hint="set the key with which the register was imported; if the registry has the wrong one, run "
        "`fairpulse terminals badge-key --forget`",
    )
