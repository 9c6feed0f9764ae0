"""Trouble with the spool, by cause: what is true, and what a person can do about it."""

import errno
import sqlite3
from typing import Final

from schemas.errors import Unavailable
from schemas.outputs import reason

DAMAGED: Final = "spool_damaged"
DISK_FULL: Final = "disk_full"
SPOOL_FULL: Final = "spool_full"
DISK: Final = "disk"

NUMBER_MAX: Final = 2**53
"""No spool counts this far: a larger number was not written by this program."""

DISK_IS_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The system's errors for a full disk, and for a quota that is used up."""

_HINTS: Final = {
    DAMAGED: "stop the terminal and run `fairpulse terminal repair`; keep the folder, it may hold unsent events",
    DISK_FULL: "delete other files on it",
    DISK: "check that the disk is connected and works, and that the folder can be written",
}
_SAYS: Final = {
    DAMAGED: "the spool file is damaged",
    DISK_FULL: "the disk is full",
    DISK: "the disk does not work",
}
_OF_CODES: Final = {
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_READONLY: DISK,
    sqlite3.SQLITE_PERM: DISK,
    sqlite3.SQLITE_CANTOPEN: DISK,
    sqlite3.SQLITE_IOERR: DISK,
    sqlite3.SQLITE_AUTH: DISK,
    sqlite3.SQLITE_NOLFS: DISK,
    sqlite3.SQLITE_PROTOCOL: DISK,
    sqlite3.SQLITE_NOMEM: DISK,
}
"""Cause by the primary code of an error of SQLite. Any other code means damage: the same statements work on every
file that this program wrote."""


_OF_EXTENDED_CODES: Final = {sqlite3.SQLITE_IOERR_SHMSIZE: DISK_FULL}
"""Cause by the extended code, where it says more: the file that shares the log's index finds no space."""


class SpoolTrouble(Unavailable):
    """The spool cannot be used.

    Attributes:
        cause: spool_damaged, disk_full, spool_full or disk.
    """

    def __init__(self, cause: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint or _HINTS.get(cause, ""))
        self.cause = cause


class SpoolFull(SpoolTrouble):
    """The event was not saved: there is no space. Events saved before are safe."""


def trouble_of(error: sqlite3.Error | OSError | UnicodeDecodeError, what: str) -> SpoolTrouble:
    """Return an error of the disk or of SQLite as trouble with its cause.

    Args:
        error: as raised.
        what: what did not happen, the beginning of the message: "the event was not saved".
    """
    if isinstance(error, OSError):
        cause = DISK_FULL if error.errno in DISK_IS_FULL else DISK
        return SpoolTrouble(cause, f"{what}: {_SAYS[cause]} ({reason(error)})")
    if isinstance(error, UnicodeDecodeError):  # SQLite repeats names from the file in its message
        return damaged(what, "it is not UTF-8 text")
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    code = extended & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return SpoolTrouble(DISK, f"{what}: another program keeps the spool busy", hint="end that program or try again")
    cause = _OF_EXTENDED_CODES.get(extended) or _OF_CODES.get(code, DAMAGED)
    return SpoolTrouble(cause, f"{what}: {_SAYS[cause]} ({reason(error)})")


def damaged(what: str, why: str) -> SpoolTrouble:
    """Return the trouble of a file that SQLite can read, but that this program did not write so."""
    return SpoolTrouble(DAMAGED, f"{what}: {_SAYS[DAMAGED]} ({why})")


def full(why: str, cause: str) -> SpoolFull:
    """Return the error of an event that finds no space."""
    room = (
        "delete other files on it, never the terminal's folder"
        if cause == DISK_FULL
        else "let the terminal send its events (fairpulse terminal drain)"
    )
    return SpoolFull(cause, f"not saved: {why}", hint=f"{room}; all events saved before are safe")


def number(value: object) -> int:
    """Return a number that was read from the spool.

    Raises:
        SpoolTrouble: it is not a number that this program wrote.
    """
    if type(value) is not int or not -NUMBER_MAX < value < NUMBER_MAX:
        raise damaged("the spool cannot be read", "a value is not a number")
    return value


def text(value: object) -> str:
    """Return a text that was read from the spool; raises as `number`."""
    if not isinstance(value, str):
        raise damaged("the spool cannot be read", "a value is not a text")
    return value


def content(value: object) -> bytes:
    """Return the bytes of an event that were read from the spool; raises as `number`."""
    if not isinstance(value, bytes):
        raise damaged("the spool cannot be read", "an event is not made of bytes")
    return value
