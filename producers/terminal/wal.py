"""SQLite's write-ahead log, read without SQLite, which passes over everything behind a damaged frame without a word.

Layout: a header of 32 bytes, then frames of 24 bytes and a page. Each frame's checksum goes on from that of the frame
before it, so that a good frame can be told from a bad one also behind damage. Pure.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

HEADER: Final = 32
FRAME: Final = 24
PAGE: Final = 4_096
"""Page size of every spool."""

_BIG: Final = 0x377F0683
_LITTLE: Final = 0x377F0682


@dataclass(frozen=True, slots=True)
class LogFrame:
    """One page in the log.

    Attributes:
        number: of the page in the file, from 1.
        commit: whether it is the last one of a transaction.
        good: whether its checksum goes on from that of the frame before.
        current: whether it belongs to the log's present use; others are left from an earlier one.
    """

    number: int
    commit: bool
    good: bool
    current: bool
    page: bytes


def is_damaged(log: bytes) -> bool:
    """Return whether transactions that were committed lie behind damage.

    A power cut leaves at most one transaction unfinished, at the end. It may leave pages of others that were never
    finished behind that, but none that goes on after a commit.
    """
    if len(log) < HEADER or not any(log[:HEADER]):
        return False
    if not _header_is_good(log):
        return True
    frames = frames_of(log)
    bad = next((at for at, frame in enumerate(frames) if not frame.good), len(frames))
    return any(one.commit and after.good for one, after in pairwise(frames[bad:]))


def frames_of(log: bytes) -> list[LogFrame]:
    """Return all whole frames of a log, the oldest first; a damaged header makes all of them bad."""
    if len(log) < HEADER:
        return []
    known = _header_is_good(log)
    big = int.from_bytes(log[:4], "big") == _BIG
    salts = log[16:24] if known else log[HEADER + 8 : HEADER + 16]
    checksum = struct.unpack(">II", log[24:HEADER])
    found = []
    for start in range(HEADER, len(log) - FRAME - PAGE + 1, FRAME + PAGE):
        head, page = log[start : start + FRAME], log[start + FRAME : start + FRAME + PAGE]
        number, size, *_ = struct.unpack(">IIIIII", head)
        told = struct.unpack(">II", head[16:])
        current = head[8:16] == salts
        good = known and number > 0 and current and _checksum(head[:8] + page, checksum, big=big) == told
        found.append(LogFrame(number, size > 0, good, current, page))
        checksum = told
    return found


def _header_is_good(log: bytes) -> bool:
    magic, _, page = struct.unpack(">III", log[:12])
    if magic not in (_BIG, _LITTLE) or page != PAGE:
        return False
    return _checksum(log[:24], (0, 0), big=magic == _BIG) == struct.unpack(">II", log[24:HEADER])


def _checksum(data: bytes, start: tuple[int, ...], *, big: bool) -> tuple[int, int]:
    first, second = start
    for one, two in struct.iter_unpack(">II" if big else "<II", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
