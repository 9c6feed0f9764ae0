"""The spool on disk: one SQLite file, which survives a power cut after every commit."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from producers.terminal.spool_trouble import trouble_of

PENDING: Final = 0
REJECTED: Final = 1
DELIVERED: Final = 2
EXPORTED: Final = 3

PATIENCE_S: Final = 10.0
"""How long one process waits for another that writes to the same spool."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    saved_ms INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    decided_ms INTEGER,
    reason TEXT,
    detail TEXT,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_state ON events (state, seq);
CREATE INDEX IF NOT EXISTS events_by_id ON events (event_id);
CREATE TABLE IF NOT EXISTS totals (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    accepted INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,
    exported INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
);
INSERT OR IGNORE INTO totals (one) VALUES (1);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
"""AUTOINCREMENT: a sequence number is never used twice, even after its row is gone. It is the terminal's
`terminal_seq`; rows are never skipped, so a gap at the server is a lost event."""


def open_database(path: Path, *, power_safe: bool = True) -> sqlite3.Connection:
    """Return a connection to the spool, created if it is missing; usable from any thread, one at a time.

    Args:
        path: the file.
        power_safe: every commit waits for the disk; if False, it survives a killed process but not a power cut.

    Raises:
        SpoolTrouble: the file cannot be opened, or is damaged.
    """
    new = not path.exists()
    try:
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
            connection.executescript(TABLES)
        except sqlite3.Error:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as error:
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
