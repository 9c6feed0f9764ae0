"""The registry of terminals in a gateway's memory: it finds the terminal of a token, and the badge key of the fair.

Every second it takes what is new in the topic into the file, if the registry is shared, and reads the file. Only the
first badge key of a fair is written.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Final

from producers.registry.badge_keys import BadgeKey, read_badge_keys, tell_badge_key, tell_in
from producers.registry.cache import known_mark
from producers.registry.follower import Follower
from producers.registry.sharing import change
from producers.registry.store import Key, digest_of, read_keys
from schemas.api.terminals import Terminal, parse_token
from schemas.errors import FairpulseError, Unavailable
from schemas.ids import FairId
from schemas.logs import logger

log = logger(__name__)

POLL_S: Final = 1.0
"""Pause between two reads of the file. A revoked token is refused after at most this pause and one read."""
STALE_S: Final = 5.0
"""If the file could not be read for longer, no terminal is let in: we may have missed a revocation."""
SHARED_STALE_S: Final = 10.0
"""The same for the topic and the file together. A revocation holds everywhere within this time."""


class RegistryUnreadable(Exception):
    """The registry was not read recently, so any terminal may have been revoked."""


class Doorkeeper:
    """Keeps the tokens and badge keys in memory.

    Args:
        path: the registry file.
        follower: keeps the file up to date where the registry is shared; None if the file alone is the registry.
    """

    def __init__(self, path: Path, follower: Follower | None = None) -> None:
        self._path, self._follower = path, follower
        self._stale_s = STALE_S if follower is None else SHARED_STALE_S
        self._wanted = asyncio.Event()
        self._began: float | None = None
        self._why = "it was not read yet"
        self._keys: dict[str, Key] = {}
        self._badge_keys: dict[FairId, BadgeKey] = {}
        self._read_at: float | None = None
        self._telling: asyncio.Task[BadgeKey] | None = None
        self._complained_of_badge_key = False

    def __len__(self) -> int:
        return len(self._keys)

    def terminals(self, fair_id: FairId, now: datetime) -> Iterator[Terminal]:
        """Yield the terminals of a fair that have a valid token; one that changes its token may come twice."""
        for key in self._keys.values():
            if key.terminal.fair_id == fair_id and (key.expires_at is None or now < key.expires_at):
                yield key.terminal

    @property
    def is_fresh(self) -> bool:
        """Whether all that was changed until a few seconds ago is known here."""
        return self._read_at is not None and asyncio.get_running_loop().time() - self._read_at <= self._stale_s

    @property
    def age_s(self) -> float:
        """Seconds since the registry was known to be up to date; since the start, if it never was."""
        since = self._began if self._read_at is None else self._read_at
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    @property
    def trouble(self) -> str:
        """Why no terminal is let in; empty while terminals are."""
        if self.is_fresh:
            return ""
        return f"the registry of terminals is not known to be up to date within {self._stale_s:g} s: {self._why}"

    def read(self) -> None:
        """Read the file now; one that is shared may be old, and is made if it is missing.

        Raises:
            Unavailable: it cannot be read.
        """
        self._began = asyncio.get_running_loop().time()
        if self._follower is not None:
            known_mark(self._path)
        self._keys, self._badge_keys = self._all()
        if self._follower is None:
            self._read_at = self._began

    def look(self) -> None:
        """Read the file now, and let `watch` look into the topic at once. Raises as `read`."""
        self.read()
        self._wanted.set()

    async def watch(self) -> None:
        """Keep reading the registry, for ever."""
        told = ""
        try:
            while True:
                if self._follower is None:
                    await self._pause()
                asked_at = asyncio.get_running_loop().time()  # what is changed from now on may be missed
                try:
                    if self._follower is not None:
                        await self._follower.catch_up()
                    self._keys, self._badge_keys = await asyncio.to_thread(self._all)
                    self._read_at = asked_at
                    if told:
                        log.info("the registry can be read again", file=self._path, known=len(self))
                    told = ""
                except FairpulseError as error:
                    self._why = str(error)
                    if told != self._why:
                        # Known keys stay valid for a few more seconds.
                        log.error("the registry cannot be read", file=self._path, error=error, known=len(self))  # noqa: TRY400
                    told = self._why
                except Exception as error:  # else nobody would ever look again, nor say why
                    self._why = "a bug, see the log"
                    if told != self._why:
                        log.exception("the registry cannot be read because of a bug", file=self._path, error=error)
                    told = self._why
                if self._follower is not None:
                    await self._pause()
        finally:
            if self._follower is not None:
                await self._follower.close()

    async def _pause(self) -> None:
        """Wait until it is time to look again, or somebody asks for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._wanted.wait()
        self._wanted.clear()

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

    def known_badge_key(self, fair_id: FairId) -> BadgeKey | None:
        """Return the badge key of a fair, as the registry was last read; None if none is known."""
        return self._badge_keys.get(fair_id)

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
            kept = await self._keep(fair_id, told)
        except FairpulseError as error:
            if not self._complained_of_badge_key:
                log.error("the badge key cannot be kept, so no terminal can be paired", error=error)  # noqa: TRY400
            self._complained_of_badge_key = True
            raise error if isinstance(error, Unavailable) else Unavailable(error.message, hint=error.hint) from error
        finally:
            self._telling = None
        self._badge_keys = {**self._badge_keys, fair_id: kept}
        log.info("the badge key of the fair is kept", badge_key=kept.fingerprint, terminal=kept.told_by)
        return kept

    async def _keep(self, fair_id: FairId, told: BadgeKey) -> BadgeKey:
        if self._follower is None:
            return await asyncio.to_thread(tell_badge_key, self._path, fair_id, told)
        return await change(
            self._follower.kafka, self._path, "badge-key", lambda registry: tell_in(registry.file, fair_id, told)
        )

    def _all(self) -> tuple[dict[str, Key], dict[FairId, BadgeKey]]:
        return read_keys(self._path), read_badge_keys(self._path)
