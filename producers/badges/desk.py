"""One person of the register: looked up, given a new badge, erased."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from producers.badges.book import Book, Registration
from producers.badges.change import erasure, reprinted
from producers.badges.codes import hash_of
from producers.badges.follower import BadgeFollower, read_book
from producers.badges.origin import check_origin
from producers.badges.place import RegisterPlace
from producers.badges.registering import take_codes_away
from producers.badges.rows import person_number
from producers.badges.writing import RegisterWriter, codes_record, opened_writer, registration_record, spent_records
from schemas.badges.register import WornCodes, person_ref
from schemas.errors import FairpulseError
from schemas.ids import BadgeRef

NEW_CODE: Final = "print a badge with a code that nobody has had"


@dataclass(frozen=True, slots=True)
class Found:
    """A person of the register.

    Attributes:
        registration: None if only codes are known, as after an import that was interrupted.
        code: the hash of the code that was asked for; None if a person was.
    """

    person: BadgeRef
    registration: Registration | None
    worn: WornCodes
    code: BadgeRef | None = None

    @property
    def is_replaced(self) -> bool:
        """Whether the code that was asked for was reprinted."""
        return self.code in self.worn.replaced


async def look_up(place: RegisterPlace, *, code: str | None = None, number: str | None = None) -> Found:
    """Return the person who wears a code, or has a number in the registration system.

    Raises:
        FairpulseError: the register has no such person; InvalidEvent if the code is not a badge code.
        Unavailable: Kafka does not answer, or the topics are missing or denied.
    """
    hashed = None if code is None else hash_of(code, place.key, place.fair.badge_codes)
    book = await read_book(place.kafka, place.fair.fair_id)
    check_origin(book, place.key, place.fair.fair_id)
    return found_in(book, place, hashed, number)


def found_in(book: Book, place: RegisterPlace, code: BadgeRef | None, number: str | None) -> Found:
    """Return the person in a book. Raises FairpulseError if there is none."""
    if code is not None:
        person = book.person_of(code) or book.spent_by(code)
        if person is None and book.is_spent(code):
            raise FairpulseError("this code was on the badge of a person who was erased", hint=NEW_CODE)
        if person is None:
            raise FairpulseError(
                "the register does not have this code",
                hint="check the code, or register the person with `fairpulse badges import FILE`",
            )
    else:
        refs = [person_ref(place.key, person_number(number or ""), test=test) for test in (False, True)]
        person = next((ref for ref in sorted(refs, key=book.is_erased) if book.is_person(ref)), None)
        if person is None:
            raise FairpulseError(
                "the register does not have this person",
                hint="check the number and the badge key, or register the person with `fairpulse badges import FILE`",
            )
    return Found(person, book.registration(person), book.codes_of(person), code)


async def reprint(place: RegisterPlace, old: str, new: str) -> Found:
    """Replace a code by that of a new badge, and return the person. Done before, it does nothing.

    Others may change the register at the same time, so it is read right before the change is written, and again after.

    Raises:
        FairpulseError: the old code is not in force, the new one is somebody's, or another change came in between.
        Unavailable: Kafka does not answer, or does not take it.
    """
    hashes = [hash_of(code, place.key, place.fair.badge_codes) for code in (old, new)]
    if hashes[0] == hashes[1]:
        raise FairpulseError("OLD and NEW are the same code", hint="give the code of the new badge second")
    async with _opened(place) as (follower, writer):
        found, worn = _reprinted(await follower.catch_up(), place, *hashes)
        if worn == found.worn:
            return found
        await writer.write([codes_record(found.person, worn)])
        book = await follower.catch_up()
        await take_codes_away({found.person: worn}, book, writer.write)
    if book.codes_of(found.person) != worn or book.is_erased(found.person):
        raise FairpulseError("the register was changed for this person at the same moment", hint="run it again")
    return Found(found.person, found.registration, worn, hashes[1])


def _reprinted(book: Book, place: RegisterPlace, old: BadgeRef, new: BadgeRef) -> tuple[Found, WornCodes]:
    """Return the person of a code, and all codes of the person once the new one is in force. Raises FairpulseError."""
    found, owner = found_in(book, place, old, None), book.person_of(new)
    if owner == found.person and found.is_replaced and not book.is_replaced(new):
        return found, found.worn
    if book.is_spent(new):
        raise FairpulseError(
            "NEW was on the badge of a person who was erased; a code is never given a second time", hint=NEW_CODE
        )
    if owner is not None or book.is_person(new):
        raise FairpulseError("NEW is in the register already; a code is never given a second time", hint=NEW_CODE)
    if book.is_spent(old):
        raise FairpulseError(
            "the erasure of this person broke off", hint="run `fairpulse badges erase` with the same code again"
        )
    if found.is_replaced:
        raise FairpulseError(
            "OLD was replaced before", hint="give the code of the badge that the person wore last, as OLD"
        )
    return found, reprinted(found.worn, old, new)


async def erase(place: RegisterPlace, found: Found, now: datetime) -> None:
    """Mark a person as erased, and take all codes of the person out of the register. Both may be done before.

    The register is read again: a person may have had time to think before saying yes. The codes are looked up after
    the mark: those that others write later, they take away themselves.

    Raises:
        Unavailable: Kafka does not answer, or does not take it; run it again.
    """
    async with _opened(place) as (follower, writer):
        known = follower.book.registration(found.person)
        if known is not None and not known.erased:
            said = erasure(known)
            await writer.write([registration_record(found.person, said, place.fair.fair_id, now)])
        await writer.write(list(spent_records(found.person, await follower.catch_up())))
        await writer.write([codes_record(found.person, None)])


@asynccontextmanager
async def _opened(place: RegisterPlace) -> AsyncIterator[tuple[BadgeFollower, RegisterWriter]]:
    """Read the register, and open a connection that writes, for a block. Raises as `look_up` does, and Unavailable."""
    follower = BadgeFollower(place.kafka, place.fair.fair_id)
    try:
        check_origin(await follower.catch_up(), place.key, place.fair.fair_id)
        async with opened_writer(place.kafka) as writer:
            yield follower, writer
    finally:
        await follower.close()
