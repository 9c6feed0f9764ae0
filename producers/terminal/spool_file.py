"""The file of a spool: opened, closed, and used by one thread at a time, with every error of the disk by its cause."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Final

from producers.terminal.ballast import BALLAST_BYTES, Ballast
from producers.terminal.spool_schema import open_database
from producers.terminal.spool_trouble import DAMAGED, DISK_FULL, SpoolTrouble, trouble_of

SPOOL: Final = "spool.sqlite3"
BALLAST: Final = "ballast"

CAP_BYTES: Final = 256 * 1_048_576
"""Bytes of events that a spool holds: half a million scans, weeks of a busy booth."""


class SpoolFile:
    """A folder with the file of a spool and its ballast.

    Args:
        folder: created if it is missing, for its owner only.
        cap_bytes: most bytes of events to hold.
        ballast_bytes: space reserved for deleting on a full disk.
        power_safe: False only for a simulation, see `open_database`.

    Raises:
        SpoolTrouble: the folder or the file cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cap_bytes: int = CAP_BYTES,
        ballast_bytes: int = BALLAST_BYTES,
        power_safe: bool = True,
    ) -> None:
        self.folder = folder
        self._cap_bytes = cap_bytes
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise trouble_of(error, f"the folder {folder} cannot be made") from None
        self._lock = RLock()
        self._ballast = Ballast(folder / BALLAST, ballast_bytes)
        self.file = folder / SPOOL
        self._database = self._opened(power_safe=power_safe)
        self._identity = identity(self.file)
        with self.using("the spool cannot be opened"):
            self._ballast.load()

    def _opened(self, *, power_safe: bool) -> sqlite3.Connection:
        """Open the file. On a disk that others have filled meanwhile, even that takes the room of the ballast."""
        used = (self.folder / BALLAST).exists()
        try:
            return open_database(self.file, used=used, power_safe=power_safe)
        except SpoolTrouble as trouble:
            if trouble.cause != DISK_FULL or not self._ballast.aboard:
                raise
            self._ballast.drop()
            return open_database(self.file, used=used, power_safe=power_safe)

    def close(self) -> None:
        """Close the file."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    @contextmanager
    def using(self, what: str) -> Iterator[sqlite3.Connection]:
        """Give the database to one thread at a time.

        Args:
            what: what does not happen if the disk does not work, the beginning of the message.

        Raises:
            SpoolTrouble: in place of every error of the system and of SQLite.
        """
        with self._lock:
            try:
                yield self._database
            except sqlite3.ProgrammingError:
                raise  # the spool was closed: a mistake in this program
            except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
                raise trouble_of(error, what) from None

    @contextmanager
    def transaction(self, what: str) -> Iterator[sqlite3.Connection]:
        """Give the database as `using`; what is done with it is on disk at the end, or nothing of it."""
        with self.using(what) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    with suppress(sqlite3.Error):
                        database.execute("ROLLBACK")
                raise

    def check_file_is_here(self) -> None:
        """Raise SpoolTrouble if the file that this object uses was removed or replaced, for example by a repair."""
        if self._identity != identity(self.file):
            raise SpoolTrouble(
                DAMAGED, "not saved: the spool file was removed or replaced", hint="end this program and start it again"
            )


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one under the same name, None if there is no file."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_dev, about.st_ino
