"""Writes a plan into the register. `fairpulse badges import` does it, and so does a gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from producers.badges.book import NO_CODES, Book
from producers.badges.change import Change, Effect
from producers.badges.origin import check_origin, origin_of
from producers.badges.plan import SLICE_ROWS, ImportPlan
from producers.badges.writing import RegistrationRecords, codes_record, origin_record, spent_records
from producers.records import RawRecord
from schemas.badges.register import WornCodes
from schemas.ids import BadgeRef, FairId

WriteRecords = Callable[[Sequence[RawRecord]], Awaitable[None]]
"""Returns when Kafka has all records."""
ToldWritten = Callable[[int, int], None]
"""Told how many persons were written, of how many."""


class RegisterLog(Protocol):
    """The topics of a register."""

    async def catch_up(self) -> Book:
        """Return the register as it is now."""

    async def write(self, records: Sequence[RawRecord]) -> None:
        """Return when Kafka has all records; those of one key are in order."""

    def read(self) -> int:
        """Return how many offsets of the topics are in the book, added up."""


async def write_plan(
    plan: ImportPlan,
    register: RegisterLog,
    key: bytes,
    fair_id: FairId,
    clock: Callable[[], datetime],
    at_once: int,
    told: ToldWritten = lambda _done, _all: None,
) -> None:
    """Write a plan into the register; the plan then says what was really done.

    Others may write at the same time. So before each part the register is read on. If it has more than this import
    wrote, the part is planned anew.

    Args:
        plan: made for the register.
        register: its topics.
        key: the fair's badge key.
        fair_id: the fair.
        clock: gives the times of the events. A person's consent counts from that time on, so each part has its own.
        at_once: persons that are written together.
        told: called after each part.

    Raises:
        FairpulseError: it became the register of another fair, or of another badge key.
        Exception: as `register` raises. The same import may be run again: it writes what is missing.
    """
    planned, plan.changes = plan.changes, []
    written = 0
    if (await register.catch_up()).origin is None:
        await register.write([origin_record(origin_of(key, fair_id))])
        written += 1
    for begin in range(0, len(planned), at_once):
        book = await register.catch_up()
        check_origin(book, key, fair_id)
        some = planned[begin : begin + at_once]
        if register.read() != plan.read + written:
            some = await _planned_anew(plan, some, book)
        for records in _in_order(some, fair_id, clock()):
            await register.write(records)
            written += len(records)
        plan.changes += some
        told(min(begin + at_once, len(planned)), len(planned))
    worn = dict.fromkeys(plan.rows, NO_CODES) | {one.person: one.worn or NO_CODES for one in plan.changes}
    await take_codes_away(worn, await register.catch_up(), register.write)


async def take_codes_away(worn: Mapping[BadgeRef, WornCodes], book: Book, write: WriteRecords) -> None:
    """Take all codes from those of some persons who are erased, and let nobody have these codes again.

    Who writes codes does this afterwards, because an erasure may come in between: it marks itself first, and then looks
    which codes there are. So one of the two sees what the other wrote.

    Args:
        worn: what was written for each of the persons.
        book: the register as it is after that.
        write: returns when Kafka has all records.
    """
    erased = {one: codes for one, codes in worn.items() if book.is_erased(one)}
    if spent := [record for one, codes in erased.items() for record in spent_records(one, book, codes)]:
        await write(spent)
    if left := [codes_record(one, None) for one in erased if book.has_codes(one)]:
        await write(left)


async def _planned_anew(plan: ImportPlan, changes: Sequence[Change], book: Book) -> list[Change]:
    """Return what is left to write of some changes, and let other work get in between."""
    found: list[Change] = []
    for at in range(0, len(changes), SLICE_ROWS):
        found += plan.replanned(changes[at : at + SLICE_ROWS], book)
        await asyncio.sleep(0)
    return found


def _in_order(changes: Sequence[Change], fair_id: FairId, now: datetime) -> Iterator[list[RawRecord]]:
    """Yield records; Kafka must have some before the next are written, for the import may end at any of them.

    A person who is new comes before the codes, so that no code leads to nobody. Of a person who is known, the codes
    come before the revision: with the revision written, the same import would be one that says other codes.
    """
    records = RegistrationRecords(fair_id, now)
    said = [(one, records.of(one.person, one.registration)) for one in changes if one.registration is not None]
    yield [record for one, record in said if one.kind is Effect.NEW]
    yield [codes_record(one.person, one.worn) for one in changes if one.worn is not None]
    yield [record for one, record in said if one.kind is not Effect.NEW]
