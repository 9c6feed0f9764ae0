"""The spool: events that a terminal has saved and that have no final answer from the server yet.

The file is always complete: nothing is flushed at the end or repaired at the start. Kill the process at any step, or
cut the power: every event that was reported as saved is still there.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from producers.terminal import last_event, spool_rows
from producers.terminal.last_event import LastEvent
from producers.terminal.spool_file import SpoolFile
from producers.terminal.spool_rows import REMEMBERED
from producers.terminal.spool_tables import PENDING, REJECTED
from producers.terminal.spool_trouble import (
    DISK_FULL,
    SpoolFull,
    SpoolTrouble,
    damaged,
    full,
    number,
    text,
)
from producers.terminal.spool_types import KeptEvent, Refusal, Saved, SpoolCounts, Waiting

__all__ = ["REMEMBERED", "KeptEvent", "LastEvent", "Refusal", "Saved", "Spool", "SpoolCounts", "SpoolFull", "Waiting"]

T = TypeVar("T")

UNREAD: Final = "the spool cannot be read"
UNBOOKED: Final = "the answer was not booked"


class Spool(SpoolFile):
    """A folder with the spool of one terminal. Several processes may save; one at a time should send.

    Its arguments are those of `SpoolFile`. Every method raises SpoolTrouble, with its cause, if the disk does not work
    or the file is damaged.
    """

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
            InvalidEvent: not saved; an event of another kind has the id.
            SpoolFull: not saved; there is no space.
            SpoolTrouble: not saved; the disk does not work, or the file is damaged.
        """
        return self._save([(event_id, kind, saved_ms, body)], once=once, undo=undo)[0]

    def save_all(
        self, events: Sequence[tuple[str, str, int, Callable[[int], bytes]]], *, once: bool = True
    ) -> list[Saved]:
        """Save several events, all or none; as `save`."""
        return self._save(events, once=once, undo=None)

    def find(self, event_id: str, kind: str) -> Saved | None:
        """Return an event that the spool still knows by its id, None if it does not.

        Raises:
            InvalidEvent: an event of another kind has the id.
        """
        with self.using(UNREAD) as database:
            return spool_rows.known(database, event_id, kind)

    def find_any(self, event_id: str) -> tuple[Saved, str, bytes] | None:
        """Return an event that the spool still knows by its id, with its kind and body; None if it does not.

        The body is empty once the event was delivered.
        """
        with self.using(UNREAD) as database:
            return spool_rows.found(database, event_id)

    def last_event(self) -> LastEvent | None:
        """Return the last saved event if it can be undone, None if it cannot or is forgotten.

        It is forgotten when the next event is saved, and a minute after it was saved as soon as the spool is used.
        """
        with self.using(UNREAD) as database:
            return last_event.noted(database)

    def forget_last_event(self, now_ms: int) -> None:
        """Forget the last event if its minute is over: the note holds a pseudonym. Call it now and then."""
        if self.last_event() is not None:
            with self.transaction("the last event was not forgotten") as database:
                last_event.forget_old(database, now_ms)

    def oldest(self, count: int, size: int, after: int = 0) -> list[Waiting]:
        """Return the oldest events that wait, [] if none wait.

        Args:
            count: most events.
            size: most bytes of events and separators together; one event is returned whatever its size.
            after: only events with larger numbers.
        """
        with self.using(UNREAD) as database:
            return spool_rows.oldest(database, after, count, size)

    def settle(
        self, at_ms: int, delivered: Sequence[int] = (), duplicates: Sequence[int] = (), refused: Sequence[Refusal] = ()
    ) -> None:
        """Book final answers, all or none: numbers of events that the server has, and events that it refused for good.

        An event booked twice counts once. Raises SpoolTrouble if the disk refuses even that; nothing is lost then.
        """

        def book() -> None:
            with self.transaction(UNBOOKED) as database:
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
            with self.using(UNBOOKED) as database:
                if not self._ballast.aboard:
                    spool_rows.shrink(database)
                    self._ballast.load()

    def totals(self) -> SpoolCounts:
        """Return the number of events in each state."""
        with self.using(UNREAD) as database:
            row = database.execute("SELECT accepted, duplicates, exported, bytes FROM totals").fetchone()
            accepted, duplicates, exported, size = (number(value) for value in row or (None,) * 4)
            pending, rejected = (spool_rows.count(database, state) for state in (PENDING, REJECTED))
            is_full = size >= self._cap_bytes or not self._ballast.aboard
        saved = pending + accepted + duplicates + rejected + exported
        return SpoolCounts(saved, pending, accepted, duplicates, rejected, exported, size, is_full)

    def last_seq(self) -> int:
        """Return the number of the newest event ever saved here, 0 before the first."""
        with self.using(UNREAD) as database:
            return spool_rows.last_seq(database)

    def note(self, name: str) -> str | None:
        """Return what was noted under a name (the pairing, for example), None if nothing was."""
        with self.using(UNREAD) as database:
            row = database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
            return None if row is None else text(row[0])

    def noted(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return what was noted under a name, as `parse` makes it of the text; None if nothing was.

        Raises:
            SpoolTrouble: the text is damaged: `parse` raises ValueError, TypeError or KeyError.
        """
        said = self.note(name)
        try:
            return None if said is None else parse(said)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise damaged(UNREAD, f"the note of the {name} is garbled") from None

    def set_notes(self, notes: Mapping[str, str]) -> None:
        """Note texts under their names, all or none."""
        with self.transaction(f"the {next(iter(notes), 'note')} was not kept") as database:
            database.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", notes.items())

    def note_once(self, name: str, value: str) -> str:
        """Note a text unless one is noted under the name already; return what is noted."""
        noted = self.note(name)
        if noted is None:
            with self.transaction(f"the {name} was not kept") as database:
                database.execute("INSERT OR IGNORE INTO notes VALUES (?, ?)", (name, value))
            noted = self.note(name)
        assert noted is not None
        return noted

    def rows(self, state: int, limit: int) -> list[KeptEvent]:
        """Return the newest events in a state."""
        with self.using(UNREAD) as database:
            return spool_rows.newest(database, state, limit)

    def _save(
        self,
        events: Sequence[tuple[str, str, int, Callable[[int], bytes]]],
        *,
        once: bool,
        undo: LastEvent | None,
    ) -> list[Saved]:
        with self._lock:
            with self.using("the event was not saved"):
                if not self._ballast.load():
                    raise full("the disk is full", DISK_FULL)
            try:
                with self.transaction("the event was not saved") as database:
                    saved = [self._once(database, *event, once=once, undo=undo) for event in events]
                with self.using("the event was not saved"):
                    self.check_file_is_here()
            except SpoolTrouble as trouble:
                if trouble.cause != DISK_FULL:
                    raise
                self._drop_ballast()
                raise full("the disk is full", DISK_FULL) from None
            return saved

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
        saved = spool_rows.known(database, event_id, kind) if once else None
        if saved is None:
            saved = spool_rows.insert(database, (event_id, kind, saved_ms), body, self._cap_bytes)
            last_event.keep(database, undo)
        return saved

    def _drop_ballast(self) -> None:
        with self.using("the disk is full, and no space can be made"):
            self._ballast.drop()
