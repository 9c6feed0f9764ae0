"""The spool: events that a terminal has saved and that have no final answer from the server yet.

The file is always complete: nothing is flushed at the end or repaired at the start. Kill the process at any step, or
cut the power: every event that was reported as saved is still there.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Final

from producers.terminal import last_event, spool_rows
from producers.terminal.ballast import BALLAST_BYTES, Ballast
from producers.terminal.last_event import LastEvent
from producers.terminal.spool_rows import REMEMBERED
from producers.terminal.spool_schema import EXPORTED, PENDING, REJECTED, open_database
from producers.terminal.spool_trouble import (
    DISK_FULL,
    SpoolFull,
    SpoolTrouble,
    full,
    number,
    text,
    trouble_of,
)
from producers.terminal.spool_types import Kept, Refusal, Saved, SpoolCounts, Waiting

__all__ = ["REMEMBERED", "Kept", "LastEvent", "Refusal", "Saved", "Spool", "SpoolCounts", "SpoolFull", "Waiting"]

CAP_BYTES: Final = 256 * 1_048_576
"""Bytes of events that a spool holds: half a million scans, weeks of a busy booth."""

UNREAD: Final = "the spool cannot be read"
UNBOOKED: Final = "the answer was not booked"


class Spool:
    """A folder with the spool of one terminal. Several processes may save; one at a time should send.

    Every method raises SpoolTrouble, with its cause, if the disk does not work or the file is damaged.

    Args:
        folder: created if it is missing, for its owner only.
        cap_bytes: most bytes of events to hold.
        ballast_bytes: space reserved for deleting on a full disk.
        power_safe: False only for a simulation, see `open_database`.
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
        self._ballast = Ballast(folder / "ballast", ballast_bytes)
        self._database = open_database(folder / "spool.sqlite3", power_safe=power_safe)
        with self._using("the spool cannot be opened"):
            self._ballast.load()

    def close(self) -> None:
        """Close the file."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    def save(
        self,
        event_id: str,
        kind: str,
        saved_ms: int,
        body: Callable[[int], bytes],
        *,
        once: bool = True,
        undo: LastEvent | None = None,
    ) -> Saved:
        """Return once the event survives a power cut.

        Args:
            event_id: created once for each action of a person.
            kind: a word for people, shown beside it.
            saved_ms: the terminal's clock, ms since 1970.
            body: makes the bytes to send from the event's sequence number.
            once: an id that the spool still knows counts as the same event, already saved.
            undo: what `last_event` returns from now on, noted together with the event; None if it cannot be undone.

        Raises:
            SpoolFull: not saved; there is no space.
            SpoolTrouble: not saved; the disk does not work, or the file is damaged.
        """
        return self._save([(event_id, kind, saved_ms, body)], once=once, undo=undo)[0]

    def save_all(
        self, events: Sequence[tuple[str, str, int, Callable[[int], bytes]]], *, once: bool = True
    ) -> list[Saved]:
        """Save several events, all or none; as `save`."""
        return self._save(events, once=once, undo=None)

    def last_event(self) -> LastEvent | None:
        """Return the last saved event if it can be undone, None if it cannot or is forgotten.

        It is forgotten when the next event is saved, and a minute after it was saved as soon as the spool is used.
        """
        with self._using(UNREAD) as database:
            return last_event.noted(database)

    def forget_last_event(self, now_ms: int) -> None:
        """Forget the last event if its minute is over: the note holds a pseudonym. Call it now and then."""
        if self.last_event() is not None:
            with self._transaction("the last event was not forgotten") as database:
                last_event.forget_old(database, now_ms)

    def oldest(self, count: int, size: int, after: int = 0) -> list[Waiting]:
        """Return the oldest events that wait, [] if none wait.

        Args:
            count: most events.
            size: most bytes of events and separators together; one event is returned whatever its size.
            after: only events with larger numbers.
        """
        with self._using(UNREAD) as database:
            return spool_rows.oldest(database, after, count, size)

    def settle(
        self, at_ms: int, delivered: Sequence[int] = (), duplicates: Sequence[int] = (), refused: Sequence[Refusal] = ()
    ) -> None:
        """Book final answers, all or none: numbers of events that the server has, and events that it refused for good.

        An event booked twice counts once. Raises SpoolTrouble if the disk refuses even that; nothing is lost then.
        """

        def book() -> None:
            with self._transaction(UNBOOKED) as database:
                spool_rows.settle(database, at_ms, delivered, duplicates, refused)
                last_event.forget_old(database, at_ms)

        with self._lock:
            try:
                book()
            except SpoolTrouble as trouble:
                if trouble.cause != DISK_FULL:
                    raise
                self._drop_ballast()
                book()
            with self._using(UNBOOKED) as database:
                if not self._ballast.aboard:
                    spool_rows.shrink(database)
                    self._ballast.load()

    def totals(self) -> SpoolCounts:
        """Return the number of events in each state."""
        with self._using(UNREAD) as database:
            row = database.execute("SELECT accepted, duplicates, exported, bytes FROM totals").fetchone()
            accepted, duplicates, exported, size = (number(value) for value in row or (None,) * 4)
            pending, rejected = (spool_rows.count(database, state) for state in (PENDING, REJECTED))
            is_full = size >= self._cap_bytes or not self._ballast.aboard
        saved = pending + accepted + duplicates + rejected + exported
        return SpoolCounts(saved, pending, accepted, duplicates, rejected, exported, size, is_full)

    def last_seq(self) -> int:
        """Return the number of the newest event ever saved here, 0 before the first."""
        with self._using(UNREAD) as database:
            return spool_rows.last_seq(database)

    def note(self, name: str) -> str | None:
        """Return what was noted under a name (the pairing, for example), None if nothing was."""
        with self._using(UNREAD) as database:
            row = database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
            return None if row is None else text(row[0])

    def set_note(self, name: str, value: str) -> None:
        """Note a text under a name."""
        with self._transaction(f"the {name} was not kept") as database:
            database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def rows(self, state: int, limit: int) -> list[Kept]:
        """Return the newest events in a state."""
        with self._using(UNREAD) as database:
            return spool_rows.newest(database, state, limit)

    def forget_exported(self, numbers: Sequence[int], at_ms: int) -> int:
        """Take events out of the drawer; return how many were in it."""
        with self._transaction("the drawer is unchanged") as database:
            gone = sum(spool_rows.leave(database, seq, REJECTED, EXPORTED, at_ms, "exported") for seq in numbers)
            spool_rows.prune(database)
            return gone

    def _save(
        self,
        events: Sequence[tuple[str, str, int, Callable[[int], bytes]]],
        *,
        once: bool,
        undo: LastEvent | None,
    ) -> list[Saved]:
        with self._lock:
            with self._using("the event was not saved"):
                if not self._ballast.load():
                    raise full("the disk is full", DISK_FULL)
            try:
                with self._transaction("the event was not saved") as database:
                    return [self._once(database, *event, once=once, undo=undo) for event in events]
            except SpoolTrouble as trouble:
                if trouble.cause != DISK_FULL:
                    raise
                self._drop_ballast()
                raise full("the disk is full", DISK_FULL) from None

    def _once(
        self,
        database: sqlite3.Connection,
        event_id: str,
        kind: str,
        saved_ms: int,
        body: Callable[[int], bytes],
        *,
        once: bool,
        undo: LastEvent | None,
    ) -> Saved:
        saved = spool_rows.known(database, event_id) if once else None
        if saved is None:
            saved = spool_rows.insert(database, (event_id, kind, saved_ms), body, self._cap_bytes)
            last_event.keep(database, undo)
        return saved

    def _drop_ballast(self) -> None:
        with self._using("the disk is full, and no space can be made"):
            self._ballast.drop()

    @contextmanager
    def _using(self, what: str) -> Iterator[sqlite3.Connection]:
        """Give the database to one thread; every error of disk and database becomes trouble: `what` did not happen."""
        with self._lock:
            try:
                yield self._database
            except sqlite3.ProgrammingError:
                raise  # the spool was closed: a mistake in this program
            except (sqlite3.Error, OSError) as error:
                raise trouble_of(error, what) from None

    @contextmanager
    def _transaction(self, what: str) -> Iterator[sqlite3.Connection]:
        with self._using(what) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    with suppress(sqlite3.Error):
                        database.execute("ROLLBACK")
                raise
