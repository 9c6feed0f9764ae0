"""The SQLite file of a registry: opening it, reading rows, and changes that are on disk when they return."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from schemas.errors import Unavailable
from schemas.kinds import quoted
from schemas.outputs import reason

LOCKED_S: Final = 5.0
"""How long a change waits for another one."""


class RegistryFile:
    """A connection to the file, for the thread that made it.

    Args:
        path: the SQLite file.
        create: create the file if it is missing, readable by its owner only.
        schema: SQL that makes the tables that are missing.

    Raises:
        Unavailable: the file is missing or cannot be used.
    """

    def __init__(self, path: Path, *, create: bool = False, schema: str = "") -> None:
        self.path = path
        try:
            if create and not path.exists():
                path.touch(mode=0o600)
            self._file = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=LOCKED_S, isolation_level=None
            )
            self._file.executescript(f"PRAGMA synchronous=FULL; {schema}")
        except (sqlite3.Error, OSError) as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds. Raises Unavailable if the file cannot be read."""
        try:
            return self._file.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._unavailable(error) from error

    def write(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Run a statement within `changing`."""
        self._file.execute(statement, values)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep all that a block writes, or nothing if it raises; within another block, that one decides.

        Raises:
            Unavailable: the file cannot be written.
        """
        if self._file.in_transaction:
            yield
            return
        with self._transaction("COMMIT"):
            yield

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """Undo all that a block writes. Raises Unavailable if the file cannot be written."""
        with self._transaction("ROLLBACK"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let a block see the file as it is at one moment. Raises Unavailable if it cannot be read."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            self.rows("ROLLBACK")

    def has(self, table: str) -> bool:
        """Return whether there is a table of that name."""
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)))

    def has_column(self, table: str, column: str) -> bool:
        """Return whether a table has a column of that name."""
        return bool(self.rows("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, column)))

    def copy_to(self, path: Path) -> None:
        """Copy all of it into a new file, as it is at one moment. Raises sqlite3.Error if that cannot be written."""
        with closing(sqlite3.connect(path)) as copy:
            self._file.backup(copy)

    @contextmanager
    def _transaction(self, end: str) -> Iterator[None]:
        try:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute(end)
        except sqlite3.Error as error:
            if _is_damaged(error):
                raise self.damaged(reason(error)) from error
            raise Unavailable(
                f"the registry of terminals {quoted(self.path)} cannot be written ({reason(error)})",
                hint="let this user write the file and its folder, and see that the disk has room",
            ) from error

    def damaged(self, why: str) -> Unavailable:
        """Return the error of a file that only another one can replace."""
        return Unavailable(
            f"the registry of terminals {quoted(self.path.absolute())} is damaged ({why})",
            hint="move it away: a shared one is made anew from the topic; without sharing, restore a backup",
        )

    def _unavailable(self, error: Exception) -> Unavailable:
        if _is_damaged(error):
            return self.damaged(reason(error))
        return Unavailable(
            f"the registry of terminals {quoted(self.path)} cannot be used ({reason(error)})",
            hint="enrol a terminal to create it, or set --terminals or FAIRPULSE_TERMINALS_FILE to the gateway's file",
        )


def _is_damaged(error: Exception) -> bool:
    """Return whether SQLite does not take the file for one of its own, or not for a whole one."""
    return type(error) is sqlite3.DatabaseError
