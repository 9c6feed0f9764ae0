"""A whole file of the registration system: its persons, and all that is wrong with it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from producers.badges.rows import PersonRow, RowJudge
from producers.badges.tables import BadLine, FileLine, read_table, torn
from schemas.errors import FairpulseError
from schemas.fair.model import Fair
from schemas.ids import BadgeRef
from schemas.kinds import quoted
from schemas.outputs import reason


@dataclass(slots=True)
class RowsRead:
    """What a file says.

    Attributes:
        rows: the good lines, in order.
        problems: all that is wrong, in order.
        bad: numbers of the lines that are left out.
    """

    rows: list[PersonRow] = field(default_factory=list)
    problems: list[BadLine] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)

    def refuse(self, found: Iterable[BadLine]) -> None:
        """Leave out the lines of some problems."""
        for one in found:
            self.problems.append(one)
            self.bad.add(one.line)

    def without_bad(self) -> "RowsRead":
        """Return the same without rows of bad lines, and with the problems in order."""
        self.rows = [row for row in self.rows if row.line not in self.bad]
        self.problems.sort()
        return self


def read_file(path: Path, fair: Fair, key: bytes, told: Callable[[int], None] = lambda _: None) -> RowsRead:
    """Return what a file says.

    Args:
        path: CSV or JSON lines.
        fair: whose register it is.
        key: the fair's badge key.
        told: called with the number of each line.

    Raises:
        FairpulseError: the file cannot be read, or its columns are not the ones of a register.
    """
    try:
        with path.open("rb") as file:
            return read_rows(file, fair, key, told)
    except OSError as error:
        raise FairpulseError(
            f"{quoted(path)} cannot be read: {reason(error)}", hint="name a file that this user may read"
        ) from None
    except FairpulseError as error:
        raise FairpulseError(f"{quoted(path)}: {error.message}", hint=error.hint) from None


def read_rows(file: BinaryIO, fair: Fair, key: bytes, told: Callable[[int], None] = lambda _: None) -> RowsRead:
    """Return what an open file or a request's body says; arguments and errors as of `read_file`."""
    judge, reading = RowJudge(fair, key), RowsRead()
    for line in read_table(file):
        told(line.line)
        found = [line] if isinstance(line, BadLine) else judge.judge(line)
        if isinstance(found, PersonRow):
            reading.rows.append(found)
        elif isinstance(line, FileLine) and (bad := _torn(line, found)):
            raise torn(bad, line.last)
        else:
            reading.refuse(found)
    _refuse_doubles(reading)
    return reading.without_bad()


def _torn(line: FileLine, found: Iterable[BadLine]) -> BadLine | None:
    """Return the fault of a row that may have taken in other persons: in a value over several lines. Else None."""
    of_several = [name for name, value in line.values.items() if len(value.splitlines()) > 1]
    words = tuple("code" if name == "codes" else name for name in of_several)  # "code 2 is not …", "codes has …"
    return next((one for one in found if words and one.text.startswith(words)), None)


def _refuse_doubles(reading: RowsRead) -> None:
    """Leave out both lines of each person and each code that is there twice: nobody can say which is meant."""
    persons: dict[BadgeRef, int] = {}
    codes: dict[BadgeRef, int] = {}
    for row in reading.rows:
        either = min(row.person, row.twin)
        if (first := persons.setdefault(either, row.line)) != row.line:
            reading.refuse(_both("the person is", first, row.line))
        for code in row.codes:
            if (first := codes.setdefault(code, row.line)) != row.line:
                reading.refuse(_both("a code of it is", first, row.line))


def _both(what: str, first: int, second: int) -> Iterable[BadLine]:
    yield BadLine(first, f"{what} on line {second} too; keep one of them")
    yield BadLine(second, f"{what} on line {first} too; keep one of them")
