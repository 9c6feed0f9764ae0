"""The repair of a damaged spool: what can be read goes into a fresh file; the damaged one is kept beside it.

It can be cut off anywhere and run again. The caller must hold the right to send from the folder.
"""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from producers.terminal.fresh_spool import MARGIN, write_fresh
from producers.terminal.salvage import Salvaged, salvage
from producers.terminal.sound_notes import sound_notes
from producers.terminal.spool_checks import check_content, check_file
from producers.terminal.spool_file import BALLAST, SPOOL
from producers.terminal.spool_schema import sync_folder
from producers.terminal.spool_tables import DELIVERED, REJECTED
from producers.terminal.spool_trouble import SpoolTrouble, trouble_of

UNCHANGED: Final = "the spool was not repaired, and nothing was changed"
LOG: Final = "-wal"
INDEX: Final = "-shm"


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did.

    Attributes:
        waiting: events that wait to be sent.
        rejected: events in the drawer.
        lost: numbers of events that were not sent and cannot be read.
        unknown: numbers of which nothing can be read: those events were sent, or are lost.
        paired: whether the pairing could be read.
        last_seq: the highest number that counts as given; the next event gets the next one.
        guessed: whether that number was chosen so that none is given twice, because the right one cannot be read.
        kept: the damaged file under its new name; None if there was none.
    """

    waiting: int
    rejected: int
    lost: tuple[int, ...]
    unknown: tuple[int, ...]
    paired: bool
    last_seq: int
    guessed: bool
    kept: Path | None


def repair(folder: Path) -> Repaired | None:
    """Repair the spool of a folder; return None if it is sound, or was never used. Then nothing is changed.

    Raises:
        SpoolTrouble: the disk is full or does not work. Nothing is changed.
    """
    path = folder / SPOOL
    try:
        if (not (folder / BALLAST).exists() and not path.exists()) or _is_sound(path):
            return None
        kept, log = _sources(path)
        before = _marks(kept or path, log)
        found = _salvaged(kept or path, log)
        fresh = path.with_name(f"{SPOOL}.new")
        last_seq = write_fresh(fresh, found)
    except (sqlite3.Error, OSError, SpoolTrouble) as error:
        _remove(path.with_name(f"{SPOOL}.new"))
        if isinstance(error, SpoolTrouble):
            raise SpoolTrouble(error.cause, f"{UNCHANGED}: {error.message}", hint=error.hint) from None
        raise trouble_of(error, UNCHANGED) from None
    try:
        if kept is None or log.name == SPOOL + LOG:
            kept, log = _set_aside(path, kept)
        if _marks(kept, log) != before:
            # Another program saved while this one read. It has noticed since then that its file is gone.
            found = _salvaged(kept, log)
            last_seq = write_fresh(fresh, found)
        path.with_name(SPOOL + INDEX).unlink(missing_ok=True)
        fresh.replace(path)
        sync_folder(folder)
    except (sqlite3.Error, OSError) as error:
        raise trouble_of(error, f"the repair was cut off; the damaged file is {kept}") from None
    return _report(found, last_seq, kept if kept.exists() else None)


def _salvaged(file: Path, log: Path) -> Salvaged:
    found = salvage(file, log)
    found.notes = sound_notes(found.notes)
    return found


def _remove(path: Path) -> None:
    for name in (path.name, path.name + LOG, path.name + INDEX, f"{path.name}-journal"):
        with suppress(OSError):
            path.with_name(name).unlink(missing_ok=True)


def _is_sound(path: Path) -> bool:
    """Return whether the file is sound, without changing it: not even SQLite's log is tidied up."""
    try:
        check_file(path, used=True)
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as database:
            check_content(database, path, used=True)
            ((said, *_),) = database.execute("PRAGMA integrity_check(1)").fetchall()
            notes = dict(database.execute("SELECT name, value FROM notes").fetchall())
            database.execute("SELECT accepted + duplicates + exported + bytes FROM totals").fetchone()
    except (SpoolTrouble, UnicodeDecodeError):
        return False
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM):
            raise
        return False
    return bool(said == "ok") and sound_notes(notes).keys() == notes.keys()


def _sources(path: Path) -> tuple[Path | None, Path]:
    """Return the damaged file that was set aside by a repair that was cut off, None without one; and the log."""
    log = path.with_name(SPOOL + LOG)
    aside = None if path.exists() else _newest_aside(path)
    if aside is not None and (moved := aside.with_name(aside.name + LOG)).exists():
        return aside, moved
    return aside, log


def _newest_aside(path: Path) -> Path | None:
    newest = None
    for number in count(1):
        one = path.with_name(f"{SPOOL}.damaged-{number}")
        if not one.exists():
            return newest
        newest = one
    raise AssertionError


def _set_aside(path: Path, kept: Path | None) -> tuple[Path, Path]:
    """Give the damaged file and its log names that nobody opens; return both.

    Args:
        path: of the spool.
        kept: the damaged file if it was set aside before, and only its log was not.
    """
    if kept is None:
        newest = _newest_aside(path)
        number = 1 if newest is None else int(newest.name.rpartition("-")[2]) + 1
        kept = path.with_name(f"{SPOOL}.damaged-{number}")
        if path.exists():
            path.rename(kept)
    log, aside = path.with_name(SPOOL + LOG), kept.with_name(kept.name + LOG)
    if log.exists():
        log.rename(aside)
    sync_folder(path.parent)
    return kept, aside


def _marks(*paths: Path) -> list[tuple[int, int] | None]:
    marks: list[tuple[int, int] | None] = []
    for path in paths:
        about = path.stat() if path.is_file() else None
        marks.append(None if about is None else (about.st_size, about.st_mtime_ns))
    return marks


def _report(found: Salvaged, last_seq: int, kept: Path | None) -> Repaired:
    states = [found.states[one.seq] for one in found.waiting()]
    lost = tuple(sorted(seq for seq, state in found.indexed.items() if state <= REJECTED and seq not in found.rows))
    highest = found.highest()
    left = [seq for seq, state in found.states.items() if state >= DELIVERED]
    # Of the events that have left, only the newest are remembered: below them a gap says nothing.
    low = min(left) if left else 1 if found.left is None or not sum(found.left) else highest
    gone = {*lost, *found.rows, *(seq for seq, state in found.indexed.items() if state >= DELIVERED)}
    return Repaired(
        waiting=states.count(0),
        rejected=states.count(REJECTED),
        lost=lost,
        unknown=tuple(seq for seq in range(low, highest + 1) if seq not in gone),
        paired={"pairing", "card"} <= found.notes.keys(),
        last_seq=last_seq,
        guessed=last_seq >= highest + MARGIN,
        kept=kept,
    )
