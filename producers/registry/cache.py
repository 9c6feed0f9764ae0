"""The registry file as a copy of the topic: rows in and out, and changes that are tried on it without being kept."""

import shlex
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from producers.registry.badge_keys import BADGE_KEYS
from producers.registry.chain import JudgedRecord
from producers.registry.file import RegistryFile
from producers.registry.mark import TopicMark, mark_of, set_mark
from producers.registry.rows import Rows, knows_all_of
from producers.registry.store import TABLES, Registry, add_test, test_in
from schemas.api.terminals import PlaceKind
from schemas.errors import FairpulseError, Unavailable
from schemas.kinds import quoted
from schemas.registry_changes import BadgeKeyRow, ChangedRows, KeyRow, TerminalRow
from schemas.topics import TERMINALS

Result = TypeVar("Result")

_READ: Final = {
    "terminals": "SELECT terminal_id, fair_id, place, place_id, enrolled_ms, revoked_ms, {test} FROM terminals "
    "ORDER BY rowid",
    "keys": "SELECT kid, terminal_id, digest, made_ms, expires_ms, revoked_ms FROM keys ORDER BY rowid",
    "badge_keys": "SELECT fair_id, fingerprint, told_by, told_ms FROM badge_keys ORDER BY rowid",
}


class NotInTopic(Unavailable):
    """The registry file has something that the topic does not know; a person must decide."""

    def __init__(self, path: Path, *, followed: bool) -> None:
        why = "which was made anew or is another one" if followed else "because it was not shared so far"
        whole = path.absolute()
        super().__init__(
            f"the registry of terminals {quoted(whole)} has terminals, tokens or revocations that the topic "
            f"{TERMINALS.name} does not know, {why}",
            hint=f"run `fairpulse terminals restore {shlex.quote(str(whole))}` once; "
            "see `fairpulse terminals restore --help`",
        )


def known_mark(path: Path) -> TopicMark | None:
    """Return up to where a file follows the topic, None if it does not; a missing file is made, and is empty.

    Raises:
        Unavailable: the file cannot be used.
    """
    with closing(RegistryFile(path, create=True, schema=TABLES)) as file:
        return mark_of(file)


def rows_of(file: RegistryFile) -> Rows:
    """Return all rows of an open file.

    Raises:
        Unavailable: it cannot be read.
        FairpulseError: it holds something that no registry has.
    """
    badge_keys = file.rows(_READ["badge_keys"]) if file.has("badge_keys") else []
    try:
        terminals = [
            TerminalRow(one, fair, PlaceKind(kind), at, enrolled, revoked, bool(test))
            for one, fair, kind, at, enrolled, revoked, test in file.rows(_READ["terminals"].format(test=test_in(file)))
        ]
        keys = [KeyRow(kid, one, digest.hex(), *rest) for kid, one, digest, *rest in file.rows(_READ["keys"])]
        told = [BadgeKeyRow(*row) for row in badge_keys]
    except (ValidationError, ValueError, AttributeError):
        raise FairpulseError(
            f"{quoted(file.path)} holds something that is not a terminal, a token or a badge key",
            hint="name another file, such as a backup",
        ) from None
    return Rows().take(ChangedRows(tuple(terminals), tuple(keys), tuple(told)))


def read_rows(path: Path) -> tuple[Rows, TopicMark | None]:
    """Return all rows of a file, and up to where they follow the topic. Raises as `rows_of`."""
    with closing(RegistryFile(path)) as file, file.reading():
        return rows_of(file), mark_of(file)


def apply(path: Path, judged: Iterable[JudgedRecord], after: TopicMark) -> None:
    """Take changes from the topic into the file; those that another program has taken are not taken again.

    Raises:
        Unavailable: the file cannot be written.
    """
    with closing(RegistryFile(path)) as file, file.changing():
        now = mark_of(file)
        if now is None or now.position >= after.position:
            return
        for one in judged:
            if one.change is not None and one.offset >= now.position:
                _write(file, one.change.rows)
        set_mark(file, after)


def adopt(path: Path, rows: Rows, mark: TopicMark, *, anyway: bool = False) -> None:
    """Make the file a copy of the topic.

    Args:
        path: the file.
        rows: all that the topic has.
        mark: up to where.
        anyway: even if the file has something that the topic does not know.

    Raises:
        NotInTopic: the file has something that the topic does not know; it stays as it is.
        Unavailable: the file cannot be written.
    """
    with closing(RegistryFile(path, create=True, schema=TABLES)) as file, file.changing():
        if not anyway and not knows_all_of(rows, rows_of(file)):
            raise NotInTopic(path, followed=mark_of(file) is not None)
        replace_rows(file, rows)
        set_mark(file, mark)


def replace_rows(file: RegistryFile, rows: Rows) -> None:
    """Let the file have these rows and no others, within `changing`."""
    for table in ("keys", "terminals", "badge_keys"):
        if file.has(table):
            file.write(f"DELETE FROM {table}")  # noqa: S608 - one of three names
    _write(file, rows.since(Rows()))


def rehearse(path: Path, rules: Callable[[Registry], Result]) -> tuple[TopicMark, ChangedRows, Result]:
    """Try a change on a file that follows the topic, and undo it.

    Returns:
        Up to where the file follows the topic, the rows that the change would make, and what the rules return.

    Raises:
        Unavailable: the file cannot be written, or does not follow the topic any more.
        FairpulseError: the rules forbid the change.
    """
    with closing(Registry(path)) as registry, registry.file.rehearsing():
        mark, before = mark_of(registry.file), rows_of(registry.file)
        if mark is None:
            raise NotInTopic(path, followed=False)
        result = rules(registry)
        return mark, rows_of(registry.file).since(before), result


def _write(file: RegistryFile, changed: ChangedRows) -> None:
    file.write(BADGE_KEYS)
    for fair_id in changed.forgotten:
        file.write("DELETE FROM badge_keys WHERE fair_id = ?", (fair_id,))
    if changed.terminals:
        add_test(file)
    for one in changed.terminals:
        file.write(
            "INSERT INTO terminals VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET (fair_id, place, place_id, "
            "enrolled_ms, revoked_ms, test) = (excluded.fair_id, excluded.place, excluded.place_id, "
            "excluded.enrolled_ms, excluded.revoked_ms, excluded.test)",
            (one.terminal_id, one.fair_id, one.place, one.place_id, one.enrolled_ms, one.revoked_ms, int(one.test)),
        )
    for key in changed.keys:
        file.write(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET (terminal_id, digest, made_ms, "
            "expires_ms, revoked_ms) = (excluded.terminal_id, excluded.digest, excluded.made_ms, excluded.expires_ms, "
            "excluded.revoked_ms)",
            (key.kid, key.terminal_id, bytes.fromhex(key.digest), key.made_ms, key.expires_ms, key.revoked_ms),
        )
    for told in changed.badge_keys:
        file.write(
            "INSERT OR REPLACE INTO badge_keys VALUES (?, ?, ?, ?)",
            (told.fair_id, told.fingerprint, told.told_by, told.told_ms),
        )
