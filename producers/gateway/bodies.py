"""A posted body as plain values: JSON without tricks, of a bounded number of events, each of a bounded shape."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, Final

import jiter

from schemas.errors import InvalidEvent
from schemas.http import EVENT_MAX_BYTES, EVENTS_MAX, FIELDS_MAX
from schemas.terminals import Terminal
from schemas.times import instant_text

LEVELS_MAX: Final = 6
"""Levels of objects and lists in an event; the deepest event of ours has four."""


class UnreadableBody(Exception):
    """The body as a whole is no request of ours.

    Attributes:
        code: a short word from a closed set.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Posting:
    """A body and who posted it, when.

    Attributes:
        batch: whether it must be an array; None takes either.
        clock_offset_ms: server clock minus terminal clock.
    """

    body: bytes
    terminal: Terminal
    received_at: datetime
    clock_offset_ms: int = 0
    batch: bool | None = None
    received: str = field(init=False)
    """`received_at` as it is written into every event."""

    @property
    def is_array(self) -> bool:
        """Whether the body is an array, once it is known to be JSON."""
        return self.body.lstrip()[:1] == b"["

    def __post_init__(self) -> None:
        object.__setattr__(self, "received", instant_text(self.received_at))


def items_of(posting: Posting) -> list[Any]:
    """Return the events of a body as plain Python values.

    Raises:
        UnreadableBody: it is no JSON, has a key twice, holds no event or too many.
    """
    try:
        value = jiter.from_json(posting.body, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="none")
    except ValueError as error:
        text = str(error)
        if "duplicate key" in text:
            raise UnreadableBody("duplicate_key") from None
        raise UnreadableBody("too_deep" if "recursion limit" in text else "not_json") from None
    if not isinstance(value, dict | list) or posting.batch is (not isinstance(value, list)):
        raise UnreadableBody("wrong_shape")
    items = value if isinstance(value, list) else [value]
    if not items:
        raise UnreadableBody("no_events")
    if len(items) > EVENTS_MAX:
        raise UnreadableBody("too_many_events")
    if len(items) == 1 and len(posting.body) > EVENT_MAX_BYTES:
        raise UnreadableBody("event_too_large")
    return items


def misfit(value: Any, levels: int = LEVELS_MAX) -> InvalidEvent | None:
    """Return what makes a value unfit to be validated; None for nothing.

    Asked first: 200,000 unknown fields would be as many errors, and seconds of work; and 1e400 is JSON, but becomes
    an infinity that no JSON can hold again.
    """
    if isinstance(value, dict):
        members: Iterable[Any] = value.values()
    elif isinstance(value, list):
        members = value
    else:
        return None
    if levels == 0 or len(value) > FIELDS_MAX:
        return InvalidEvent(
            "too_many_fields",
            f"an object or list of an event has at most {FIELDS_MAX} members and {LEVELS_MAX} levels",
            hint="send only the fields of the event",
        )
    for one in members:
        if isinstance(one, float) and not isfinite(one):
            return InvalidEvent("bad_value", "a number is beyond all bounds", hint="send whole numbers within 2^53")
        if isinstance(one, dict | list) and (found := misfit(one, levels - 1)) is not None:
            return found
    return None


def plain_json(item: Any) -> bytes:
    """Return an item as JSON again; whatever cannot be written is no event, and neither is what stands for it."""
    try:
        return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return b'""'
