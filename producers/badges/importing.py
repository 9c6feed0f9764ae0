"""From a file of the registration system to the register in Kafka: plan all of it first, then write."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from producers.badges.book import Book
from producers.badges.change import Change, Kind, change_of
from producers.badges.file import read_file
from producers.badges.follower import read_book
from producers.badges.place import RegisterPlace
from producers.badges.tables import Problem
from producers.badges.waiting import waiting_events
from producers.badges.writing import RegisterRecord, RegistrationRecords, codes_record, opened_writer
from schemas.codes import BadgeRole
from schemas.ids import BadgeRef, FairId

AT_ONCE: Final = 20_000
"""Persons that are written together: first who they are, then their codes."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class Plan:
    """What a file would do to the register.

    Attributes:
        changes: to be written.
        counts: the good lines by what they do.
        problems: all that is wrong, in order of lines.
        refused: lines that are left out.
        missing: registered persons whom the file does not name, by role; those who were erased are left out.
    """

    changes: list[Change] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    refused: int = 0
    missing: Counter[BadgeRole] = field(default_factory=Counter)

    @property
    def lines(self) -> int:
        """Lines with a person."""
        return self.counts.total() + self.refused


async def planned(place: RegisterPlace, path: Path, tell: Tell, *, again: bool = False) -> Plan:
    """Return what a file would do to the register as it is now.

    Args:
        place: the register.
        path: the file.
        tell: called with how far it is, often.
        again: whether persons who were erased may be registered again.

    Raises:
        FairpulseError: the file cannot be read, or its columns are wrong.
        Unavailable: Kafka does not answer, or the topics are missing or denied.
    """
    reading = read_file(path, place.fair, place.key, lambda line: tell(f"read {line:,} lines"))
    book = await read_book(
        place.kafka, place.fair.fair_id, lambda done, of: tell(f"read {done:,} of {of:,} records of the register")
    )
    plan, bad = Plan(problems=reading.problems), reading.bad
    for row in reading.rows:
        change = change_of(row, book, again=again)
        if isinstance(change, Problem):
            plan.problems.append(change)
            bad.add(change.line)
            continue
        plan.counts[change.kind] += 1
        if change.kind in (Kind.NEW, Kind.CHANGED):
            plan.changes.append(change)
    plan.problems.sort()
    plan.refused = len(bad)
    plan.missing = _missing(book, {row.person for row in reading.rows})
    return plan


async def write(place: RegisterPlace, changes: Sequence[Change], now: datetime, tell: Tell) -> int:
    """Write changes into the register; return how many events waited for the codes that are new.

    Args:
        place: the register.
        changes: of a plan, each for another person.
        now: the time of the events.
        tell: called with how far it is.

    Raises:
        Unavailable: Kafka did not take all. The same import may be run again: it writes what is missing.
    """
    if not changes:
        return 0
    async with opened_writer(place.kafka) as writer:
        for begin in range(0, len(changes), AT_ONCE):
            some = changes[begin : begin + AT_ONCE]
            await writer.write(_registrations(some, place.fair.fair_id, now))
            await writer.write(codes_record(one.person, one.worn) for one in some if one.worn is not None)
            tell(f"wrote {begin + len(some):,} of {len(changes):,} persons")
    waiting = await waiting_events(place.kafka)
    return sum(waiting[code] for one in changes for code in one.added)


def _registrations(changes: Sequence[Change], fair_id: FairId, now: datetime) -> Iterator[RegisterRecord]:
    records = RegistrationRecords(fair_id, now)
    for one in changes:
        if one.registration is not None:
            yield records.of(one.person, one.registration)


def _missing(book: Book, named: set[BadgeRef]) -> Counter[BadgeRole]:
    found: Counter[BadgeRole] = Counter()
    for person in book.persons():
        said = book.registration(person)
        if person not in named and said is not None and not said.erased:
            found[said.role] += 1
    return found
