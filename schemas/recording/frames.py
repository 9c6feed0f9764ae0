"""The bytes of a recording: a Zstandard file (RFC 8878) that `zstd -dc` unpacks, cut into checked blocks.

skippable frame   the header, JSON
zstd frame        the fair file, or nothing
then, repeated:
skippable frame   the number of records and bytes in the next frame, and the SHA-256 of its unpacked content
zstd frame        the records, MessagePack, one after another
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

import msgspec
import zstandard

from schemas.recording.header import SIZE, Header, from_bytes, is_changed, to_bytes

SKIPPABLE: Final = 0x184D2A5F
_FRAME: Final = struct.Struct("<II")
_INDEX: Final = struct.Struct("<III32s")
HEADER_BYTES: Final = _FRAME.size + SIZE
"""Where the body begins."""

LARGEST_BLOCK: Final = 256 << 20
"""Real blocks are far smaller; a damaged length must not take all memory."""

_PACK = msgspec.msgpack.Encoder()


class RecordedRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One Kafka record, whole.

    Attributes:
        timestamp_ms: Kafka's time of the record, ms since 1970: in our topics, when Kafka stored it.
        headers: name and value, in order; a name may occur twice.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Cut(NamedTuple):
    """Where and why a recording cannot be read further."""

    at_byte: int
    why: str


_UNPACK = msgspec.msgpack.Decoder(list[RecordedRecord])


def header_frame(header: Header) -> bytes:
    """Return the header as it stands at the head of the file."""
    return _FRAME.pack(SKIPPABLE, SIZE) + to_bytes(header)


def read_header(raw: bytes) -> Header:
    """Return the header of the first `HEADER_BYTES` of a file. Raises InvalidRecording if it is not a recording."""
    return from_bytes(raw[_FRAME.size :])


def header_is_changed(raw: bytes) -> bool:
    """Return whether the header of the first `HEADER_BYTES` of a file is another one than was written."""
    return is_changed(raw[_FRAME.size :])


def pack(content: bytes, records: int, compressor: zstandard.ZstdCompressor) -> bytes:
    """Return a block: its index, then its content."""
    packed = compressor.compress(content)
    index = _INDEX.pack(records, len(packed), len(content), hashlib.sha256(content).digest())
    return _FRAME.pack(SKIPPABLE, len(index)) + index + packed


def pack_records(records: Sequence[RecordedRecord], compressor: zstandard.ZstdCompressor) -> bytes:
    """Return the block of some records."""
    return pack(_PACK.encode(records), len(records), compressor)


def unpack(file: BinaryIO) -> Iterator[bytes | Cut]:
    """Yield the content of each block from the file's position on; last a Cut, if the file is cut or damaged."""
    decompressor = zstandard.ZstdDecompressor()
    while True:
        at = file.tell()
        head = file.read(_FRAME.size + _INDEX.size)
        if not head:
            return
        if len(head) < _FRAME.size + _INDEX.size:
            yield Cut(at, "it ends in the middle of a block")
            return
        magic, length = _FRAME.unpack_from(head)
        _, packed_length, content_length, digest = _INDEX.unpack_from(head, _FRAME.size)
        if magic != SKIPPABLE or length != _INDEX.size or max(packed_length, content_length) > LARGEST_BLOCK:
            yield Cut(at, "a block has a damaged beginning")
            return
        packed = file.read(packed_length)
        if len(packed) < packed_length:
            yield Cut(at, "it ends in the middle of a block")
            return
        try:
            content = decompressor.decompress(packed, max_output_size=content_length)
        except zstandard.ZstdError:
            content = b""
        if len(content) != content_length or hashlib.sha256(content).digest() != digest:
            yield Cut(at, "a block was changed: its checksum does not match")
            return
        yield content


def records_in_blocks(file: BinaryIO) -> Iterator[int]:
    """Yield how many records each block names at its head, from the file's position on; the file must be undamaged."""
    while head := file.read(_FRAME.size + _INDEX.size):
        records, packed_length, _, _ = _INDEX.unpack_from(head, _FRAME.size)
        yield records
        file.seek(packed_length, 1)


def unpack_records(content: bytes) -> list[RecordedRecord] | None:
    """Return the records of a block; None if they are not records."""
    try:
        return _UNPACK.decode(content)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
