"""From a file of the registration system to the register in Kafka: plan all of it first, then write."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from producers.badges.book import NO_CODES, Book
from producers.badges.change import WRITTEN, Change, Effect, change_of, changes_of
from producers.badges.file import read_file
from producers.badges.follower import BadgeFollower
from producers.badges.origin import check_origin, origin_of
from producers.badges.place import RegisterPlace
from producers.badges.rows import PersonRow
from producers.badges.tables import BadLine
from producers.badges.waiting import waiting_events
from producers.badges.writing import (
    RegisterRecord,
    RegistrationRecords,
    codes_record,
    erasure_records,
    opened_writer,
    origin_record,
)
from schemas.codes import BadgeRole
from schemas.ids import BadgeRef, FairId

AT_ONCE: Final = 20_000
"""Persons that are written together: first who they are, then their codes."""

TellStep = Callable[[str], None]


@dataclass(slots=True)
class ImportPlan:
    """What a file would do to the register.

    Attributes:
        changes: to be written.
        counts: the good lines by what they do.
        problems: all that is wrong, in order of lines.
        refused: lines that are left out.
        rows: the good lines, by person.
        again: whether persons who were erased may be registered again.
        follower: knows the register as it was planned, and takes what comes later; None if nothing was read.
        missing: registered persons whom the file does not name, by role; those who were erased are left out.
    """

    changes: list[Change] = field(default_factory=list)
    counts: Counter[Effect] = field(default_factory=Counter)
    problems: list[BadLine] = field(default_factory=list)
    refused: int = 0
    missing: Counter[BadgeRole] = field(default_factory=Counter)
    rows: dict[BadgeRef, PersonRow] = field(default_factory=dict)
    again: bool = False
    follower: BadgeFollower | None = None

    def replanned(self, changes: Sequence[Change], book: Book) -> list[Change]:
        """Return what is left to write of some changes now: the register may have changed since they were planned."""
        found: list[Change] = []
        for before in changes:
            now = change_of(self.rows[before.person], book, again=self.again)
            self.counts[before.kind] -= 1
            if isinstance(now, BadLine):
                self.problems.append(now)
                self.refused += 1
                continue
            self.counts[now.kind] += 1
            if now.kind in WRITTEN:
                found.append(now)
        return found

    @property
    def lines(self) -> int:
        """Lines with a person."""
        return self.counts.total() + self.refused


async def planned(place: RegisterPlace, path: Path, tell: TellStep, *, again: bool = False) -> ImportPlan:
    """Return what a file would do to the register as it is now.

    Args:
        place: the register.
        path: the file.
        tell: called with how far it is, often.
        again: whether persons who were erased may be registered again.

    Raises:
        FairpulseError: the file cannot be read, or its columns are wrong.
        FairpulseError: it is the register of another fair, or of another badge key.
        Unavailable: Kafka does not answer, or the topics are missing or denied.
    """
    reading = read_file(path, place.fair, place.key, lambda line: tell(f"read {line:,} lines"))
    follower = BadgeFollower(place.kafka, place.fair.fair_id)
    try:
        book = await follower.catch_up(lambda done, of: tell(f"read {done:,} of {of:,} records of the register"))
    finally:
        await follower.close()
    check_origin(book, place.key, place.fair.fair_id)
    rows = {row.person: row for row in reading.rows}
    plan = ImportPlan(problems=reading.problems, rows=rows, again=again, follower=follower)
    for change in changes_of(reading, book, again=again):
        if change is None:
            continue
        plan.counts[change.kind] += 1
        if change.kind in WRITTEN:
            plan.changes.append(change)
    plan.problems.sort()
    plan.refused = len(reading.bad)
    plan.missing = _missing(book, rows.keys())
    return plan


async def write(place: RegisterPlace, plan: ImportPlan, now: datetime, tell: TellStep) -> int:
    """Write a plan into the register; return how many events waited for the codes that are new.

    Others may write at the same time. So before each part the register is read on. If it has more than this import
    wrote, the part is planned anew; the plan then says what was really done.

    Args:
        place: the register.
        plan: made for the register.
        now: the time of the events.
        tell: called with how far it is.

    Raises:
        FairpulseError: it became the register of another fair, or of another badge key.
        Unavailable: Kafka did not take all. The same import may be run again: it writes what is missing.
    """
    follower, fair_id = plan.follower, place.fair.fair_id
    assert follower is not None
    if not plan.changes and follower.book.origin is not None:
        return 0
    planned_changes, plan.changes = plan.changes, []
    try:
        async with opened_writer(place.kafka) as writer:
            read = follower.read
            if (await follower.catch_up()).origin is None:
                await writer.write([origin_record(origin_of(place.key, fair_id))])
            for begin in range(0, len(planned_changes), AT_ONCE):
                book = await follower.catch_up()
                check_origin(book, place.key, fair_id)
                some = planned_changes[begin : begin + AT_ONCE]
                if follower.read - read != writer.written:  # others wrote as well
                    some = plan.replanned(some, book)
                await writer.write(_registrations(some, fair_id, now))
                await writer.write(codes_record(one.person, one.worn) for one in some if one.worn is not None)
                plan.changes += some
                tell(f"wrote {begin + len(some):,} of {len(planned_changes):,} persons")
            await writer.write(_left_by_erasures(plan.changes, await follower.catch_up()))
    finally:
        await follower.close()
    waiting = await waiting_events(place.kafka) if plan.changes else Counter[BadgeRef]()
    return sum(waiting[code] for one in plan.changes for code in one.added)


def _left_by_erasures(changes: Sequence[Change], book: Book) -> Iterator[RegisterRecord]:
    """Yield what takes the codes from persons who were erased in the moment in which their codes were written."""
    for one in changes:
        said = book.registration(one.person)
        if said is not None and said.erased and (worn := book.codes_of(one.person)) != NO_CODES:
            yield from erasure_records(one.person, worn, book)


def _registrations(changes: Sequence[Change], fair_id: FairId, now: datetime) -> Iterator[RegisterRecord]:
    records = RegistrationRecords(fair_id, now)
    for one in changes:
        if one.registration is not None:
            yield records.of(one.person, one.registration)


def _missing(book: Book, named: Collection[BadgeRef]) -> Counter[BadgeRole]:
    found: Counter[BadgeRole] = Counter()
    for person in book.persons():
        said = book.registration(person)
        if person not in named and said is not None and not said.erased:
            found[said.role] += 1
    return found
