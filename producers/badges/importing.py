"""Imports a file into the register: compared with all that is there, and only the differences are written."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from producers.badges.book import Book
from producers.badges.file import read_file
from producers.badges.follower import BadgeFollower
from producers.badges.origin import check_origin
from producers.badges.place import RegisterPlace
from producers.badges.plan import ImportPlan
from producers.badges.registering import write_plan
from producers.badges.waiting import waiting_events
from producers.badges.writing import RegisterWriter, opened_writer
from producers.records import RawRecord
from schemas.codes import BadgeRole
from schemas.ids import BadgeRef

AT_ONCE: Final = 20_000
"""Persons that are written together."""

TellStep = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class FilePlan(ImportPlan):
    """What a file would do to the register.

    Attributes:
        follower: knows the register as it was planned, and takes what comes later.
        missing: registered persons whom the file does not name, by role; those who were erased are left out.
        clashes: for each code that several persons have in the register, these persons: each by the line of the file,
            or by the reference if the file does not name the person.
    """

    follower: BadgeFollower
    missing: Counter[BadgeRole] = field(default_factory=Counter)
    clashes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Topics:
    """The register as a command reads and writes it."""

    follower: BadgeFollower
    writer: RegisterWriter

    async def catch_up(self) -> Book:
        return await self.follower.catch_up()

    async def write(self, records: Sequence[RawRecord]) -> None:
        await self.writer.write(records)

    def read(self) -> int:
        return self.follower.read


async def planned(place: RegisterPlace, path: Path, tell: TellStep, *, again: bool = False) -> FilePlan:
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
    plan = FilePlan(again=again, read=follower.read, follower=follower)
    for _ in plan.planning(reading, book):
        pass  # nothing else is to be done in between
    plan.missing = _missing(book, plan.rows.keys())
    plan.clashes = sorted(" and ".join(_named(one, plan) for one in persons) for persons in book.clashing())
    return plan


async def write(place: RegisterPlace, plan: FilePlan, clock: Callable[[], datetime], tell: TellStep) -> int:
    """Write a plan into the register; return how many events waited for the codes that are new, before it began.

    Args:
        place: the register.
        plan: made for the register.
        clock: gives the times of the events.
        tell: called with how far it is.

    Raises:
        FairpulseError: it became the register of another fair, or of another badge key.
        Unavailable: Kafka did not take all. The same import may be run again: it writes what is missing.
    """
    if plan.is_done(plan.follower.book):
        return 0
    waiting = await waiting_events(place.kafka) if plan.changes else Counter[BadgeRef]()
    try:
        async with opened_writer(place.kafka) as writer:
            topics, fair_id = _Topics(plan.follower, writer), place.fair.fair_id
            await write_plan(
                plan,
                topics,
                place.key,
                fair_id,
                clock,
                AT_ONCE,
                lambda done, of: tell(f"wrote {done:,} of {of:,} persons"),
            )
    finally:
        await plan.follower.close()
    return sum(waiting[code] for one in plan.changes for code in one.added)


def _named(person: BadgeRef, plan: ImportPlan) -> str:
    row = plan.rows.get(person)
    return f"person {person}" if row is None else f"line {row.line}"


def _missing(book: Book, named: Collection[BadgeRef]) -> Counter[BadgeRole]:
    found: Counter[BadgeRole] = Counter()
    for person in book.persons():
        if person not in named and (said := book.registration(person)) is not None and not said.erased:
            found[said.role] += 1
    return found
