"""The arrival time and the type of an event, read without decoding it, for recordings."""

from datetime import datetime
from typing import Final

import msgspec

from schemas.times import epoch_ms


class _Glance(msgspec.Struct, gc=False):
    received_at: datetime | None = None
    type: str = ""


_DECODE: Final = msgspec.json.Decoder(_Glance).decode


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """The arrival time and the type of one record.

    Attributes:
        ms: when the gateway received the event, ms since 1970; None if it is not an event.
        type: the event's type with its major version; empty if it is not an event.
    """

    ms: int | None
    type: str


NO_EVENT: Final = Arrival(None, "")


def arrival_of(value: bytes | None) -> Arrival:
    """Return arrival time and type of any record, even if it is not an event."""
    if value is None:
        return NO_EVENT
    try:
        glance = _DECODE(value)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return NO_EVENT
    at = glance.received_at
    return Arrival(None if at is None or at.tzinfo is None else epoch_ms(at), glance.type[:64])
