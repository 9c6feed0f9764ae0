"""One person of the register: looked up, given a new badge, erased."""

from dataclasses import dataclass
from datetime import datetime

from producers.badges.book import Book, Registration
from producers.badges.change import erasure, reprinted
from producers.badges.codes import hash_of
from producers.badges.follower import read_book
from producers.badges.origin import check_origin
from producers.badges.place import RegisterPlace
from producers.badges.rows import person_number
from producers.badges.writing import codes_record, erasure_records, opened_writer, registration_record
from schemas.badges.register import WornCodes, person_ref
from schemas.errors import FairpulseError
from schemas.ids import BadgeRef


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
    return found_in(await checked_book(place), place, hashed, number)


async def checked_book(place: RegisterPlace) -> Book:
    """Return the register as it is now. Raises as `check_origin` and `read_book` do."""
    book = await read_book(place.kafka, place.fair.fair_id)
    check_origin(book, place.key, place.fair.fair_id)
    return book


def found_in(book: Book, place: RegisterPlace, code: BadgeRef | None, number: str | None) -> Found:
    """Return the person in a book. Raises FairpulseError if there is none."""
    if code is not None:
        person = book.person_of(code)
        if person is None:
            raise FairpulseError(
                "the register does not have this code",
                hint="check the code, or register the person with `fairpulse badges import FILE`",
            )
    else:
        refs = (person_ref(place.key, person_number(number or ""), test=test) for test in (False, True))
        person = next((ref for ref in refs if book.is_person(ref)), None)
        if person is None:
            raise FairpulseError(
                "the register does not have this person",
                hint="check the number and the badge key, or register the person with `fairpulse badges import FILE`",
            )
    return Found(person, book.registration(person), book.codes_of(person), code)


async def reprint(place: RegisterPlace, old: str, new: str) -> Found:
    """Replace a code by that of a new badge, and return the person. Done before, it does nothing.

    Raises:
        FairpulseError: the old code is not in force, or the new one is somebody's.
        Unavailable: Kafka does not answer, or does not take it.
    """
    hashes = [hash_of(code, place.key, place.fair.badge_codes) for code in (old, new)]
    if hashes[0] == hashes[1]:
        raise FairpulseError("OLD and NEW are the same code", hint="give the code of the new badge second")
    book = await checked_book(place)
    found, owner = found_in(book, place, hashes[0], None), book.person_of(hashes[1])
    if owner == found.person and found.is_replaced and not book.is_replaced(hashes[1]):
        return found
    if book.is_spent(hashes[1]):
        raise FairpulseError(
            "NEW was on the badge of a person who was erased; a code is never given a second time",
            hint="print a badge with a code that nobody has had",
        )
    if owner is not None or book.is_person(hashes[1]):
        raise FairpulseError(
            "NEW is in the register already; a code is never given a second time",
            hint="print a badge with a code that nobody has had",
        )
    if found.is_replaced:
        raise FairpulseError(
            "OLD was replaced before", hint="give the code of the badge that the person wore last, as OLD"
        )
    worn = reprinted(found.worn, hashes[0], hashes[1])
    async with opened_writer(place.kafka) as writer:
        await writer.write([codes_record(found.person, worn)])
    return Found(found.person, found.registration, worn, hashes[1])


async def erase(place: RegisterPlace, found: Found, now: datetime) -> None:
    """Take all codes of a person out of the register, and mark the person as erased. Both may be done before.

    The register is read again: a person may have had time to think before saying yes.

    Raises:
        Unavailable: Kafka does not answer, or does not take it; run it again.
    """
    book = await checked_book(place)
    known, worn = book.registration(found.person), book.codes_of(found.person)
    async with opened_writer(place.kafka) as writer:
        if known is not None and not known.erased:
            said = erasure(known)
            await writer.write([registration_record(found.person, said, place.fair.fair_id, now)])
        await writer.write(erasure_records(found.person, worn, book))
