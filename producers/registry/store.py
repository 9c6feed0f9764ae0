"""The registry of terminals in one SQLite file. A token is shown once; only the hash of its secret is kept."""

import secrets
import shlex
import string
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from producers.registry.file import RegistryFile
from producers.registry.mark import changing_alone
from schemas.api.terminals import PlaceKind, Terminal, Token
from schemas.environment import default_of
from schemas.errors import FairpulseError
from schemas.kinds import quoted
from schemas.settings import GatewaySettings
from schemas.times import epoch_ms, from_epoch_ms

KEYS_LIVE: Final = 2
"""Keys of a terminal that are valid at the same time: the one in use, and its successor during a rotation."""

_ALPHABET: Final = string.digits + string.ascii_letters
TABLES: Final = """
CREATE TABLE IF NOT EXISTS terminals (
    terminal_id TEXT PRIMARY KEY, fair_id TEXT NOT NULL, place TEXT NOT NULL, place_id TEXT NOT NULL,
    enrolled_ms INTEGER NOT NULL, revoked_ms INTEGER, test INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS keys (
    kid TEXT PRIMARY KEY, terminal_id TEXT NOT NULL REFERENCES terminals, digest BLOB NOT NULL,
    made_ms INTEGER NOT NULL, expires_ms INTEGER, revoked_ms INTEGER
) STRICT;
"""
_ADD_TEST: Final = "ALTER TABLE terminals ADD COLUMN test INTEGER NOT NULL DEFAULT 0"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a terminal that is not revoked.

    Attributes:
        digest: SHA-256 of the secret. A fast hash is enough for 256 random bits.
        expires_at: the key is refused from then on; None if it never expires.
    """

    kid: str
    terminal: Terminal
    digest: bytes
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A terminal as the registry lists it; `keys` counts those that are not revoked."""

    terminal: Terminal
    enrolled_at: datetime
    revoked_at: datetime | None
    keys: int


class Registry:
    """The rules of the registry, on its file.

    Every change is on disk when the method returns; readers in other processes see it within a second. Where the
    registry is shared, `sharing` uses these rules to try a change on the file, and the topic decides.

    Args:
        path: the SQLite file.
        create: create the file if it is missing, readable by its owner only.

    Attributes:
        file: the file, open.

    Raises:
        Unavailable: the file is missing or cannot be used.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.file = RegistryFile(path, create=create, schema=TABLES)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def enrol(self, terminal: Terminal, now: datetime, expires_at: datetime | None, *, again: bool = False) -> Token:
        """Add a terminal and return its token. The secret is not stored anywhere.

        Args:
            terminal: who it is and where it stands.
            now: the server's clock.
            expires_at: when the key expires; None if it never does.
            again: pair a known terminal again; all its old keys are revoked.

        Raises:
            FairpulseError: it is already enrolled, or enrolled elsewhere.
        """
        with changing_alone(self.file):
            return self._enrol(terminal, now, expires_at, again=again)

    def enrol_all(self, terminals: Iterable[Terminal], now: datetime) -> dict[Terminal, Token]:
        """Pair many terminals again, all or none, with keys that never expire; return their tokens.

        Raises:
            FairpulseError: one is enrolled elsewhere.
        """
        with changing_alone(self.file):
            return {one: self._enrol(one, now, None, again=True) for one in terminals}

    def rotate(self, terminal_id: str, now: datetime, expires_at: datetime | None) -> Token:
        """Return a new token of a terminal. The newest old key stays valid; older ones are revoked.

        Raises:
            FairpulseError: there is no such terminal, or it is revoked.
        """
        with changing_alone(self.file):
            known = self._known(terminal_id)
            if known.revoked_at is not None:
                raise FairpulseError(f"{terminal_id} is revoked", hint=f"pair it again: {self.again(known.terminal)}")
            token = self._add_key(terminal_id, now, expires_at)
            self.file.write(
                "UPDATE keys SET revoked_ms = ? WHERE terminal_id = ? AND revoked_ms IS NULL AND kid NOT IN "
                "(SELECT kid FROM keys WHERE terminal_id = ? AND revoked_ms IS NULL "
                "ORDER BY made_ms DESC, rowid DESC LIMIT ?)",
                (epoch_ms(now), terminal_id, terminal_id, KEYS_LIVE),
            )
            return token

    def revoke(self, terminal_id: str, now: datetime) -> Terminal:
        """Revoke all keys of a terminal and return it.

        Raises:
            FairpulseError: there is no such terminal.
        """
        with changing_alone(self.file):
            known = self._known(terminal_id)
            self._revoke(terminal_id, now)
            return known.terminal

    def again(self, terminal: Terminal) -> str:
        """Return the command that pairs a terminal of this registry again, complete."""
        place = f"--{terminal.place}" + (f" {terminal.place_id}" if terminal.place_id else "")
        place += " --test" if terminal.test else ""
        usual = self.file.path == default_of(GatewaySettings, "terminals_file")
        file = "" if usual else f" --terminals {shlex.quote(str(self.file.path))}"
        return f"fairpulse terminals enrol {terminal.terminal_id} {place} --again{file}"

    def keys(self) -> dict[str, Key]:
        """Return all keys that are not revoked, by key id.

        Raises:
            Unavailable: the file cannot be read.
        """
        rows = self.file.rows(
            f"SELECT kid, terminal_id, fair_id, place, place_id, {test_in(self.file)}, digest, expires_ms "  # noqa: S608
            "FROM keys JOIN terminals USING (terminal_id) "
            "WHERE keys.revoked_ms IS NULL AND terminals.revoked_ms IS NULL"
        )
        try:
            return {
                kid: Key(kid, Terminal(one, fair, PlaceKind(place), at, bool(test)), digest, _instant(ends))
                for kid, one, fair, place, at, test, digest, ends in rows
            }
        except (ValueError, OverflowError, OSError):
            raise self.file.damaged("it holds a place or a time that no registry has") from None

    def list(self) -> list[Enrolment]:
        """Return all terminals, by id.

        Raises:
            Unavailable: the file cannot be read.
        """
        return list(self._rows("", ()))

    def _rows(self, where: str, values: tuple[str, ...]) -> Iterator[Enrolment]:
        query = (
            f"SELECT terminal_id, fair_id, place, place_id, {test_in(self.file)}, enrolled_ms, revoked_ms, "  # noqa: S608
            "(SELECT count(*) FROM keys WHERE "
            f"keys.terminal_id = terminals.terminal_id AND revoked_ms IS NULL) FROM terminals {where} ORDER BY 1"
        )
        for one, fair, place, at, test, enrolled, revoked, keys in self.file.rows(query, values):
            terminal = Terminal(one, fair, PlaceKind(place), at, bool(test))
            yield Enrolment(terminal, from_epoch_ms(enrolled), _instant(revoked), keys)

    def _find(self, terminal_id: str) -> Enrolment | None:
        return next(self._rows("WHERE terminal_id = ?", (terminal_id,)), None)

    def _known(self, terminal_id: str) -> Enrolment:
        found = self._find(terminal_id)
        if found is None:
            raise FairpulseError(f"there is no terminal {quoted(terminal_id)}", hint="see `fairpulse terminals list`")
        return found

    def _revoke(self, terminal_id: str, now: datetime) -> None:
        at = epoch_ms(now)
        self.file.write(
            "UPDATE keys SET revoked_ms = ? WHERE terminal_id = ? AND revoked_ms IS NULL", (at, terminal_id)
        )
        self.file.write("UPDATE terminals SET revoked_ms = ? WHERE terminal_id = ?", (at, terminal_id))

    def _enrol(self, terminal: Terminal, now: datetime, expires_at: datetime | None, *, again: bool) -> Token:
        known = self._find(terminal.terminal_id)
        if known is not None and not again:
            raise FairpulseError(
                f"a terminal with the id {terminal.terminal_id} is already enrolled",
                hint=f"choose another id, or pair it again: {self.again(known.terminal)}",
            )
        if known is not None and known.terminal == replace(terminal, test=not terminal.test):
            raise FairpulseError(
                f"{terminal.terminal_id} is {'a test' if known.terminal.test else 'no test'} terminal",
                hint="its events count nowhere; give the terminal that counts an id of its own"
                if known.terminal.test
                else "its events count; give the test terminal an id of its own",
            )
        if known is not None and known.terminal != terminal:
            raise FairpulseError(
                f"a terminal with the id {terminal.terminal_id} is enrolled at {known.terminal.source}",
                hint="its events are counted there; give the new place a terminal id of its own",
            )
        if known is None:
            add_test(self.file)
            self.file.write(
                "INSERT INTO terminals VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (
                    terminal.terminal_id,
                    terminal.fair_id,
                    terminal.place,
                    terminal.place_id,
                    epoch_ms(now),
                    int(terminal.test),
                ),
            )
        else:
            self._revoke(terminal.terminal_id, now)
            self.file.write("UPDATE terminals SET revoked_ms = NULL WHERE terminal_id = ?", (terminal.terminal_id,))
        return self._add_key(terminal.terminal_id, now, expires_at)

    def _add_key(self, terminal_id: str, now: datetime, expires_at: datetime | None) -> Token:
        token = Token(_random(8), _random(43))
        ends = None if expires_at is None else epoch_ms(expires_at)
        self.file.write(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?, NULL)",
            (token.kid, terminal_id, digest_of(token.secret), epoch_ms(now), ends),
        )
        return token


def test_in(file: RegistryFile) -> str:
    """Return what a query selects to know whether a terminal is for tests; a file from before that has no such column.

    A program that only reads the registry never writes to it, so reading does not add the column.
    """
    return "terminals.test" if file.has_column("terminals", "test") else "0"


def add_test(file: RegistryFile) -> None:
    """Give a file from before there were test terminals the column for them, within `changing`."""
    if not file.has_column("terminals", "test"):
        file.write(_ADD_TEST)


def read_keys(path: Path) -> dict[str, Key]:
    """Read the registry at a path and return all its keys. Raises Unavailable if it cannot be read."""
    with closing(Registry(path)) as registry:
        return registry.keys()


def digest_of(secret: str) -> bytes:
    """Return the hash of a secret, which is all that is stored of it."""
    return sha256(secret.encode("ascii")).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_epoch_ms(milliseconds)
