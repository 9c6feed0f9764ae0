"""What a recording needs to know of an event without decoding it: when it arrived, and its type."""

from datetime import datetime
from typing import Final

import msgspec

from schemas.times import epoch_ms


class _Glance(msgspec.Struct, gc=False):
    received_at: datetime | None = None
    type: str = ""


_DECODE: Final = msgspec.json.Decoder(_Glance).decode


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """What one look at a record tells.

    Attributes:
        ms: when the gateway received the event, ms since 1970; None for what is no event.
        type: the event's type with its major version; empty for what is none.
    """

    ms: int | None
    type: str


NO_EVENT: Final = Arrival(None, "")


def arrival_of(value: bytes | None) -> Arrival:
    """Return arrival and type of a record, whatever is in it."""
    if value is None:
        return NO_EVENT
    try:
        glance = _DECODE(value)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return NO_EVENT
    at = glance.received_at
    return Arrival(None if at is None or at.tzinfo is None else epoch_ms(at), glance.type[:64])
