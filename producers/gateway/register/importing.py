"""Takes persons into the register over HTTP: what `fairpulse badges import` does with a file, of a request's body."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from producers.badges.book import Book
from producers.badges.change import WRITTEN, Change, Effect, changes_of, event_of
from producers.badges.file import RowsRead
from producers.badges.tables import BadLine
from producers.records import RawRecord, record_of
from schemas.badges.register import encode_worn
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


async def plan_import(reading: RowsRead, book: Book) -> Import:
    """Return what the lines of a body would do to the register as it is now; other work gets in between."""
    made = Import()
    for number, change in enumerate(changes_of(reading, book), start=1):
        if number % SLICE_ROWS == 0:
            await asyncio.sleep(0)
        if change is None:
            continue
        made.counts[change.kind] += 1
        if change.kind in WRITTEN:
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
