"""The records to write, so that the register says the same as a row. Pure."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from producers.badges.book import NO_CODES, Book, Registration
from producers.badges.file import RowsRead
from producers.badges.rows import KEPT, REVISIONS, PersonRow
from producers.badges.tables import BadLine
from schemas.badges.register import WornCodes
from schemas.codes import BadgeRole
from schemas.events import BadgeRegistered
from schemas.ids import BadgeRef, FairId, TerminalId

REGISTRATION: Final[TerminalId] = "registration"
"""The terminal of all events that come from the registration system."""


class Effect(StrEnum):
    """What a row does to the register.

    `older` has a revision below the one that is there, and `erased` is a person who was erased: both do nothing.
    """

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    OLDER = "older"
    ERASED = "erased"


WRITTEN: Final = frozenset({Effect.NEW, Effect.CHANGED})
"""What something is written for."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written for a person.

    Attributes:
        registration: None if it stays.
        worn: all codes of the person from now on; None if they stay.
        added: codes that the register did not have.
    """

    kind: Effect
    person: BadgeRef
    registration: Registration | None = None
    worn: WornCodes | None = None
    added: tuple[BadgeRef, ...] = ()


def changes_of(reading: RowsRead, book: Book, *, again: bool = False) -> Iterator[Change | None]:
    """Yield what each good row changes; None for one that the register cannot take, which is refused in `reading`."""
    for row in reading.rows:
        change = change_of(row, book, again=again)
        if isinstance(change, BadLine):
            reading.refuse([change])
            yield None
        else:
            yield change


def change_of(row: PersonRow, book: Book, *, again: bool = False) -> Change | BadLine:
    """Return what a row changes, or why the register cannot take it.

    Args:
        row: a good one.
        book: the register as it is.
        again: whether a person who was erased may be registered again.
    """
    known = book.registration(row.person)
    if known is not None and known.erased:
        if not again:
            return Change(Effect.ERASED, row.person)
        row = replace(row, revision=max(row.revision or 0, known.revision + 1))
    registration = _registration(row, known)
    if problem := _problem(row, book, known, registration, again=again):
        return BadLine(row.line, problem)
    if known is not None and row.revision is not None and row.revision < known.revision:
        return Change(Effect.OLDER, row.person)
    before = book.codes_of(row.person)
    worn = worn_after(before, row.codes)
    if known is not None and registration is None and worn == before:
        return Change(Effect.UNCHANGED, row.person)
    if known is not None and known.revision == row.revision and worn != before != NO_CODES:
        return BadLine(row.line, f"revision {row.revision} is in the register with other codes; write a higher one")
    held = {*before.codes, *before.replaced}
    return Change(
        Effect.NEW if known is None else Effect.CHANGED,
        row.person,
        registration,
        None if worn == before else worn,
        tuple(code for code in worn.codes if code not in held),
    )


def as_known(row: PersonRow, book: Book) -> PersonRow:
    """Return a row as the register knows its person: as a test or not, if the file does not say which."""
    if "test" not in row.unsaid or book.is_person(row.person):
        return row
    if not book.is_person(row.twin) or book.is_erased(row.twin):
        return row
    return replace(row, person=row.twin, twin=row.person)


def worn_after(before: WornCodes, named: tuple[BadgeRef, ...]) -> WornCodes:
    """Return the codes of a person for whom a file names some.

    A code that was replaced stays so: the registration system may not know of a reprint. So a file that names one of
    these and no new code changes nothing, and neither does one that names no code in force. Else codes in force that
    the file does not name are replaced by those that it names.
    """
    if set(named) & set(before.replaced) and set(named) <= {*before.codes, *before.replaced}:
        return before
    in_force = [code for code in named if code not in before.replaced]
    if not in_force:
        return before
    kept = [code for code in before.codes if code in in_force]
    new = [code for code in in_force if code not in before.codes]
    lost = [code for code in before.codes if code not in in_force]
    return WornCodes((*kept, *new), (*before.replaced, *lost))


def reprinted(before: WornCodes, old: BadgeRef, new: BadgeRef) -> WornCodes:
    """Return the codes of a person after a new badge was printed for an old one."""
    return WornCodes((*(code for code in before.codes if code != old), new), (*before.replaced, old))


def erasure(known: Registration) -> Registration:
    """Return the registration of a person who is erased: role and country stay, so that the counts stay.

    An erasure under the highest revision there is keeps that one: of two contents under one revision, it counts.
    """
    return replace(known, revision=min(known.revision + 1, REVISIONS[-1]), erased=True)


def event_of(person: BadgeRef, registration: Registration, fair_id: FairId, now: datetime) -> BadgeRegistered:
    """Return the event that says a registration."""
    return BadgeRegistered(
        event_id=str(uuid.uuid4()),
        fair_id=fair_id,
        terminal_id=REGISTRATION,
        occurred_at=now,
        received_at=now,
        badge_ref=person,
        revision=registration.revision,
        role=registration.role,
        residence_country=registration.country,
        exhibitor_id=registration.exhibitor,
        tracking_consent=registration.consent,
        denied=registration.denied,
        erased=registration.erased,
    )


def _problem(
    row: PersonRow, book: Book, known: Registration | None, wanted: Registration | None, *, again: bool
) -> str:
    """Return why the register cannot take a row; empty if it can."""
    if known is None and book.is_person(row.twin) and not (again and book.is_erased(row.twin)):
        return (
            "the person is registered with the other value of test; `fairpulse badges erase` that one, then import "
            "this line with --again and a new code"
        )
    for place, code in enumerate(row.codes, start=1):
        if book.is_spent(code):
            return f"code {place} was on the badge of a person who was erased; print a badge with a code nobody has had"
        if book.is_claimed(code, besides=row.person) or book.registration(code) is not None:
            return f"code {place} is on the badge of another person; a code is never given to a second one"
    if known is not None and wanted is not None and known.revision == row.revision:
        return f"revision {row.revision} is in the register with other content; write a higher one"
    if wanted is not None and wanted.revision not in REVISIONS:
        return "the person has had the last revision that there is; no further change can be taken"
    return ""


def _registration(row: PersonRow, known: Registration | None) -> Registration | None:
    """Return the registration that a row asks for; None if the register has it.

    A column that the file does not have stays as it is: a list of reprints clears no country and no denial.

    A higher revision is written also if it says the same: else an older file, with a revision in between, would count.
    """
    before = 0 if known is None else known.revision
    wanted = Registration(before, row.role, row.country, row.exhibitor, row.consent, row.denied)
    if known is not None and (unsaid := row.unsaid & KEPT):
        kept = {name: getattr(known, name) for name in unsaid}
        if row.role is not BadgeRole.EXHIBITOR_STAFF:
            kept.pop("exhibitor", None)
        wanted = replace(wanted, **kept)
    if wanted == known and (row.revision is None or row.revision <= before):
        return None
    return replace(wanted, revision=row.revision or before + 1)
