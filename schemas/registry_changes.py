"""Changes of the registry of terminals, as the topic fair.terminals holds them: JSON, one record per change.

A change holds whole rows as they are afterwards, and hashes of tokens, never a token. It names the change that it
continues. Of several changes that continue the same one, the first in the topic counts for every reader.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from schemas.api.terminals import PlaceKind
from schemas.events import STRICT
from schemas.ids import FairId, Name, TerminalId

VERSION: Final = 1
"""A program that meets a later version must not go on: it would miss a revocation."""

NOTHING: Final = -1
"""What the first change continues."""

EpochMs = Annotated[int, Field(ge=0, lt=253_402_300_800_000)]
"""Milliseconds since 1970, before the year 10000: the last that a program can read as an instant."""
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{8}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the secret of a token, in hex."""
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
CommandWord = Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,32}$")]
Unique = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True, config=STRICT)
class TerminalRow:
    """A terminal. `place_id` is empty for a desk; `revoked_ms` is null while it may be given tokens.

    A program from before there were test terminals writes no `test`, and ignores it when it reads one.
    """

    terminal_id: TerminalId
    fair_id: FairId
    place: PlaceKind
    place_id: Name | Literal[""]
    enrolled_ms: EpochMs
    revoked_ms: EpochMs | None = None
    test: bool = False


@dataclass(frozen=True, slots=True, config=STRICT)
class KeyRow:
    """A token of a terminal, as its hash. Once `revoked_ms` is set, it stays."""

    kid: KeyId
    terminal_id: TerminalId
    digest: Digest
    made_ms: EpochMs
    expires_ms: EpochMs | None = None
    revoked_ms: EpochMs | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class BadgeKeyRow:
    """The fingerprint of a fair's badge key, and the terminal that told it first."""

    fair_id: FairId
    fingerprint: Fingerprint
    told_by: TerminalId
    told_ms: EpochMs


@dataclass(frozen=True, slots=True, config=STRICT)
class ChangedRows:
    """Rows that are new or differ, and badge keys that are forgotten."""

    terminals: tuple[TerminalRow, ...] = ()
    keys: tuple[KeyRow, ...] = ()
    badge_keys: tuple[BadgeKeyRow, ...] = ()
    forgotten: tuple[FairId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terminals or self.keys or self.badge_keys or self.forgotten)


@dataclass(frozen=True, slots=True, config=STRICT)
class RegistryChange:
    """One change.

    Attributes:
        change_id: 32 random hex digits, by which its writer finds it again.
        follows: offset of the change that it continues; -1 for the first.
        command: what made it, for people.
        made_ms: when, by the clock of the machine that made it.
    """

    version: Literal[1]
    change_id: Unique
    follows: Annotated[int, Field(ge=NOTHING)]
    command: CommandWord
    made_ms: EpochMs
    rows: ChangedRows


class NotAChange(ValueError):
    """A record that is not a change of the registry, and why."""


class LaterVersion(ValueError):
    """A change of a version that this program does not know."""


_CHANGE: Final = TypeAdapter(RegistryChange)
_KEPT: Final = {"change_id", "follows"}
"""A change of any version has them: other JSON with a version is a stranger's, and must not stop the gateways."""
_VERSION: Final = TypeAdapter(dict[str, object])


def change_text(change: RegistryChange) -> bytes:
    """Return a change as a record holds it."""
    return _CHANGE.dump_json(change)


def looks_like_change(value: bytes | None) -> bool:
    """Return whether a record that is not a change has what all of them have: to another version it may be one."""
    try:
        if not _VERSION.validate_json(value or b"").keys() >= _KEPT:
            return False
    except ValidationError:
        return False
    try:
        _CHANGE.validate_json(value or b"")
    except ValidationError:
        return True
    return False


def read_change(value: bytes | None) -> RegistryChange:
    """Return the change that a record holds.

    Raises:
        NotAChange: it holds none.
        LaterVersion: a later version of this program wrote it.
    """
    try:
        said = _VERSION.validate_json(value or b"")
    except ValidationError:
        raise NotAChange("it is not a JSON object") from None
    version = said.get("version")
    if isinstance(version, int) and version > VERSION and said.keys() >= _KEPT:
        raise LaterVersion(f"version {version}")
    try:
        return _CHANGE.validate_json(value or b"")
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise NotAChange(f"{where} is wrong") from None
