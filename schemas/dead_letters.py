"""The records of `fair.rejected`: a refused record or event, the reason, and where it came from."""

import base64
import hashlib
import re
from typing import Final

import msgspec

from schemas.errors import InvalidEvent

RAW_MAX_BYTES: Final = 524_288
"""A dead letter keeps only this much of a larger record; its place tells where the whole record is."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A refused record or event, read back.

    Attributes:
        topic: where it was, or would have gone; empty if unknown.
        partition: where it was; -1 for an event that was never in a topic.
        offset: the same.
        size: its bytes; more than `value` has for a very large one.
        value: its bytes in base64; None if it was null.
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
    terminal_id: str = ""

    @property
    def raw(self) -> bytes | None:
        """The refused bytes; only their beginning if there were more than `RAW_MAX_BYTES`."""
        return None if self.value is None else base64.b64decode(self.value)

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
    topic: str, partition: int, offset: int, raw: bytes | None, error: InvalidEvent
) -> tuple[bytes, bytes]:
    """Return key and value of the dead letter of a record that a worker refused.

    The key is the record's place, so a letter that is written again after a crash is the same letter.
    """
    place = {"topic": topic, "partition": partition, "offset": offset}
    return f"{topic}-{partition}-{offset}".encode(), msgspec.json.encode({**place, **_body(raw, error)})


def posted_letter(
    topic: str, terminal_id: str, received_at: str, raw: bytes, error: InvalidEvent
) -> tuple[bytes, bytes]:
    """Return key and value of the dead letter of an event that the gateway refused.

    Partition and offset are -1: the event was never in a topic. If only the fair file refused it, `value` is the event
    as it would have been stored, so it can be redriven once the file is right. Otherwise it is the event as posted.

    Args:
        topic: where the event would have gone, empty if unknown.
        terminal_id: who posted it, from its token.
        received_at: server time, RFC 3339.
        raw: the event or, if the request was not JSON, its body.
        error: why it was refused.
    """
    origin = {"origin": "gateway", "terminal_id": terminal_id, "received_at": received_at}
    place = {"topic": topic, "partition": -1, "offset": -1}
    key = f"gateway-{terminal_id}-{hashlib.blake2b(raw, digest_size=12).hexdigest()}"
    return key.encode(), msgspec.json.encode({**place, **_body(raw, error), **origin})


def _body(raw: bytes | None, error: InvalidEvent) -> dict[str, object]:
    return {
        "reason": error.reason,
        "field": error.field,
        "message": error.message,
        "hint": error.hint,
        "size": 0 if raw is None else len(raw),
        "value": None if raw is None else base64.b64encode(raw[:RAW_MAX_BYTES]).decode("ascii"),
    }
