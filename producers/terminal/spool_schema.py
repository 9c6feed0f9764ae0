"""The spool on disk: one SQLite file, which survives a power cut after every commit."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from producers.terminal.spool_checks import check_content, check_file
from producers.terminal.spool_tables import TABLES
from producers.terminal.spool_trouble import SpoolTrouble, trouble_of

PATIENCE_S: Final = 10.0
"""How long one process waits for another that writes to the same spool."""


def open_database(path: Path, *, used: bool = False, power_safe: bool = True) -> sqlite3.Connection:
    """Return a connection to the spool, created if it is missing; usable from any thread, one at a time.

    Args:
        path: the file.
        used: events were saved in this folder before, so that a missing or empty file is damage.
        power_safe: every commit waits for the disk; if False, it survives a killed process but not a power cut.

    Raises:
        SpoolTrouble: the file cannot be opened, or is damaged.
    """
    try:
        new = check_file(path, used=used)
        connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
        try:
            if new:
                path.chmod(0o600)
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            # NORMAL may roll back committed rows after a power cut; OFF waits for no disk at all.
            connection.execute(f"PRAGMA synchronous = {'FULL' if power_safe else 'OFF'}")
            # On macOS a sync alone leaves the data in the drive's cache; elsewhere this changes nothing.
            connection.execute(f"PRAGMA fullfsync = {'ON' if power_safe else 'OFF'}")
            connection.execute("PRAGMA wal_autocheckpoint = 250")
            connection.execute("PRAGMA journal_size_limit = 1048576")
            connection.execute("PRAGMA secure_delete = ON")
            if not new:
                check_content(connection, path, used=used)
            connection.executescript(TABLES)
        except (sqlite3.Error, SpoolTrouble, UnicodeDecodeError):
            connection.close()
            raise
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise trouble_of(error, f"the spool {path} cannot be opened") from None
    if new and power_safe:
        sync_folder(path.parent)
    return connection


def sync_folder(folder: Path) -> None:
    """Make the names of new and removed files in the folder survive a power cut; Windows sees to that by itself."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # there, a folder cannot be opened
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
