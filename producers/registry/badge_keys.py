"""The fingerprint of each fair's badge key: the first one that a terminal tells is kept, until somebody forgets it.

Terminals with different keys would count one visitor as several. The key itself never comes here, and nobody can find
it from the fingerprint: that is an HMAC under a key of at least 32 bytes.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from producers.registry.file import RegistryFile
from producers.registry.mark import changing_alone
from schemas.ids import FairId, TerminalId
from schemas.times import epoch_ms, from_epoch_ms

BADGE_KEYS: Final = """
CREATE TABLE IF NOT EXISTS badge_keys (
    fair_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, told_by TEXT NOT NULL, told_ms INTEGER NOT NULL
) STRICT
"""
"""Made with the first fingerprint, so that a program that only reads the registry never writes to it."""


@dataclass(frozen=True, slots=True)
class BadgeKey:
    """The badge key of a fair, as far as the registry knows it.

    Attributes:
        fingerprint: 16 hex digits.
        told_by: the terminal that told it first.
        told_at: when it did, by the server's clock.
    """

    fingerprint: str
    told_by: TerminalId
    told_at: datetime


def read_badge_keys(path: Path) -> dict[FairId, BadgeKey]:
    """Return the badge keys that a registry knows, by fair. Raises Unavailable if it cannot be read."""
    with closing(RegistryFile(path)) as file:
        return badge_keys_in(file)


def tell_badge_key(path: Path, fair_id: FairId, told: BadgeKey) -> BadgeKey:
    """Keep the fingerprint of a fair's badge key, unless one is kept, and return the one that is.

    Of several programs that tell at the same moment, one is the first for all of them. The fingerprint is on disk when
    this returns.

    Raises:
        Unavailable: the file cannot be written, and no fingerprint is kept.
    """
    with closing(RegistryFile(path)) as file:
        return tell_in(file, fair_id, told)


def tell_in(file: RegistryFile, fair_id: FairId, told: BadgeKey) -> BadgeKey:
    """Do what `tell_badge_key` does, in a file that is open."""
    known = badge_keys_in(file).get(fair_id)
    if known is not None:
        return known
    with changing_alone(file):
        file.write(BADGE_KEYS)
        file.write(
            "INSERT OR IGNORE INTO badge_keys VALUES (?, ?, ?, ?)",
            (fair_id, told.fingerprint, told.told_by, epoch_ms(told.told_at)),
        )
        return badge_keys_in(file)[fair_id]


def forget_badge_key(path: Path, fair_id: FairId) -> BadgeKey | None:
    """Remove the fingerprint of a fair and return it; None if none was kept.

    Raises:
        Unavailable: the file cannot be read or written.
    """
    with closing(RegistryFile(path)) as file:
        return forget_in(file, fair_id)


def forget_in(file: RegistryFile, fair_id: FairId) -> BadgeKey | None:
    """Do what `forget_badge_key` does, in a file that is open."""
    known = badge_keys_in(file).get(fair_id)
    if known is not None:
        with changing_alone(file):
            file.write("DELETE FROM badge_keys WHERE fair_id = ?", (fair_id,))
    return known


def badge_keys_in(file: RegistryFile) -> dict[FairId, BadgeKey]:
    """Return the badge keys that an open file knows, by fair. Raises Unavailable if it cannot be read."""
    if not file.has("badge_keys"):
        return {}
    rows = file.rows("SELECT fair_id, fingerprint, told_by, told_ms FROM badge_keys")
    return {fair: BadgeKey(fingerprint, by, from_epoch_ms(ms)) for fair, fingerprint, by, ms in rows}
