"""Is the file of a spool what this program wrote? SQLite takes an empty file for a new one, and reads past damage."""

import sqlite3
from pathlib import Path
from typing import Final

from producers.terminal import wal
from producers.terminal.spool_tables import right_schema, schema_of
from producers.terminal.spool_trouble import damaged

CHECKED_BYTES: Final = 32 * 1_048_576
"""Largest file that is read from end to end when it is opened. A larger one takes seconds; it is read as it is used."""

OPENED: Final = "the spool cannot be opened"


def check_file(path: Path, *, used: bool) -> bool:
    """Return whether the file is a new one, before SQLite opens it.

    Args:
        path: the file.
        used: events were saved in this folder before.

    Raises:
        SpoolTrouble: it is missing or empty although the folder was used, is not a file, or its log is damaged.
        OSError: the disk does not work.
    """
    if not path.exists():
        if used:
            raise damaged(OPENED, "it is missing")
        return True
    if not path.is_file():
        raise damaged(OPENED, "it is not a file")
    log = path.with_name(f"{path.name}-wal")
    # Another process may begin the log anew while it is read: damage is there at the second look too.
    if log.is_file() and wal.is_damaged(log.read_bytes()) and wal.is_damaged(log.read_bytes()):
        raise damaged(OPENED, "its log cannot be read")
    empty = not path.stat().st_size and not (log.is_file() and log.stat().st_size)
    if empty and used:
        raise damaged(OPENED, "it is empty")
    return empty


def check_content(database: sqlite3.Connection, path: Path, *, used: bool) -> None:
    """Check an open file.

    Raises:
        SpoolTrouble: it has other tables than a spool, or a page or an index of it is damaged.
        sqlite3.Error: SQLite cannot read it.
    """
    there = schema_of(database)
    if not there <= right_schema() or (used and not any(name == "events" for _, name, _ in there)):
        raise damaged(OPENED, "its tables are not those of a spool")
    if path.stat().st_size <= CHECKED_BYTES:
        ((said, *_),) = database.execute("PRAGMA integrity_check(1)").fetchall()
        if said != "ok":
            raise damaged(OPENED, " ".join(str(said).split())[:80])
