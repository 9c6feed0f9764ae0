"""Reads a file of the registration system, CSV or JSON lines, as lines with named texts. It judges no value."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO, Final, NamedTuple

import jiter
from typing_extensions import override

from schemas.errors import FairpulseError
from schemas.kinds import quoted
from schemas.nearest import nearest

COLUMNS: Final = (
    "person", "role", "class", "country", "exhibitor", "consent", "denied", "codes", "test", "revision",
)  # fmt: skip
"""All columns that a file may have."""
REQUIRED: Final = ("person", "role")
"""Those that it must have."""

LONGEST: Final = 2_000
"""Characters of a value: a hundred codes fit in."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,29}")
_SEPARATORS: Final = ",;\t"
_UTF_8: Final = "save it as CSV UTF-8"
_CSV_ERRORS: Final = {
    "unexpected end of data": "a quotation mark opens a value and is not closed",
    "expected after": "a quotation mark stands inside a value; write it twice there, and once around the value",
    "field larger": f"a value has more than {LONGEST:,} characters; a quotation mark may not be closed",
    "new-line": "a line ends as no CSV line does; save the file again as CSV UTF-8",
}
_COUNT_ERROR: Final = "has {found} values, and the header has {wanted} columns"


class BadLine(NamedTuple):
    """A fault of a line, which is counted from 1. It repeats at most a mistyped word."""

    line: int
    text: str

    @override
    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class FileLine(NamedTuple):
    """A line with its values by column; an empty value is an empty text, and a column that is not there has none.

    Attributes:
        last: the line of the file with which it ends.
    """

    line: int
    values: Mapping[str, str]
    last: int


def torn(bad: BadLine, last: int) -> FairpulseError:
    """Return the error for a bad row of several lines: those behind the first may be persons of their own."""
    return FairpulseError(
        f"lines {bad.line} to {last} are one row, because of quotation marks, and it has a fault: {bad.text}",
        hint=f"see whether a quotation mark in line {bad.line} is meant, and is closed there",
    )


def read_table(file: BinaryIO) -> Iterator[FileLine | BadLine]:
    """Yield each line with values, or what is wrong with it. A quoted value may go over several lines of the file.

    The file is UTF-8, with or without a byte order mark. CSV is separated by commas, semicolons or tabs, as its header
    shows; JSON lines are known by their first character.

    Raises:
        FairpulseError: nothing of it can be read, its columns are not the ones of a register, or a value over several
            lines is wrong: it may be a quotation mark that is not closed.
    """
    start = file.readline()
    if b"\x00" in start or start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FairpulseError("the file is not UTF-8 text", hint=f"{_UTF_8}, or as JSON lines")
    lines = _Lines(chain([start.removeprefix(b"\xef\xbb\xbf")], file))
    first = next(lines, "")
    while first and not first.strip():
        first = next(lines, "")
    if not first:
        raise FairpulseError("the file is empty", hint=f"its first line names the columns: {', '.join(COLUMNS)}")
    if first.lstrip().startswith("{"):
        yield from _json_lines(first, lines)
    elif first.lstrip().startswith("["):
        raise FairpulseError("the file is one JSON list", hint="write one object on each line (JSON lines), or CSV")
    else:
        yield from _csv_lines(first, lines)


class _Lines:
    """The lines of a file as text, counted; those that are not UTF-8 are noted."""

    def __init__(self, raw: Iterable[bytes]) -> None:
        self._raw = iter(raw)
        self.number = 0
        self.bad: list[int] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = next(self._raw)
        self.number += 1
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.bad.append(self.number)
            return raw.decode(errors="replace")


def _csv_lines(first: str, lines: _Lines) -> Iterator[FileLine | BadLine]:
    separator = ""
    if match := re.fullmatch(r"sep=([,;\t])\s*", first, re.IGNORECASE):  # Excel's own first line
        separator, first = match[1], next(lines, "")
    separator = separator or max(_SEPARATORS, key=first.count)
    reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
    skipped = lines.number - 1
    try:
        columns = _columns(next(reader, []), skipped + 1)
    except csv.Error as error:
        raise FairpulseError(f"line {skipped + 1}: {_csv_error(error)}") from None
    while True:
        begins = skipped + reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            found: FileLine | BadLine = BadLine(begins, _csv_error(error))
        else:
            if lines.bad and lines.bad[-1] >= begins:
                found = BadLine(begins, f"is not UTF-8 text; {_UTF_8}")
            elif any(map(str.strip, values)):
                found = _line(begins, lines.number, columns, values)
            else:
                continue
        if isinstance(found, BadLine) and lines.number > begins:
            raise torn(found, lines.number)
        yield found


def _csv_error(error: csv.Error) -> str:
    return next((ours for part, ours in _CSV_ERRORS.items() if part in str(error)), "cannot be read as CSV")


def _line(number: int, last: int, columns: Sequence[str], values: Sequence[str]) -> FileLine | BadLine:
    if len(values) > len(columns) and not any(map(str.strip, values[len(columns) :])):
        values = values[: len(columns)]  # spreadsheets put separators behind the last column
    if len(values) != len(columns):
        return BadLine(number, _COUNT_ERROR.format(found=len(values), wanted=len(columns)))
    return _checked(number, last, {name: value.strip() for name, value in zip(columns, values, strict=True)})


def _checked(number: int, last: int, values: Mapping[str, str]) -> FileLine | BadLine:
    for name, value in values.items():
        if len(value) > LONGEST:
            return BadLine(number, f"{name} has more than {LONGEST:,} characters")
    return FileLine(number, values, last)


def _columns(header: Sequence[str], line: int) -> list[str]:
    """Return the names of the columns. Raises FairpulseError; a name is repeated only if the line is a header."""
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    all_names = f"the columns are {', '.join(COLUMNS)}"
    if not set(columns) & set(COLUMNS):
        raise FairpulseError(f"line {line} does not name the columns", hint=all_names)
    for place, name in enumerate(columns, start=1):
        if name not in COLUMNS:
            near = _meant(name)
            what = f"the column {quoted(name)}" if near else f"the name of column {place}"
            raise FairpulseError(f"line {line}: {what} is not known", hint=near or all_names)
        if columns.count(name) > 1:
            raise FairpulseError(f"line {line}: the column {name} is there twice", hint="take one of them out")
    for name in REQUIRED:
        if name not in columns:
            raise FairpulseError(f"line {line}: the column {name} is missing", hint=all_names)
    return columns


def _meant(name: str) -> str:
    near = nearest(name, COLUMNS) if _NAME.fullmatch(name) else ""
    return f"did you mean {near}?" if near else ""


def _json_lines(first: str, lines: _Lines) -> Iterator[FileLine | BadLine]:
    for text in chain([first], lines):
        number = lines.number
        if lines.bad and lines.bad[-1] == number:
            yield BadLine(number, "is not UTF-8 text")
        elif text.strip():
            yield _json_line(number, text)


def _json_line(number: int, text: str) -> FileLine | BadLine:
    try:
        row = jiter.from_json(text.encode(), catch_duplicate_keys=True, allow_inf_nan=False)
    except ValueError as error:
        return BadLine(number, "has a name twice" if "duplicate key" in str(error) else "is not one JSON object")
    if not isinstance(row, dict):
        return BadLine(number, "is not one JSON object")
    values: dict[str, str] = {}
    for place, (name, value) in enumerate(row.items(), start=1):
        if name not in COLUMNS:
            near = _meant(name)
            return BadLine(
                number, f"the name {quoted(name)} is not known; {near}" if near else f"name {place} is not known"
            )
        if (word := _json_text(name, value)) is None:
            return BadLine(number, f"{name} is neither a text nor what else {name} may be in JSON")
        values[name] = word
    for name in REQUIRED:
        if name not in row:
            return BadLine(number, f"{name} is missing")
    return _checked(number, number, values)


def _json_text(name: str, value: Any) -> str | None:
    """Return a value as CSV would have it; None if it cannot be one."""
    match value:
        case None:
            return ""
        case bool():
            return ("yes" if value else "no") if name in ("consent", "test") else None
        case int():
            return str(value) if name in ("person", "revision") else None
        case str():
            return value.strip()
        case list() if name == "codes" and all(isinstance(one, str) for one in value):
            return " ".join(value)
        case _:
            return None
