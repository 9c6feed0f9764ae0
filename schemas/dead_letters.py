"""What lies in `fair.rejected`: a refused record or event, the reason, and where it came from."""

import base64
import hashlib
from typing import Final

import msgspec

from schemas.errors import InvalidEvent

RAW_MAX_BYTES: Final = 524_288
"""Of a larger record only so much is kept in its dead letter; its place tells where the whole is."""


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

    Partition and offset are -1: it never lay in a topic. `value` is the event as it would have been stored if only the
    fair file refused it (so it can be redriven once that is right), otherwise what the terminal posted.

    Args:
        topic: where the event would have gone, empty if that cannot be told.
        terminal_id: who posted it, from its token.
        received_at: server time, RFC 3339.
        raw: the event or, if the request was no JSON, its body.
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
