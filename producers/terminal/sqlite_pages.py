"""Records in single pages of an SQLite file, read without SQLite, which stops at the first damage. Pure.

A leaf page holds cells, each with one record: a list of values with their types in front. Cells are found through the
page's own list; on a damaged page, at every offset where a record can begin.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from producers.terminal.wal import PAGE

TABLE_LEAF: Final = 0x0D
INDEX_LEAF: Final = 0x0A
INNER: Final = frozenset({0x02, 0x05})

CarvedValue = int | float | str | bytes | None
Overflow = Callable[[int], bytes | None]
"""Returns a page by its number, None if there is none: records that do not fit into one page go on in others."""

_WIDTHS: Final = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
_LARGEST: Final = 2**20


@dataclass(frozen=True, slots=True)
class CarvedRecord:
    """The values of a row or of an index entry; `rowid` is 0 in an index."""

    rowid: int
    values: tuple[CarvedValue, ...]


@dataclass(frozen=True, slots=True)
class PageOfRecords:
    """What a page holds; `whole` is False if a part of it is damaged, or it is not a page of an SQLite file."""

    records: tuple[CarvedRecord, ...]
    whole: bool


def read_page(page: bytes, overflow: Overflow, *, first: bool, deep: bool) -> PageOfRecords:
    """Return the records of a page.

    Args:
        page: of 4,096 bytes; of a shorter one only the beginning was left.
        overflow: finds other pages.
        first: whether it is the first page of the file, which begins with a header.
        deep: whether to look at every offset of a damaged page, which takes a hundred times as long.
    """
    if not any(page):
        return PageOfRecords((), whole=True)
    page, at = page.ljust(PAGE, b"\0"), 100 if first else 0
    kind = page[at]
    if kind in INNER:
        return PageOfRecords((), whole=True)
    if kind in (TABLE_LEAF, INDEX_LEAF):
        count = int.from_bytes(page[at + 3 : at + 5], "big")
        if count <= (PAGE - at - 8) // 2:
            pointers = struct.unpack_from(f">{count}H", page, at + 8)
            found = [_cell(page, start, kind, overflow) for start in pointers]
            records = tuple(one for one in found if one is not None)
            if len(records) == count:
                return PageOfRecords(records, whole=True)
    return PageOfRecords(tuple(_anywhere(page, overflow)) if deep else (), whole=False)


def _anywhere(page: bytes, overflow: Overflow) -> Iterator[CarvedRecord]:
    """Yield whatever can be read as a row at any offset; its reader must check that it makes sense."""
    for start in range(PAGE - 4):
        if page[start]:
            for kind in (TABLE_LEAF, INDEX_LEAF):
                record = _cell(page, start, kind, overflow)
                if record is not None:
                    yield record


def _cell(page: bytes, start: int, kind: int, overflow: Overflow) -> CarvedRecord | None:
    """Return the record of the cell at an offset, None if there cannot be one."""
    try:
        size, at = _varint(page, start)
        rowid = 0
        if kind == TABLE_LEAF:
            rowid, at = _varint(page, at)
        if not 2 <= size <= _LARGEST or start < 8:
            return None
        local = _local(size, kind)
        payload = page[at : at + local]
        if len(payload) < local:
            return None
        if local < size:
            payload += _rest(page, at + local, size - local, overflow)
        return CarvedRecord(rowid, tuple(_values(payload)))
    except (IndexError, ValueError, struct.error):
        return None


def _local(size: int, kind: int) -> int:
    """Return how many bytes of a record are in its own page, by SQLite's rule."""
    most = PAGE - 35 if kind == TABLE_LEAF else (PAGE - 12) * 64 // 255 - 23
    if size <= most:
        return size
    least = (PAGE - 12) * 32 // 255 - 23
    kept = least + (size - least) % (PAGE - 4)
    return kept if kept <= most else least


def _rest(page: bytes, at: int, missing: int, overflow: Overflow) -> bytes:
    """Return the part of a record that is in other pages.

    Raises:
        ValueError: one of them is not there.
    """
    number, parts, seen = int.from_bytes(page[at : at + 4], "big"), [], set()
    while missing > 0:
        found = overflow(number) if number and number not in seen else None
        if found is None or len(found) < PAGE:
            raise ValueError(number)
        seen.add(number)
        parts.append(found[4 : 4 + missing])
        missing -= len(parts[-1])
        number = int.from_bytes(found[:4], "big")
    return b"".join(parts)


def _values(payload: bytes) -> Iterator[CarvedValue]:
    """Yield the values of a record.

    Raises:
        ValueError, IndexError: it is not a record.
    """
    end, at = _varint(payload, 0)
    types = []
    while at < end:
        one, at = _varint(payload, at)
        types.append(one)
    if at != end or not types:
        raise ValueError(end)
    for one in types:
        value, at = _value(payload, at, one)
        yield value
    if at != len(payload):
        raise ValueError(at)


def _value(payload: bytes, at: int, kind: int) -> tuple[CarvedValue, int]:
    if kind >= 12:
        size = (kind - 12) // 2
        content = payload[at : at + size]
        if len(content) < size:
            raise ValueError(size)
        return (content.decode(errors="replace") if kind % 2 else content), at + size
    if kind in (10, 11):
        raise ValueError(kind)
    width = _WIDTHS[kind]
    content = payload[at : at + width]
    if len(content) < width:
        raise ValueError(kind)
    if kind == 7:
        return struct.unpack(">d", content)[0], at + width
    if kind in (0, 8, 9):
        return (None, 0, 1)[kind - 7 if kind else 0], at
    return int.from_bytes(content, "big", signed=True), at + width


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where it ends."""
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    value = value << 8 | data[at + 8]
    return (value - 2**64 if value >= 2**63 else value), at + 9
