"""The plan of an import: the changes that a file, or the body of a request, makes to the register. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from producers.badges.book import Book
from producers.badges.change import WRITTEN, Change, Effect, as_known, change_of, changes_of
from producers.badges.file import RowsRead
from producers.badges.origin import check_key_proven
from producers.badges.rows import PersonRow
from producers.badges.tables import BadLine
from schemas.ids import BadgeRef

SLICE_ROWS: Final = 100
"""Lines that are looked up at once, about 2 ms."""


@dataclass(slots=True)
class ImportPlan:
    """What an import would do to the register; once it is written, what it did.

    Attributes:
        again: whether persons who were erased may be registered again.
        read: offsets of the register's topics that the plan was made from, added up.
        changes: to be written.
        counts: the good lines by what they do.
        problems: all that is wrong, in order of lines.
        refused: lines that are left out.
        rows: the good lines, by person.
    """

    again: bool = False
    read: int = 0
    changes: list[Change] = field(default_factory=list)
    counts: Counter[Effect] = field(default_factory=Counter)
    problems: list[BadLine] = field(default_factory=list)
    refused: int = 0
    rows: dict[BadgeRef, PersonRow] = field(default_factory=dict)

    def planning(self, reading: RowsRead, book: Book) -> Iterator[None]:
        """Plan all good lines for the register as it is; yield after some, so that other work gets in between.

        Raises:
            FairpulseError: nobody can say whether the references were made with the badge key of the register.
        """
        reading.rows = [as_known(row, book) for row in reading.rows]
        self.rows = {row.person: row for row in reading.rows}
        check_key_proven(book, reading.rows)
        for number, change in enumerate(changes_of(reading, book, again=self.again), start=1):
            if number % SLICE_ROWS == 0:
                yield
            if change is None:
                continue
            self.counts[change.kind] += 1
            if change.kind in WRITTEN:
                self.changes.append(change)
        self.problems, self.refused = sorted(reading.problems), len(reading.bad)

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

    def is_done(self, book: Book) -> bool:
        """Return whether a register says all of it already, and whose register it is.

        A person who is erased and has codes has them from an import that broke off.
        """
        if self.changes or book.origin is None:
            return False
        return not any(book.is_erased(one) and book.has_codes(one) for one in self.rows)

    @property
    def lines(self) -> int:
        """Lines with a person."""
        return self.counts.total() + self.refused
