"""The note of the last saved event: undo works even after a restart. It names a badge, so it goes soon."""

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import Final

NOTE: Final = "last_event"

UNDO_MS: Final = 60_000
"""How long undo is offered, and the note is kept."""


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The last saved event.

    Attributes:
        type: of the event, for example fair.visitor.scanned.v1.
        badge_ref: the pseudonym that it carries; None if it was anonymous, or went with a code.
        kind: a word for people.
        saved_ms: the terminal's clock when it was saved, ms since 1970.
        badge_code: the code that went with it; None if it had a pseudonym, or was anonymous.
    """

    event_id: str
    type: str
    badge_ref: str | None
    kind: str
    saved_ms: int
    badge_code: str | None = None


def keep(database: sqlite3.Connection, last: LastEvent | None) -> None:
    """Note the event that is saved in this transaction, in place of the one before; None only forgets that one."""
    if last is None:
        database.execute("DELETE FROM notes WHERE name = ?", (NOTE,))
    else:
        database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (NOTE, json.dumps(asdict(last))))


def noted(database: sqlite3.Connection) -> LastEvent | None:
    """Return the last event; None if it is forgotten, cannot be undone, or its note is damaged."""
    row = database.execute("SELECT value FROM notes WHERE name = ?", (NOTE,)).fetchone()
    try:
        return None if row is None else LastEvent(**json.loads(row[0]))
    except (ValueError, TypeError):
        return None


def forget_old(database: sqlite3.Connection, now_ms: int) -> None:
    """Forget the last event unless it was saved within the last minute. A clock that was set also ends the minute."""
    last = noted(database)
    if last is not None and not 0 <= now_ms - last.saved_ms <= UNDO_MS:
        keep(database, None)
