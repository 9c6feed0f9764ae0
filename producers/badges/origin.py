"""Whose register it is, and whether a command or a gateway may use it. Pure."""

from collections.abc import Iterable

from producers.badges.book import Book
from producers.badges.rows import PersonRow
from schemas.badges.key import SET_KEY, key_fingerprint
from schemas.badges.register import Origin
from schemas.errors import FairpulseError, InvalidSettings
from schemas.ids import FairId


def origin_of(key: bytes, fair_id: FairId) -> Origin:
    """Return what the first import writes into a register."""
    return Origin(key_fingerprint(key), fair_id)


def check_origin(book: Book, key: bytes, fair_id: FairId) -> None:
    """Raise an error if a register is that of another fair, or was made with another badge key.

    With another key every person would be registered a second time, and no badge would be found.

    Args:
        book: the register, read to its end.
        key: the badge key of the command or gateway.
        fair_id: its fair.

    Raises:
        FairpulseError: it is the register of another fair.
        InvalidSettings: it was made with another badge key.
    """
    known, mine = book.origin, origin_of(key, fair_id)
    if known is not None and known.fair_id != fair_id:
        raise FairpulseError(
            f"this is the register of the fair {known.fair_id}, not of {fair_id}",
            hint="name the fair file of that fair with --fair, or the Kafka of this one with --bootstrap-servers",
        )
    if known is None and book.foreign:
        raise FairpulseError(
            f"the topic fair.badges has {book.foreign:,} registrations of another fair than {fair_id}",
            hint="name the fair file of that fair with --fair, or the Kafka of this one with --bootstrap-servers",
        )
    if known is not None and known.badge_key != mine.badge_key:
        raise InvalidSettings(
            f"the register was made with another badge key: its fingerprint is {known.badge_key}, and that of this "
            f"one is {mine.badge_key}",
            hint=f"{SET_KEY}, the one of the first import",
        )


def check_key_proven(book: Book, rows: Iterable[PersonRow]) -> None:
    """Raise an error if a register has persons, does not say with which badge key, and knows none of some lines.

    A register says its key since the first import, by command or by gateway. One whose registrations came in another
    way, from a recording or from an older gateway, does not. A person whom it knows proves the key.

    Args:
        book: the register, read to its end.
        rows: the good lines of an import, with references that the key made.

    Raises:
        FairpulseError: the key may be another one than that of the persons who are there.
    """
    if book.origin is not None or not len(book):
        return
    if not any(book.is_person(row.person) or book.is_person(row.twin) for row in rows):
        raise FairpulseError(
            f"the register has {len(book):,} persons and does not say with which badge key, and none of them is in "
            "this import: the key may be another one",
            hint=f"import a list that names one of them first; if it has one, {SET_KEY}, the one of those persons",
        )
