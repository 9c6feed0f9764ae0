"""The registry of terminals in a gateway's memory: it finds the terminal of a token, and the badge key of the fair.

The file is read again every second. Only the first badge key of a fair is written.
"""

import asyncio
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Final

from producers.registry.badge_keys import BadgeKey, read_badge_keys, tell_badge_key
from producers.registry.store import Key, digest_of, read_keys
from schemas.api.terminals import parse_token
from schemas.errors import Unavailable
from schemas.ids import FairId
from schemas.logs import logger

log = logger(__name__)

POLL_S: Final = 1.0
"""Pause between two reads of the file. A revoked token is refused after at most this pause and one read."""
STALE_S: Final = 5.0
"""If the file could not be read for longer, no terminal is let in: we may have missed a revocation."""


class RegistryUnreadable(Exception):
    """The registry cannot be read, so any terminal may have been revoked."""


class Doorkeeper:
    """Keeps the tokens and badge keys in memory.

    Args:
        path: the registry file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, Key] = {}
        self._badge_keys: dict[FairId, BadgeKey] = {}
        self._read_at: float | None = None
        self._telling: asyncio.Task[BadgeKey] | None = None
        self._complained_of_badge_key = False

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def is_fresh(self) -> bool:
        """Whether the registry was read recently."""
        return self._read_at is not None and asyncio.get_running_loop().time() - self._read_at <= STALE_S

    def read(self) -> None:
        """Read the registry now. Raises Unavailable if it cannot be read."""
        self._keys, self._badge_keys = self._all()
        self._read_at = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Keep reading the registry, for ever."""
        complained = False
        while True:
            await asyncio.sleep(POLL_S)
            try:
                self._keys, self._badge_keys = await asyncio.to_thread(self._all)
                self._read_at = asyncio.get_running_loop().time()
                if complained:
                    log.info("the registry can be read again", file=self._path, tokens=len(self))
                complained = False
            except Unavailable as error:
                if not complained:
                    # Known keys stay valid for a few more seconds.
                    log.error("the registry cannot be read", file=self._path, error=error, tokens=len(self))  # noqa: TRY400
                complained = True

    def identify(self, text: str, now: datetime) -> Key | None:
        """Return the key that a token belongs to; None if the token is not valid.

        Raises:
            RegistryUnreadable: the registry was not read recently.
        """
        if not self.is_fresh:
            raise RegistryUnreadable
        token = parse_token(text)
        if token is None:
            return None
        key = self._keys.get(token.kid)
        # Compare in constant time even for an unknown key id: its answer must not be faster.
        proven = compare_digest(digest_of(token.secret), key.digest if key is not None else bytes(32))
        if key is None or not proven or (key.expires_at is not None and now >= key.expires_at):
            return None
        return key

    async def badge_key(self, fair_id: FairId, told: BadgeKey | None) -> BadgeKey | None:
        """Return the badge key of a fair; None if none is known.

        Args:
            fair_id: the fair.
            told: what a terminal told, None if it told nothing. If it is the first of the fair, the registry keeps it.

        Raises:
            Unavailable: it is the first, and the registry cannot be written.
        """
        known = self._badge_keys.get(fair_id)
        if known is not None or told is None:
            return known
        if self._telling is None:  # one at a time: a locked file must not take all threads from `watch`
            self._telling = asyncio.create_task(self._tell(fair_id, told))
        return await asyncio.shield(self._telling)

    async def _tell(self, fair_id: FairId, told: BadgeKey) -> BadgeKey:
        try:
            kept = await asyncio.to_thread(tell_badge_key, self._path, fair_id, told)
        except Unavailable as error:
            if not self._complained_of_badge_key:
                log.error("the badge key cannot be kept, so no terminal can be paired", error=error)  # noqa: TRY400
            self._complained_of_badge_key = True
            raise
        finally:
            self._telling = None
        self._badge_keys = {**self._badge_keys, fair_id: kept}
        log.info("the badge key of the fair is kept", badge_key=kept.fingerprint, terminal=kept.told_by)
        return kept

    def _all(self) -> tuple[dict[str, Key], dict[FairId, BadgeKey]]:
        return read_keys(self._path), read_badge_keys(self._path)
