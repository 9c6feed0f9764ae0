"""The records of `fair.rejected`: a refused record or event, the reason, and where it came from."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.errors import InvalidEvent

RAW_MAX_BYTES: Final = 524_288
"""A dead letter keeps only this much of a larger record; its place tells where the whole record is."""
HEADERS_MAX_BYTES: Final = 262_144
"""A dead letter keeps no headers that take more than this in it. Those of an event from a gateway take about 300."""

RecordHeaders = Sequence[tuple[str, bytes | None]]
"""Name and value of each header of any record, in order."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A refused record or event, read back.

    Attributes:
        topic: where it was, or would have gone; empty if unknown.
        partition: where it was; -1 for an event that was never in a topic.
        offset: the same.
        size: its bytes; more than `value` has for a very large one.
        value: its bytes in base64; None if it was null.
        headers: of the record, the values in base64; None if they were too large to be kept.
        terminal_id: who posted it to a gateway; empty for a record that a worker refused.
    """

    topic: str = ""
    partition: int = -1
    offset: int = -1
    reason: str
    field: str = ""
    message: str = ""
    hint: str = ""
    size: int = 0
    value: str | None = None
    headers: list[tuple[str, str | None]] | None = []
    terminal_id: str = ""

    @property
    def raw(self) -> bytes | None:
        """The refused bytes; only their beginning if there were more than `RAW_MAX_BYTES`."""
        return None if self.value is None else base64.b64decode(self.value)

    @property
    def same(self) -> tuple[int, str | None] | None:
        """The content by which a letter is known beside its record key; None if the key alone identifies it.

        The key of a refused record is its place, which has another record once the topic was made anew. That of a
        posted event is made of its content.
        """
        return None if self.partition < 0 else (self.size, self.value)

    @property
    def is_whole(self) -> bool:
        """Whether it has all bytes and all headers of the record."""
        return self.headers is not None and (self.raw is None or len(self.raw) >= self.size)

    @property
    def record_headers(self) -> list[tuple[str, bytes | None]]:
        """The headers of the refused record, or those that the refused event would have had; empty if it has none."""
        return [(name, None if text is None else base64.b64decode(text)) for name, text in self.headers or ()]

    @property
    def terminal(self) -> str:
        """The terminal that sent it, from the token or else from the event itself; empty if neither says."""
        if self.terminal_id:
            return self.terminal_id
        found = _TERMINAL.search(self.raw or b"")
        return found[1].decode() if found else ""


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """The mark that a dead letter was sent to its topic again.

    Attributes:
        redriven: partition and offset of the letter in `fair.rejected`.
    """

    redriven: tuple[int, int]


_TERMINAL: Final = re.compile(rb'"terminal_id"\s*:\s*"([A-Za-z0-9][A-Za-z0-9._-]{0,63})"')
_LETTER: Final = msgspec.json.Decoder(DeadLetter).decode
_MARK: Final = msgspec.json.Decoder(Redriven).decode


def read_letter(value: bytes | None) -> DeadLetter | Redriven | None:
    """Return the letter or the mark in a record of `fair.rejected`; None if it is neither."""
    for read in (_LETTER, _MARK):
        try:
            return read(value or b"")
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue
    return None


def redriven_mark(partition: int, offset: int) -> bytes:
    """Return the value of the mark that the letter at this place was redriven."""
    return msgspec.json.encode(Redriven(redriven=(partition, offset)))


def record_letter(
    topic: str, partition: int, offset: int, raw: bytes | None, error: InvalidEvent, headers: RecordHeaders = ()
) -> tuple[bytes, bytes]:
    """Return key and value of the dead letter of a record that a worker refused.

    The key is the record's place. So a letter that is written again after a crash is the same letter: it has the same
    key and holds the same record.
    """
    place = {"topic": topic, "partition": partition, "offset": offset}
    return f"{topic}-{partition}-{offset}".encode(), msgspec.json.encode({**place, **_body(raw, error, headers)})


def posted_letter(
    topic: str,
    terminal_id: str,
    received_at: str,
    raw: bytes,
    error: InvalidEvent,
    *,
    headers: RecordHeaders = (),
    lasting: bytes | None = None,
) -> tuple[bytes, bytes]:
    """Return key and value of the dead letter of an event that the gateway refused.

    Partition and offset are -1: the event was never in a topic. If only the fair file refused it, `value` is the event
    as it would have been stored, so it can be redriven once the file is right. Otherwise it is the event as posted.
    The same event, posted again and refused for the same reason, has a letter with the same key.

    Args:
        topic: where the event would have gone, empty if unknown.
        terminal_id: who posted it, from its token.
        received_at: server time, RFC 3339.
        raw: the event or, if the request was not JSON, its body.
        error: why it was refused.
        headers: those that the event would have had in the topic.
        lasting: the part of `raw` that is the same when it is posted again; None if all of it is.
    """
    origin = {"origin": "gateway", "terminal_id": terminal_id, "received_at": received_at}
    place = {"topic": topic, "partition": -1, "offset": -1}
    same = hashlib.blake2b(
        raw if lasting is None else lasting, digest_size=12, key=error.reason.encode()[:64]
    ).hexdigest()
    value = msgspec.json.encode({**place, **_body(raw, error, headers), **origin})
    return f"gateway-{terminal_id}-{same}".encode(), value


def _body(raw: bytes | None, error: InvalidEvent, headers: RecordHeaders) -> dict[str, object]:
    kept = [(name, None if value is None else _base64(value)) for name, value in headers]
    return {
        "reason": error.reason,
        "field": error.field,
        "message": error.message,
        "hint": error.hint,
        "size": 0 if raw is None else len(raw),
        "value": None if raw is None else _base64(raw[:RAW_MAX_BYTES]),
        "headers": kept if len(msgspec.json.encode(kept)) <= HEADERS_MAX_BYTES else None,
    }


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
