"""The statements on a spool's tables. Each works inside a transaction of its caller; errors of SQLite pass through."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from producers.terminal.spool_tables import DELIVERED, EXPORTED, PENDING, REJECTED
from producers.terminal.spool_trouble import SPOOL_FULL, content, damaged, full, number, text
from producers.terminal.spool_types import KeptEvent, Refusal, Saved, Waiting
from schemas.errors import InvalidEvent

REMEMBERED: Final = 500
"""Delivered events whose ids are kept, so that a scan repeated after a lost reply is not a second scan."""

VACUUM_PAGES: Final = 32
"""Pages of 4 KiB that are freed at a time on a full disk."""


def known(database: sqlite3.Connection, event_id: str, kind: str) -> Saved | None:
    """Return the event with an id, None if the spool does not know it or has forgotten it.

    Raises:
        InvalidEvent: an event of another kind has the id.
    """
    row = database.execute("SELECT seq, kind FROM events WHERE event_id = ?", (event_id,)).fetchone()
    if row is None:
        return None
    if row[1] != kind:
        raise InvalidEvent(
            "event_id_conflict",
            "id: another event has this id",
            field="id",
            hint="leave it out, or choose a new UUID",
            word="event_id_conflict",
        )
    return Saved(number(row[0]), event_id)


def found(database: sqlite3.Connection, event_id: str) -> tuple[Saved, str, bytes] | None:
    """Return the event with an id, its kind and its body; None if the spool does not know it or has forgotten it."""
    row = database.execute("SELECT seq, kind, body FROM events WHERE event_id = ?", (event_id,)).fetchone()
    return None if row is None else (Saved(number(row[0]), event_id), text(row[1]), content(row[2]))


def insert(
    database: sqlite3.Connection,
    event: tuple[str, str, int],
    body: Callable[[int], bytes],
    cap_bytes: int,
) -> Saved:
    """Add an event that waits, with the next number.

    Args:
        database: in a transaction.
        event: its id, its kind, and the time of saving in ms.
        body: makes the bytes to send from the number.
        cap_bytes: most bytes of events in the spool.

    Raises:
        SpoolFull: there is no space within the cap.
    """
    event_id, kind, saved_ms = event
    seq = last_seq(database) + 1
    data = body(seq)
    database.execute(
        "INSERT INTO events (seq, event_id, kind, saved_ms, body) VALUES (?, ?, ?, ?, ?)",
        (seq, event_id, kind, saved_ms, data),
    )
    changed = database.execute("UPDATE totals SET bytes = bytes + ?1 WHERE bytes + ?1 <= ?2", (len(data), cap_bytes))
    if not changed.rowcount:
        if database.execute("SELECT 1 FROM totals").fetchone() is None:
            raise damaged("the event was not saved", "its totals are missing")
        raise full("the spool is full", SPOOL_FULL)
    return Saved(seq, event_id)


def last_seq(database: sqlite3.Connection) -> int:
    """Return the number of the newest event ever saved, 0 before the first."""
    row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return 0 if row is None else number(row[0])


def oldest(database: sqlite3.Connection, after: int, count: int, size: int) -> list[Waiting]:
    """Return waiting events with numbers above `after`, as `Spool.oldest`."""
    rows = database.execute(
        "SELECT seq, event_id, body FROM events WHERE state = ? AND seq > ? ORDER BY seq LIMIT ?",
        (PENDING, after, count),
    )
    batch: list[Waiting] = []
    for seq, event_id, body in rows:
        size -= len(content(body)) + 1
        if batch and size < 0:
            break
        batch.append(Waiting(number(seq), text(event_id), body))
    rows.close()
    return batch


def newest(database: sqlite3.Connection, state: int, limit: int) -> list[KeptEvent]:
    """Return the newest events in a state."""
    rows = database.execute(
        "SELECT seq, event_id, kind, saved_ms, coalesce(reason, ''), coalesce(detail, ''), body "
        "FROM events WHERE state = ? ORDER BY seq DESC LIMIT ?",
        (state, limit),
    ).fetchall()
    return [
        KeptEvent(number(seq), text(name), text(kind), number(saved_ms), text(reason), text(detail), content(body))
        for seq, name, kind, saved_ms, reason, detail, body in rows
    ]


def settle(
    database: sqlite3.Connection,
    at_ms: int,
    delivered: Sequence[int],
    duplicates: Sequence[int],
    refused: Sequence[Refusal],
) -> None:
    """Book final answers, as `Spool.settle`."""
    for numbers, column in ((delivered, "accepted"), (duplicates, "duplicates")):
        for seq in numbers:
            leave(database, seq, PENDING, DELIVERED, at_ms, column)
    database.executemany(
        "UPDATE events SET state = ?, decided_ms = ?, reason = ?, detail = ? WHERE seq = ? AND state = ?",
        [(REJECTED, at_ms, one.reason, one.detail, one.seq, PENDING) for one in refused],
    )
    prune(database)


def leave(database: sqlite3.Connection, seq: int, before: int, after: int, at_ms: int, column: str) -> bool:
    """Empty a row and count it in its new state; return whether it was in the state `before`, else do nothing."""
    row = database.execute("SELECT length(body) FROM events WHERE seq = ? AND state = ?", (seq, before)).fetchone()
    if row is None:
        return False
    database.execute("UPDATE events SET state = ?, decided_ms = ?, body = x'' WHERE seq = ?", (after, at_ms, seq))
    database.execute(f"UPDATE totals SET {column} = {column} + 1, bytes = bytes - ?", (row[0],))  # noqa: S608 - ours
    return True


def wait_again(database: sqlite3.Connection, numbers: Iterable[int]) -> int:
    """Let refused events wait again, as they are; return how many there were."""
    changed = database.executemany(
        "UPDATE events SET state = ?, decided_ms = NULL, reason = NULL, detail = NULL WHERE seq = ? AND state = ?",
        [(PENDING, seq, REJECTED) for seq in numbers],
    )
    return changed.rowcount


def numbers_in(database: sqlite3.Connection, state: int) -> list[int]:
    """Return the numbers of the events in a state, in order."""
    rows = database.execute("SELECT seq FROM events WHERE state = ? ORDER BY seq", (state,))
    return [number(seq) for (seq,) in rows]


def restore(database: sqlite3.Connection, kept: KeptEvent) -> bool:
    """Let an event that was taken out of the drawer wait again; return False if it is here or was sent.

    Raises:
        ValueError: its number belongs to another event, or was not given yet.
    """
    row = database.execute("SELECT event_id, state FROM events WHERE seq = ?", (kept.seq,)).fetchone()
    if kept.seq > last_seq(database) or (row is not None and row[0] != kept.event_id):
        raise ValueError("it was saved in another folder")
    if row is not None and row[1] != EXPORTED:
        return False
    database.execute(
        "INSERT OR REPLACE INTO events (seq, event_id, kind, saved_ms, state, body) VALUES (?, ?, ?, ?, ?, ?)",
        (kept.seq, kept.event_id, kept.kind, kept.saved_ms, PENDING, kept.body),
    )
    database.execute("UPDATE totals SET exported = max(0, exported - 1), bytes = bytes + ?", (len(kept.body),))
    return True


def refused_for(database: sqlite3.Connection, reasons: Iterable[str]) -> list[int]:
    """Return the numbers of the refused events with one of these reasons."""
    found: list[int] = []
    for reason in reasons:
        rows = database.execute("SELECT seq FROM events WHERE state = ? AND reason = ?", (REJECTED, reason))
        found += [number(seq) for (seq,) in rows]
    return sorted(found)


def prune(database: sqlite3.Connection) -> None:
    """Forget all but the newest events of those that have left."""
    for state in (DELIVERED, EXPORTED):
        database.execute(
            "DELETE FROM events WHERE state = ?1 AND seq <= "
            "(SELECT seq FROM events WHERE state = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            (state, REMEMBERED),
        )


def count(database: sqlite3.Connection, state: int) -> int:
    """Return how many events are in a state."""
    return number(database.execute("SELECT count(*) FROM events WHERE state = ?", (state,)).fetchone()[0])


def shrink(database: sqlite3.Connection) -> None:
    """Give freed pages back to the disk, so that the ballast may fit again."""
    try:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        # In small steps: each one first needs room in the log for what it moves.
        while database.execute("PRAGMA freelist_count").fetchone()[0]:
            database.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError:
        return  # no room yet, or another process reads: the next answer tries again
