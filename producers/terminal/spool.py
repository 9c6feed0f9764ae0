"""The spool: events that a terminal has saved and that have no final answer from the server yet.

The file is always complete: nothing is flushed at the end or repaired at the start. Kill the process at any step, or
cut the power: every event that was reported as saved is still there.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Final

from producers.terminal.ballast import BALLAST_BYTES, Ballast
from producers.terminal.spool_schema import DELIVERED, EXPORTED, PENDING, REJECTED, open_database
from schemas.errors import Unavailable

CAP_BYTES: Final = 256 * 1_048_576
"""Bytes of events that a spool holds: half a million scans, weeks of a busy booth."""

REMEMBERED: Final = 500
"""Delivered events whose ids are kept, so that a scan repeated after a lost reply is not a second scan."""


VACUUM_PAGES: Final = 32
"""Pages of 4 KiB that are freed at a time on a full disk."""


class SpoolFull(Unavailable):
    """The event was not saved: there is no space. Events saved before are safe."""


@dataclass(frozen=True, slots=True)
class Saved:
    """An event on disk: its number in this terminal's sequence, and its id."""

    seq: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is not answered yet; `body` is what is sent, the same bytes on every attempt."""

    seq: int
    event_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that the server will never accept, and why."""

    seq: int
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """The number of events in each state. `saved` is the sum of all the others.

    Attributes:
        duplicates: the server had them already; as good as accepted.
        rejected: in the drawer, until somebody exports them.
        exported: exported to a file, and gone from the drawer.
        full: nothing more can be saved until events have been sent.
    """

    saved: int
    pending: int
    accepted: int
    duplicates: int
    rejected: int
    exported: int
    bytes: int
    full: bool


class Spool:
    """A folder with the spool of one terminal. Several processes may save; one at a time should send.

    Args:
        folder: created if it is missing, for its owner only.
        cap_bytes: most bytes of events to hold.
        ballast_bytes: space reserved for deleting on a full disk.
        power_safe: False only for a simulation, see `open_database`.

    Raises:
        Unavailable: the folder or the file cannot be used.
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
            raise Unavailable(
                f"the folder {folder} cannot be made ({error.strerror})", hint="name another with --folder"
            ) from None
        self._lock = RLock()
        self._ballast = Ballast(folder / "ballast", ballast_bytes)
        self._database = open_database(folder / "spool.sqlite3", power_safe=power_safe)
        self._ballast.load()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def save(
        self, event_id: str, kind: str, saved_ms: int, body: Callable[[int], bytes], *, once: bool = True
    ) -> Saved:
        """Return once the event survives a power cut.

        Args:
            event_id: created once for each action of a person.
            kind: a word for people, shown beside it.
            saved_ms: the terminal's clock, ms since 1970.
            body: makes the bytes to send from the event's sequence number.
            once: an id that the spool still knows counts as the same event, already saved.

        Raises:
            SpoolFull: not saved; there is no space.
            Unavailable: not saved; the disk does not work.
        """
        return self.save_all([(event_id, kind, saved_ms, body)], once=once)[0]

    def save_all(
        self, events: Sequence[tuple[str, str, int, Callable[[int], bytes]]], *, once: bool = True
    ) -> list[Saved]:
        """Save several events, all or none; as `save`."""
        with self._lock:
            if not self._ballast.load():
                raise _full("the disk is full")
            try:
                with self._transaction() as database:
                    return [self._insert(database, *event, once=once) for event in events]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise Unavailable(
                        f"the event was not saved ({error})", hint="check that the disk works, then try again"
                    ) from None
                self._ballast.drop()
                raise _full("the disk is full") from None

    def oldest(self, count: int, size: int) -> list[Waiting]:
        """Return the oldest events that wait, at most `count` and `size` bytes, but at least one; [] if none wait."""
        with self._lock:
            rows = self._database.execute(
                "SELECT seq, event_id, body FROM events WHERE state = ? ORDER BY seq LIMIT ?", (PENDING, count)
            )
            batch: list[Waiting] = []
            for row in rows:
                size -= len(row[2]) + 1
                if batch and size < 0:
                    break
                batch.append(Waiting(*row))
            rows.close()
            return batch

    def settle(
        self, at_ms: int, delivered: Sequence[int] = (), duplicates: Sequence[int] = (), refused: Sequence[Refusal] = ()
    ) -> None:
        """Book final answers, all or none: numbers of events that the server has, and events that it refused for good.

        An event booked twice counts once. Raises Unavailable if the disk refuses even that; nothing is lost then.
        """
        with self._lock:
            try:
                self._settle(at_ms, delivered, duplicates, refused)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise Unavailable(
                        f"the answer was not booked ({error})", hint="check that the disk works"
                    ) from None
                self._ballast.drop()
                try:
                    self._settle(at_ms, delivered, duplicates, refused)
                except sqlite3.OperationalError:
                    raise Unavailable(
                        "the disk is completely full", hint="delete other files on it; no event is lost"
                    ) from None
            if not self._ballast.aboard:
                self._shrink()
                self._ballast.load()

    def totals(self) -> SpoolCounts:
        """Return the number of events in each state."""
        with self._lock:
            accepted, duplicates, exported, size = self._database.execute(
                "SELECT accepted, duplicates, exported, bytes FROM totals"
            ).fetchone()
            pending, rejected = (self._count(state) for state in (PENDING, REJECTED))
            full = size >= self._cap_bytes or not self._ballast.aboard
        saved = pending + accepted + duplicates + rejected + exported
        return SpoolCounts(saved, pending, accepted, duplicates, rejected, exported, size, full)

    def last_seq(self) -> int:
        """Return the number of the newest event ever saved here, 0 before the first."""
        with self._lock:
            row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
            return 0 if row is None else int(row[0])

    def note(self, name: str) -> str | None:
        """Return what was noted under a name (the pairing, for example), None if nothing was."""
        with self._lock:
            row = self._database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

    def set_note(self, name: str, value: str) -> None:
        """Note a text under a name."""
        with self._lock, self._transaction() as database:
            database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def rows(self, state: int, limit: int) -> list[tuple[int, str, str, int, str, str, bytes]]:
        """Return the newest rows in a state: number, id, kind, time of saving in ms, reason, detail, body."""
        with self._lock:
            return self._database.execute(
                "SELECT seq, event_id, kind, saved_ms, coalesce(reason, ''), coalesce(detail, ''), body "
                "FROM events WHERE state = ? ORDER BY seq DESC LIMIT ?",
                (state, limit),
            ).fetchall()

    def forget_exported(self, numbers: Sequence[int], at_ms: int) -> None:
        """Remove events from the drawer that are exported now."""
        with self._lock, self._transaction() as database:
            for seq in numbers:
                self._leave(database, seq, REJECTED, EXPORTED, at_ms, "exported")
            self._prune(database)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _insert(
        self,
        database: sqlite3.Connection,
        event_id: str,
        kind: str,
        saved_ms: int,
        body: Callable[[int], bytes],
        *,
        once: bool,
    ) -> Saved:
        if once:
            known = database.execute("SELECT seq FROM events WHERE event_id = ?", (event_id,)).fetchone()
            if known is not None:
                return Saved(known[0], event_id)
        row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        seq = 1 if row is None else row[0] + 1
        data = body(seq)
        database.execute(
            "INSERT INTO events (seq, event_id, kind, saved_ms, body) VALUES (?, ?, ?, ?, ?)",
            (seq, event_id, kind, saved_ms, data),
        )
        changed = database.execute(
            "UPDATE totals SET bytes = bytes + ?1 WHERE bytes + ?1 <= ?2", (len(data), self._cap_bytes)
        )
        if not changed.rowcount:
            raise _full("the spool is full")
        return Saved(seq, event_id)

    def _settle(
        self, at_ms: int, delivered: Sequence[int], duplicates: Sequence[int], refused: Sequence[Refusal]
    ) -> None:
        with self._transaction() as database:
            for numbers, column in ((delivered, "accepted"), (duplicates, "duplicates")):
                for seq in numbers:
                    self._leave(database, seq, PENDING, DELIVERED, at_ms, column)
            database.executemany(
                "UPDATE events SET state = ?, decided_ms = ?, reason = ?, detail = ? WHERE seq = ? AND state = ?",
                [(REJECTED, at_ms, one.reason, one.detail, one.seq, PENDING) for one in refused],
            )
            self._prune(database)

    @staticmethod
    def _leave(database: sqlite3.Connection, seq: int, before: int, after: int, at_ms: int, column: str) -> None:
        """Empty a row and count it in its new state; do nothing unless it is in the state `before`."""
        row = database.execute("SELECT length(body) FROM events WHERE seq = ? AND state = ?", (seq, before)).fetchone()
        if row is None:
            return
        database.execute("UPDATE events SET state = ?, decided_ms = ?, body = x'' WHERE seq = ?", (after, at_ms, seq))
        database.execute(f"UPDATE totals SET {column} = {column} + 1, bytes = bytes - ?", (row[0],))  # noqa: S608 - ours

    @staticmethod
    def _prune(database: sqlite3.Connection) -> None:
        for state in (DELIVERED, EXPORTED):
            database.execute(
                "DELETE FROM events WHERE state = ?1 AND seq <= "
                "(SELECT seq FROM events WHERE state = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
                (state, REMEMBERED),
            )

    def _count(self, state: int) -> int:
        return int(self._database.execute("SELECT count(*) FROM events WHERE state = ?", (state,)).fetchone()[0])

    def _shrink(self) -> None:
        """Give freed pages back to the disk, so that the ballast may fit again."""
        try:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            # In small steps: each one first needs room in the log for what it moves.
            while self._database.execute("PRAGMA freelist_count").fetchone()[0]:
                self._database.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError:
            return  # no room yet, or another process reads: the next answer tries again


def _full(what: str) -> SpoolFull:
    return SpoolFull(
        f"not saved: {what}",
        hint="let the terminal send its events (fairpulse terminal drain); all events saved before are safe",
    )
