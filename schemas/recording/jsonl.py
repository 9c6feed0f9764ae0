"""A recording as JSON lines, to read, filter with jq or edit; and back, byte for byte."""

import base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from schemas.errors import InvalidRecording
from schemas.recording.frames import RecordedRecord


class JsonLine(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One record. UTF-8 is kept as text, other bytes as base64 under another name; null has neither.

    Attributes:
        timestamp: ms since 1970.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str | None = None
    key_base64: str | None = None
    value: str | None = None
    value_base64: str | None = None
    headers: list[tuple[str, str | None]] = []


class LeftOutLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line behind the records of a part.

    Attributes:
        left_out: what the records lack, in a sentence.
    """

    left_out: str


_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(JsonLine).decode
_DECODE_LEFT_OUT = msgspec.json.Decoder(LeftOutLine).decode


def to_line(record: RecordedRecord) -> bytes:
    """Return one line, newline included."""
    key, key64 = _text(record.key)
    value, value64 = _text(record.value)
    headers = [(name, None if raw is None else _base64(raw)) for name, raw in record.headers]
    line = JsonLine(
        record.topic, record.partition, record.offset, record.timestamp_ms, key, key64, value, value64, headers
    )
    return _ENCODE(line) + b"\n"


def left_out_line(sentence: str) -> bytes:
    """Return the line that says what the records lack, newline included."""
    return _ENCODE(LeftOutLine(sentence)) + b"\n"


def from_lines(lines: Iterable[bytes], leave_out: Callable[[str], None] = lambda _: None) -> Iterator[RecordedRecord]:
    """Yield the records of JSON lines; empty lines are skipped.

    Args:
        lines: records, and sentences as `left_out_line` gives them.
        leave_out: told what the records lack, in a sentence each.

    Raises:
        InvalidRecording: names the line.
    """
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            line = _DECODE(raw)
            yield RecordedRecord(
                line.topic,
                line.partition,
                line.offset,
                line.timestamp,
                _raw(line.key, line.key_base64),
                _raw(line.value, line.value_base64),
                tuple((name, None if text is None else _bytes(text)) for name, text in line.headers),
            )
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
            with suppress(msgspec.DecodeError, msgspec.ValidationError):
                leave_out(_DECODE_LEFT_OUT(raw).left_out)
                continue
            raise InvalidRecording(
                f"line {number} is not a record",
                hint="write one JSON object per line, as `fairpulse recording export` does",
            ) from None


def _text(raw: bytes | None) -> tuple[str | None, str | None]:
    if raw is None:
        return None, None
    try:
        return raw.decode(), None
    except UnicodeDecodeError:
        return None, _base64(raw)


def _raw(text: str | None, base: str | None) -> bytes | None:
    if base is not None:
        return _bytes(base)
    return None if text is None else text.encode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)
