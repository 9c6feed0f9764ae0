"""One line of the registration system's file as a person of the register. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from producers.badges.codes import hash_of
from producers.badges.tables import BadLine, FileLine
from schemas.badges.register import person_ref
from schemas.codes import BadgeRole, DenyReason
from schemas.countries import country_code, country_meant
from schemas.errors import InvalidEvent
from schemas.fair.model import Fair
from schemas.ids import TEST_BADGE, BadgeRef, Country, ExhibitorId
from schemas.kinds import quoted
from schemas.nearest import nearest

CellValue = TypeVar("CellValue")

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
_BY_A_SPREADSHEET: Final = (
    (
        re.compile(r"[0-9]+(?:[.,][0-9]*)?E\+[0-9]+", re.IGNORECASE),
        "was changed by a spreadsheet: it shortened a long number; format the column as text, and fill it again",
    ),
    (
        re.compile(r"#[A-Z/0]+[!?]?", re.IGNORECASE),
        "was changed by a spreadsheet: a formula of it failed; write the value itself",
    ),
    (
        re.compile(r"[=+@].*", re.DOTALL),
        "begins with {sign}, as a formula of a spreadsheet; write the value itself, and format the column as text",
    ),
    (
        re.compile(r"[\"'\u2018\u2019\u201c\u201d].*", re.DOTALL),
        "begins with a quotation mark, with which a spreadsheet marks a text; write the value alone",
    ),
)
"""Values that a spreadsheet damaged, each with the cause."""


KEPT: Final = frozenset({"country", "exhibitor", "consent", "denied"})
"""Columns of which a registration keeps what it says if the file does not have them. An empty value changes it."""
_UNSAID: Final = KEPT | {"test"}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the file has it, already without the number and the printed codes.

    Attributes:
        twin: the reference that the person would have if `test` were the other way.
        codes: hashes; empty if the file names none, and then the codes of the person stay.
        revision: None for the next one, if something changed.
        unsaid: columns that the file does not have; of these the register keeps what it says.
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
    unsaid: frozenset[str] = frozenset()


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

    def judge(self, line: FileLine) -> PersonRow | list[BadLine]:
        """Return the person of a line, or all that is wrong with it."""
        values, faults = line.values, list[BadLine]()

        def tried(read: Callable[[Mapping[str, str]], CellValue], instead: CellValue) -> CellValue:
            try:
                return read(values)
            except _Bad as bad:
                faults.append(BadLine(line.line, str(bad)))
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
        unsaid = _UNSAID - values.keys()
        return PersonRow(line.line, person, twin, role, country, exhibitor, consent, denied, codes, revision, unsaid)

    def _exhibitor(self, values: Mapping[str, str]) -> ExhibitorId | None:
        if not (word := values.get("exhibitor", "")):
            return None
        if values.get("role", "").lower() != BadgeRole.EXHIBITOR_STAFF:
            raise _Bad(f"exhibitor is for the role {BadgeRole.EXHIBITOR_STAFF} only; leave it empty")
        if word not in self._fair.exhibitors:
            raise _Bad(_unknown("exhibitor", word, "is not in the fair file", self._fair.exhibitors, lists=False))
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
            if (damage := _damage(typed)) and not self._is_a_code(typed):
                raise _Bad(f"code {place} {damage}")
            try:
                yield hash_of(typed, self._key, self._fair.badge_codes)
            except InvalidEvent as error:
                what = error.message.removeprefix("badge: ")
                raise _Bad(f"code {place} is not a badge code of this fair: {what}") from None

    def _is_a_code(self, typed: str) -> bool:
        """Return whether a code is one of the fair's format, which says what its badge codes look like."""
        badge_format = self._fair.badge_codes
        return badge_format is not None and badge_format.accepts(typed)


def person_number(text: str) -> str:
    """Return the one spelling of a person's number in the registration system."""
    return unicodedata.normalize("NFC", text.strip())


def _person(values: Mapping[str, str]) -> str:
    if not (number := person_number(values.get("person", ""))):
        raise _Bad("person is empty; write the person's number in the registration system")
    if damage := _damage(number):
        raise _Bad(f"person {damage}")
    if not number.isprintable():
        raise _Bad("person has a character that cannot be printed")
    return number


def _role(values: Mapping[str, str]) -> BadgeRole:
    word, kind = values.get("role", "").lower(), values.get("class", "").lower()
    if kind and kind not in CLASSES:
        raise _Bad(_unknown("class", kind, "is neither professional nor public", CLASSES))
    if word == VISITOR:
        if not kind:
            raise _Bad("role visitor needs a class: professional or public")
        return CLASSES[kind]
    if not word:
        raise _Bad("role is empty")
    if (role := _ROLES.get(word)) is None:
        raise _Bad(_unknown("role", word, "is not a role", (VISITOR, *_ROLES)))
    if kind and CLASSES[kind] is not role:
        raise _Bad(f"class {kind} does not go with the role {role}; leave one of them out")
    return role


def _country(values: Mapping[str, str]) -> Country | None:
    word = values.get("country", "")
    if not word:
        return None
    if code := country_code(word):
        return code
    meant = country_meant(word) if _WORD.fullmatch(word) else ""
    if meant:
        raise _Bad(f"country {quoted(word)} is not on the list of ISO 3166-1; did you mean {meant}?")
    raise _Bad("country is not on the list of ISO 3166-1; leave it empty if it is unknown")


def _denied(values: Mapping[str, str]) -> DenyReason | None:
    word = values.get("denied", "").lower()
    if not word:
        return None
    if (why := _REASONS.get(word)) is None:
        raise _Bad(_unknown("denied", word, "is not a reason to deny entry", _REASONS))
    return why


def _flag(values: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    if not (word := values.get(name, "").lower()):
        return default
    if word not in _FLAGS:
        raise _Bad(f"{name} is neither yes nor no")
    return _FLAGS[word]


def _revision(values: Mapping[str, str]) -> int | None:
    if not (word := values.get("revision", "")):
        return None
    if not re.fullmatch("[0-9]{1,7}", word) or int(word) not in REVISIONS:
        raise _Bad(f"revision is not a whole number from 1 to {REVISIONS[-1]:,}")
    return int(word)


def _damage(value: str) -> str:
    """Return what a spreadsheet did to a value; empty if nothing can be seen."""
    for pattern, told in _BY_A_SPREADSHEET:
        if pattern.fullmatch(value):
            return told.format(sign=value[0])
    return ""


def _unknown(name: str, word: str, wrong: str, known: Iterable[str], *, lists: bool = True) -> str:
    """Return that a word is none of its column. It is repeated only if it is clearly a mistyped one.

    Else it may be anything that stands in the wrong column: a name, a number of a person, a code.
    """
    near = nearest(word, known) if _WORD.fullmatch(word) else ""
    if near:
        return f"{name} {quoted(word)} {wrong}; did you mean {near}?"
    return f"{name} {wrong}; write one of {', '.join(known)}" if lists else f"{name} {wrong}"
