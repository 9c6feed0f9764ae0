"""A fresh spool from what was found in a damaged one."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from producers.terminal.instance import EPOCH
from producers.terminal.last_event import NOTE as LAST_EVENT
from producers.terminal.salvage import KEPT_STATES, Salvaged, is_sound
from producers.terminal.spool_schema import open_database
from producers.terminal.spool_tables import PENDING, REJECTED

MARGIN: Final = 1_000
"""Numbers that are passed over when the highest one given cannot be read. More may be lost: a new epoch begins too."""

DAMAGED: Final = "damaged"
DETAIL: Final = "its bytes are not those of an event any more: export it for the organiser"

_NOT_COPIED: Final = frozenset({LAST_EVENT, "home"})
"""Notes of the old file that are not true of the new one."""


def write_fresh(path: Path, found: Salvaged) -> int:
    """Write a spool with what was found, as one file that is on disk at the end; return the highest number given.

    Raises:
        SpoolTrouble, sqlite3.Error, OSError: the disk is full or does not work.
    """
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    last_seq = found.highest()
    if last_seq and not found.sure:
        last_seq += MARGIN
    with closing(open_database(path)) as database:
        database.execute("BEGIN IMMEDIATE")
        _write(database, found, last_seq)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = DELETE").fetchall()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return last_seq


def _write(database: sqlite3.Connection, found: Salvaged, last_seq: int) -> None:
    size = 0
    for seq, kept in sorted(found.rows.items()):
        state, reason, detail = found.states[seq], kept.reason or None, kept.detail or None
        if state == PENDING and not is_sound(kept):
            state, reason, detail = REJECTED, DAMAGED, DETAIL
        body = kept.body if state in KEPT_STATES else b""
        size += len(body)
        database.execute(
            "INSERT INTO events (seq, event_id, kind, saved_ms, state, reason, detail, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, kept.event_id, kept.kind, kept.saved_ms, state, reason, detail, body),
        )
    accepted, duplicates, exported = found.left or (len(found.rows) - len(found.waiting()), 0, 0)
    database.execute(
        "UPDATE totals SET accepted = ?, duplicates = ?, exported = ?, bytes = ?",
        (accepted, duplicates, exported, size),
    )
    database.execute("DELETE FROM sqlite_sequence")
    database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", (last_seq,))
    notes = {name: text for name, text in found.notes.items() if name not in _NOT_COPIED}
    epoch = notes.pop(EPOCH, "") or _epoch_of(found)
    if epoch and last_seq and found.sure:  # else numbers may be given twice, which a new epoch makes harmless
        notes[EPOCH] = epoch
    database.executemany("INSERT INTO notes VALUES (?, ?)", notes.items())


def _epoch_of(found: Salvaged) -> str:
    """Return the epoch that the events carry, empty if none does."""
    for kept in found.waiting():
        if is_sound(kept):
            data = json.loads(kept.body).get("data")
            if isinstance(data, dict) and isinstance(epoch := data.get("terminal_epoch"), str):
                return epoch
    return ""
