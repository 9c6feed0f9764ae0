"""Compares the body of a recording with its header: is it what was written, and all of it?

Header and blocks each have a checksum of their own, so a changed byte is found while reading. A file that lacks whole
blocks, or has them twice or in another order, is found only here.
"""

import hashlib
from typing import BinaryIO, Final

from schemas.recording.frames import HEADER_BYTES, Cut, header_is_changed, records_in_blocks, unpack, unpack_records
from schemas.recording.header import Header

_PIECE: Final = 1 << 20

Damage = Cut | str
"""A place from which on nothing can be read, or in words what is wrong with blocks that can be read."""


def damage_of(file: BinaryIO, header: Header) -> Damage | None:
    """Return why a recording is not the one that was written; None if it is.

    Without a complete header there is nothing to compare with. Then an end in the middle is not damage, and the offsets
    of each partition must ascend.
    """
    file.seek(0)
    if header_is_changed(file.read(HEADER_BYTES)):
        return "its header was changed: its checksum does not match"
    if not header.complete:
        return _order(file)
    digest = hashlib.sha256()
    file.seek(HEADER_BYTES)
    while piece := file.read(_PIECE):
        digest.update(piece)
    if digest.hexdigest() != header.sha256:
        return _changed(file, header)
    file.seek(HEADER_BYTES)
    there = sum(records_in_blocks(file))
    if there != header.records or sum(part.records for part in header.topics.values()) != there:
        return f"the counts in its header are not those of its {there:,} records"
    return None


def _changed(file: BinaryIO, header: Header) -> Damage:
    """Return what is wrong with a body that has another checksum."""
    there = 0
    file.seek(HEADER_BYTES)
    if not file.read(1):
        return Cut(HEADER_BYTES, "it ends after its header")
    file.seek(HEADER_BYTES)
    for number, content in enumerate(unpack(file)):
        if isinstance(content, Cut):
            return content
        if number > 0:
            there += len(unpack_records(content) or ())
    if there < header.records:
        return f"{header.records - there:,} of its {header.records:,} records are missing"
    if (found := _order(file)) is not None:
        return found
    return "its blocks are not those that were written"


def _order(file: BinaryIO) -> str | None:
    """Return where offsets go back; None if those of each partition ascend, as far as the file can be read."""
    newest: dict[tuple[str, int], int] = {}
    file.seek(HEADER_BYTES)
    for number, content in enumerate(unpack(file)):
        if isinstance(content, Cut):
            return None
        for one in (unpack_records(content) or ()) if number > 0 else ():
            last = newest.get((one.topic, one.partition), -1)
            if one.offset <= last:
                place = f"{one.topic}[{one.partition}]"
                return f"a block is there twice or in the wrong place: {place} goes back from {last} to {one.offset}"
            newest[one.topic, one.partition] = one.offset
    return None
