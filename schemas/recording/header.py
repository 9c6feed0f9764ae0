"""The header of a recording, as JSON that a person can read with `head`."""

import hashlib
import re
from typing import Final

import msgspec

from schemas.errors import InvalidRecording

FORMAT: Final = "fairpulse recording 1"
"""Name and major version of the format; a reader refuses another major version."""

SIZE: Final = 65_536
"""Bytes of the header on disk, padded with spaces: it is written again in place when the counts are known."""

_SHA256: Final = re.compile(rb'("header_sha256": ")([^"]*)(")')


class TopicPart(msgspec.Struct, frozen=True):
    """One topic in a recording.

    Attributes:
        partitions: number of partitions that the topic had; 0 if that is not known, as after an import.
        records: number of its records; 0 while recording.
        offsets: by partition, first offset and last offset held.
    """

    partitions: int
    records: int = 0
    offsets: dict[int, tuple[int, int]] = {}


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a recording.

    Attributes:
        fair_id: the fair whose events these are.
        fair_sha256: of the fair file that travels inside; empty if none does.
        types: number of records by event type with its major version; "" for records that are not events.
        first: when Kafka took the first record (or the record's own time where topics say so), RFC 3339; None if empty.
        last: of the last one.
        first_arrival: when the gateway received the first event, RFC 3339: fair time, as a simulation has it too.
        last_arrival: of the last one.
        sha256: of everything after the header; empty while recording.
        header_sha256: of this header with nothing here; empty in files of versions that did not have it.
        complete: the file was closed. If False, it was cut off, and counts and times are not filled in.
        left_out: in a sentence each, what Kafka had within the span and the file has not; empty in files of versions
            that did not note it.
        written_by: product and version.
    """

    format: str = FORMAT
    fair_id: str
    written_by: str
    complete: bool = False
    left_out: tuple[str, ...] = ()
    records: int = 0
    topics: dict[str, TopicPart] = {}
    types: dict[str, int] = {}
    first: str | None = None
    last: str | None = None
    first_arrival: str | None = None
    last_arrival: str | None = None
    fair_sha256: str = ""
    sha256: str = ""
    header_sha256: str = ""

    @property
    def partitions(self) -> dict[str, int]:
        """How many partitions each topic had; 0 if that is not known."""
        return {name: part.partitions for name, part in self.topics.items()}


def to_bytes(header: Header) -> bytes:
    """Return the header as indented JSON, padded to `SIZE`."""
    text = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(header, header_sha256="")), indent=1)
    text = _SHA256.sub(rb"\g<1>" + _digest(text) + rb"\g<3>", text)
    assert len(text) < SIZE, "a recording of our topics has a small header"
    return text + b"\n" + b" " * (SIZE - len(text) - 1)


def is_changed(raw: bytes) -> bool:
    """Return whether a header, as `to_bytes` gave it, does not have its own checksum; False if it has none."""
    found = _SHA256.search(raw)
    if found is None or not found[2]:
        return False
    return found[2] != _digest(_SHA256.sub(rb"\g<1>\g<3>", raw.rstrip(b" \n")))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()


def from_bytes(raw: bytes) -> Header:
    """Return the header of a recording.

    Raises:
        InvalidRecording: it is not a recording, or has another format.
    """
    try:
        header = msgspec.json.decode(raw, type=Header)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise InvalidRecording("the header cannot be read", hint="name a file that `fairpulse record` wrote") from None
    if header.format != FORMAT:
        raise InvalidRecording("it has a format that this version does not know", hint="use a newer fairpulse")
    return header
