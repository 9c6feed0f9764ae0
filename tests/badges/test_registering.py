"""An import that ends between two writes is completed by the same import, whatever was written."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from producers.badges.book import Book, Registration
from producers.badges.plan import ImportPlan
from producers.badges.registering import write_plan
from producers.records import RawRecord
from schemas.badges.reading import is_pseudonym
from schemas.badges.register import Origin, Spent, WornCodes, code_hash, decode_codes, person_ref
from schemas.codes import BadgeRole
from schemas.errors import Unavailable
from schemas.events import BadgeRegistered
from schemas.topics import BADGES
from schemas.wire import decode_strict
from tests.support.builders import FAIR, local
from tests.support.register import KEY, code, reading_of

ADA, BOB = person_ref(KEY, "ada"), person_ref(KEY, "bob")
LINES = f"person,role,codes,revision\nada,speaker,{code(1)} {code(2)},5\nbob,media,{code(3)},1\n"


@dataclass
class Log:
    """A register in memory that takes some writes, and then none."""

    writes: int
    book: Book = field(default_factory=Book)
    count: int = 0

    async def catch_up(self) -> Book:
        return self.book

    async def write(self, records: Sequence[RawRecord]) -> None:
        if records and not self.writes:
            raise Unavailable("Kafka is away", hint="try again")
        self.writes -= bool(records)
        for topic, key, value, _ in records:
            self.count += 1
            if topic == BADGES.name:
                event = decode_strict(value or b"")
                assert isinstance(event, BadgeRegistered)
                self.book.take_badge(event)
                continue
            said = None if value is None else decode_codes(value)
            if isinstance(said, Origin):
                self.book.origin = said
            elif not isinstance(said, Spent) and is_pseudonym(key.decode()):
                self.book.take_codes(key.decode(), said)

    def read(self) -> int:
        return self.count


def plan(log: Log, folder: Path) -> ImportPlan:
    made = ImportPlan(read=log.count)
    for _ in made.planning(reading_of(folder, LINES), log.book):
        pass
    return made


@pytest.mark.parametrize("writes", range(5))
def test_the_same_import_completes_one_that_broke_off_after_any_write(tmp_path: Path, writes: int) -> None:
    log = Log(writes)
    log.book.take_registration(ADA, Registration(4, BadgeRole.MEDIA))
    log.book.take_codes(ADA, WornCodes((code_hash(KEY, code(1)),)))
    log.book.take_registration(person_ref(KEY, "eve"), Registration(1, BadgeRole.MEDIA))

    async def imported() -> ImportPlan:
        made = plan(log, tmp_path)
        await write_plan(made, log, KEY, FAIR, lambda: local("09:00"), at_once=10)
        return made

    try:
        asyncio.run(imported())
    except Unavailable:
        log.writes = 9
        assert asyncio.run(imported()).refused == 0
    ada, bob = log.book.registration(ADA), log.book.registration(BOB)
    assert (ada, bob) == (Registration(5, BadgeRole.SPEAKER), Registration(1, BadgeRole.MEDIA))
    assert log.book.codes_of(ADA) == WornCodes((code_hash(KEY, code(1)), code_hash(KEY, code(2))))
    assert log.book.codes_of(BOB) == WornCodes((code_hash(KEY, code(3)),))
