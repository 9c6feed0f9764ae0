"""The tables of a spool, and the states of its events."""

import sqlite3
from contextlib import closing
from typing import Final

PENDING: Final = 0
REJECTED: Final = 1
DELIVERED: Final = 2
EXPORTED: Final = 3

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


Schema = frozenset[tuple[str, str, str]]
"""Kind, name and statement of every table and index."""


def schema_of(database: sqlite3.Connection) -> Schema:
    """Return the schema of a file, whatever its layout."""
    rows = database.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")
    return frozenset((str(kind), str(name), " ".join(str(sql).split())) for kind, name, sql in rows)


def right_schema() -> Schema:
    """Return the schema of a spool."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(TABLES)
        return schema_of(database)
