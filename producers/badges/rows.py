"""One line of the registration system's file as a person of the register. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from producers.badges.codes import hash_of
from producers.badges.tables import Line, Problem
from schemas.badges.register import person_ref
from schemas.codes import BadgeRole, DenyReason
from schemas.countries import country_meant, country_names
from schemas.errors import InvalidEvent
from schemas.fair.model import Fair
from schemas.ids import TEST_BADGE, BadgeRef, Country, ExhibitorId
from schemas.kinds import quoted
from schemas.nearest import nearest

Value = TypeVar("Value")

VISITOR: Final = "visitor"
CLASSES: Final = {"professional": BadgeRole.VISITOR_PROFESSIONAL, "public": BadgeRole.VISITOR_PUBLIC}
MOST_CODES: Final = 16
"""Codes of one person in a file."""
REVISIONS: Final = range(1, 1_000_001)

_ROLES: Final[Mapping[str, BadgeRole]] = {str(role): role for role in BadgeRole}
_REASONS: Final[Mapping[str, DenyReason]] = {str(why): why for why in DenyReason}
_NO_CODES: Final[tuple[BadgeRef, ...]] = ()
_FLAGS: Final = {"yes": True, "no": False, "true": True, "false": False}
_WORD: Final = re.compile(r"[\w .'-]{1,24}")
_BY_A_SPREADSHEET: Final = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+|#[A-Z/0]+[!?]?", re.IGNORECASE)
"""A long number as a spreadsheet shows it, or an error of one."""


@dataclass(frozen=True, slots=True)
class Row:
    """A person as the file has it, already without the number and the printed codes.

    Attributes:
        twin: the reference that the person would have if `test` were the other way.
        codes: hashes; empty if the file names none, and then the codes of the person stay.
        revision: None for the next one, if something changed.
    """

    line: int
    person: BadgeRef
    twin: BadgeRef
    role: BadgeRole
    country: Country | None
    exhibitor: ExhibitorId | None
    consent: bool
    denied: DenyReason | None
    codes: tuple[BadgeRef, ...]
    revision: int | None


class _Bad(Exception):
    """What is wrong with one value."""


class RowJudge:
    """Makes rows of lines.

    Args:
        fair: knows the exhibitors and what a badge code looks like.
        key: the fair's badge key.
    """

    def __init__(self, fair: Fair, key: bytes) -> None:
        self._fair, self._key = fair, key

    def judge(self, line: Line) -> Row | list[Problem]:
        """Return the person of a line, or all that is wrong with it."""
        values, faults = line.values, list[Problem]()

        def tried(read: Callable[[Mapping[str, str]], Value], instead: Value) -> Value:
            try:
                return read(values)
            except _Bad as bad:
                faults.append(Problem(line.line, str(bad)))
                return instead

        number = tried(_person, "")
        role = tried(_role, BadgeRole.VISITOR_PUBLIC)
        country = tried(_country, None)
        exhibitor = tried(self._exhibitor, None)
        consent = tried(lambda row: _flag(row, "consent", default=True), instead=True)
        denied = tried(_denied, None)
        codes = tried(self._codes, _NO_CODES)
        test = tried(lambda row: _flag(row, "test"), instead=False)
        revision = tried(_revision, None)
        if faults:
            return faults
        plain = person_ref(self._key, number)
        tested = f"{TEST_BADGE}{plain}"
        person, twin = (tested, plain) if test else (plain, tested)
        return Row(line.line, person, twin, role, country, exhibitor, consent, denied, codes, revision)

    def _exhibitor(self, values: Mapping[str, str]) -> ExhibitorId | None:
        if not (word := values.get("exhibitor", "")):
            return None
        if values.get("role", "").lower() != BadgeRole.EXHIBITOR_STAFF:
            raise _Bad(f"exhibitor is for the role {BadgeRole.EXHIBITOR_STAFF} only; leave it empty")
        if word not in self._fair.exhibitors:
            raise _Bad(f"exhibitor{_said(word)} is not in the fair file{_near(word, self._fair.exhibitors)}")
        return word

    def _codes(self, values: Mapping[str, str]) -> tuple[BadgeRef, ...]:
        found = tuple(self._read_codes(values.get("codes", "")))
        if len(set(found)) < len(found):
            raise _Bad("codes has a code twice; write it once")
        if len(found) > MOST_CODES:
            raise _Bad(f"codes has {len(found)} codes, more than {MOST_CODES} for one person")
        return found

    def _read_codes(self, text: str) -> Iterator[BadgeRef]:
        for place, typed in enumerate(filter(None, re.split(r"[\s;]+", text)), start=1):
            if _BY_A_SPREADSHEET.fullmatch(typed):
                raise _Bad("codes was changed by a spreadsheet; format that column as text")
            try:
                yield hash_of(typed, self._key, self._fair.badge_codes)
            except InvalidEvent as error:
                what = error.message.removeprefix("badge: ")
                raise _Bad(f"code {place} is not a badge code of this fair: {what}") from None


def person_number(text: str) -> str:
    """Return the one spelling of a person's number in the registration system."""
    return unicodedata.normalize("NFC", text.strip())


def _person(values: Mapping[str, str]) -> str:
    if not (number := person_number(values.get("person", ""))):
        raise _Bad("person is empty; write the person's number in the registration system")
    if _BY_A_SPREADSHEET.fullmatch(number):
        raise _Bad("person was changed by a spreadsheet; format that column as text")
    if not number.isprintable():
        raise _Bad("person has a character that cannot be printed")
    return number


def _role(values: Mapping[str, str]) -> BadgeRole:
    word, kind = values.get("role", "").lower(), values.get("class", "").lower()
    if kind and kind not in CLASSES:
        raise _Bad(f"class{_said(kind)} is neither professional nor public{_near(kind, CLASSES)}")
    if word == VISITOR:
        if not kind:
            raise _Bad("role visitor needs a class: professional or public")
        return CLASSES[kind]
    if not word:
        raise _Bad("role is empty")
    if (role := _ROLES.get(word)) is None:
        raise _Bad(f"role{_said(word)} is not a role{_near(word, (VISITOR, *_ROLES))}")
    if kind and CLASSES[kind] is not role:
        raise _Bad(f"class {kind} does not go with the role {role}; leave one of them out")
    return role


def _country(values: Mapping[str, str]) -> Country | None:
    word = values.get("country", "")
    if not word or word.upper() in country_names():
        return word.upper() or None
    meant = country_meant(word) if _WORD.fullmatch(word) else ""
    more = f"; did you mean {meant}?" if meant else "; leave it empty if it is unknown"
    raise _Bad(f"country{_said(word)} is not on the list of ISO 3166-1{more}")


def _denied(values: Mapping[str, str]) -> DenyReason | None:
    word = values.get("denied", "").lower()
    if not word:
        return None
    if (why := _REASONS.get(word)) is None:
        raise _Bad(f"denied{_said(word)} is not a reason to deny entry{_near(word, _REASONS)}")
    return why


def _flag(values: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    if not (word := values.get(name, "").lower()):
        return default
    if word not in _FLAGS:
        raise _Bad(f"{name}{_said(word)} is neither yes nor no")
    return _FLAGS[word]


def _revision(values: Mapping[str, str]) -> int | None:
    if not (word := values.get("revision", "")):
        return None
    if not re.fullmatch("[0-9]{1,7}", word) or int(word) not in REVISIONS:
        raise _Bad(f"revision{_said(word)} is not a whole number from 1 to {REVISIONS[-1]:,}")
    return int(word)


def _said(word: str) -> str:
    """Return a mistyped word for an error; nothing if it may be something else than a word of its column."""
    return f" {quoted(word)}" if _WORD.fullmatch(word) else ""


def _near(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known) if _WORD.fullmatch(word) else ""
    return f"; did you mean {near}?" if near else ""
