"""Finds the terminal that a token belongs to, in memory; the registry file is read again every second."""

import asyncio
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Final

from producers.registry.store import Key, digest_of, read_keys
from schemas.api.terminals import parse_token
from schemas.errors import Unavailable
from schemas.logs import logger

log = logger(__name__)

POLL_S: Final = 1.0
"""Pause between two reads of the file. A revoked token is refused after at most this pause and one read."""
STALE_S: Final = 5.0
"""If the file could not be read for longer, no terminal is let in: we may have missed a revocation."""


class RegistryUnreadable(Exception):
    """The registry cannot be read, so any terminal may have been revoked."""


class Doorkeeper:
    """Keeps the keys in memory.

    Args:
        path: the registry file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, Key] = {}
        self._read_at: float | None = None

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def is_fresh(self) -> bool:
        """Whether the registry was read recently."""
        return self._read_at is not None and asyncio.get_running_loop().time() - self._read_at <= STALE_S

    def read(self) -> None:
        """Read the registry now. Raises Unavailable if it cannot be read."""
        self._keys = read_keys(self._path)
        self._read_at = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Keep reading the registry, for ever."""
        complained = False
        while True:
            await asyncio.sleep(POLL_S)
            try:
                self._keys = await asyncio.to_thread(read_keys, self._path)
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
