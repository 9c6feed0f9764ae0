"""Witnesses: records by which a reader recognises a log later on.

Kafka gives a record's offset anew in a topic that was deleted and created again, or that lost its tail in a power cut.
So an offset alone does not say which record was read. A witness remembers the record too, by its append time and a
checksum. If the log has another record there, or none, it is not the log that was read.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from zlib import crc32

import msgspec

NEAR_MS: Final = 10_000
"""Witnesses nearer to each other than this, by append time, are thinned out. Logs are looked at as often."""


class Witness(msgspec.Struct, frozen=True, array_like=True):
    """A record that was read from a log.

    Attributes:
        offset: its place in the partition.
        time_ms: when Kafka appended it, ms since 1970.
        checksum: CRC-32 of its key and value, see `witness_of`.
    """

    offset: int
    time_ms: int
    checksum: int


def witness_of(offset: int, time_ms: int, key: bytes | None, value: bytes | None) -> Witness:
    """Return the witness of a record. A null differs from an empty text, and a key from the same text as a value."""
    lengths = f"{-1 if key is None else len(key)},{-1 if value is None else len(value)},".encode()
    return Witness(offset, time_ms, crc32(value or b"", crc32(key or b"", crc32(lengths))))


def with_newest(kept: Sequence[Witness], newest: Witness) -> tuple[Witness, ...]:
    """Return the witnesses to keep of a log, oldest first, once one more was read.

    The first and the newest are kept, and others between them at distances that grow with their age: about ten for a
    day. So a log that was replaced while it was read is still recognised after records of its successor were read too.
    """
    if len(kept) > 1 and newest.time_ms - kept[-2].time_ms < NEAR_MS:
        return (*kept[:-1], newest)
    found = [*kept[:1]]
    for older, newer in pairwise((*kept[1:], newest)):
        gap = newer.time_ms - found[-1].time_ms
        if gap >= max(NEAR_MS, (newest.time_ms - found[-1].time_ms) * 3 // 4):
            found.append(older)
    return (*found, newest)
