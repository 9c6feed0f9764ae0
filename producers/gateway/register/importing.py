"""Takes persons into the register over HTTP: what `fairpulse badges import` does with a file, of a request's body."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Final

from producers.badges.book import Book
from producers.badges.change import Change, Effect, change_of, event_of
from producers.badges.file import RowsRead, refuse_doubles
from producers.badges.rows import PersonRow, RowJudge
from producers.badges.tables import BadLine, read_table
from producers.records import RawRecord, record_of
from schemas.badges.register import encode_worn
from schemas.fair.model import Fair
from schemas.ids import FairId
from schemas.topics import BADGE_CODES

SLICE_ROWS: Final = 100
"""Lines that are looked up at once, about 2 ms."""
ERRORS_MAX: Final = 100
"""Most errors that an answer lists; a file with more is wrong as a whole."""


@dataclass(slots=True)
class Import:
    """What a body would do to the register.

    Attributes:
        changes: to be written, if no line is wrong.
        counts: the good lines by what they do.
        problems: all that is wrong, by line.
        refused: lines with something wrong.
    """

    changes: list[Change] = field(default_factory=list)
    counts: dict[Effect, int] = field(default_factory=lambda: dict.fromkeys(Effect, 0))
    problems: list[BadLine] = field(default_factory=list)
    refused: int = 0


def read_import(body: bytes, fair: Fair, key: bytes) -> RowsRead:
    """Return what a body says. It asks no book, so it may run in a thread of its own.

    Args:
        body: JSON lines or CSV, as a file of the registration system.
        fair: whose register it is.
        key: the fair's badge key.

    Raises:
        FairpulseError: nothing of it can be read.
    """
    judge, reading = RowJudge(fair, key), RowsRead()
    for line in read_table(BytesIO(body)):
        found = [line] if isinstance(line, BadLine) else judge.judge(line)
        if isinstance(found, PersonRow):
            reading.rows.append(found)
        else:
            reading.refuse(found)
    refuse_doubles(reading)
    return reading.without_bad()


async def plan_import(reading: RowsRead, book: Book) -> Import:
    """Return what the lines of a body would do to the register as it is now; other work gets in between."""
    made = Import()
    for number, row in enumerate(reading.rows, start=1):
        if number % SLICE_ROWS == 0:
            await asyncio.sleep(0)
        change = change_of(row, book)
        if isinstance(change, BadLine):
            reading.refuse([change])
            continue
        made.counts[change.kind] += 1
        if change.kind in (Effect.NEW, Effect.CHANGED):
            made.changes.append(change)
    made.problems, made.refused = sorted(reading.problems), len(reading.bad)
    return made


def registrations(changes: Sequence[Change], fair_id: FairId, now: datetime) -> list[RawRecord]:
    """Return the records that say who persons are. They are written first, so that no code leads to nobody."""
    return [
        record_of(event_of(one.person, one.registration, fair_id, now))
        for one in changes
        if one.registration is not None
    ]


def codes(changes: Sequence[Change]) -> list[RawRecord]:
    """Return the records that say which codes persons wear."""
    return [
        RawRecord(BADGE_CODES.name, one.person.encode(), encode_worn(one.worn))
        for one in changes
        if one.worn is not None
    ]
