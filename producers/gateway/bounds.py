"""What an event may hold at most, asked of plain values."""

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

from schemas.api.http import EVENT_MAX_BYTES, FIELDS_MAX
from schemas.errors import InvalidEvent

LEVELS_MAX: Final = 6
"""Levels of objects and lists in an event; our deepest event has four."""


def check_shape(value: dict[str, Any] | list[Any], levels: int = LEVELS_MAX) -> None:
    """Raise InvalidEvent if a value is not fit to be validated.

    Asked first: 200,000 unknown fields would be as many errors, and seconds of work; and 1e400 is JSON, but becomes
    an infinity that no JSON can hold again.
    """
    if levels == 0 or len(value) > FIELDS_MAX:
        raise InvalidEvent(
            "too_many_fields",
            f"an object or list of an event has at most {FIELDS_MAX} members and {LEVELS_MAX} levels",
            hint="send only the fields of the event",
        )
    members: Iterable[Any] = value.values() if isinstance(value, dict) else value
    for one in members:
        if isinstance(one, str):
            continue
        if isinstance(one, float) and not isfinite(one):
            raise InvalidEvent("bad_value", "a number is beyond all bounds", hint="send whole numbers within 2^53")
        if isinstance(one, dict | list):
            check_shape(one, levels - 1)


def check_size(value: dict[str, Any]) -> None:
    """Raise InvalidEvent if a bad event is too large: that is then what is wrong with it.

    Nobody asks it of a good event: all its fields have bounds, and it is far smaller.
    """
    if len(plain_json(value)) > EVENT_MAX_BYTES:
        raise InvalidEvent("too_large", f"an event is at most {EVENT_MAX_BYTES} bytes", hint="send less")


def plain_json(item: Any) -> bytes:
    """Return a refused event as JSON again; whatever cannot be written becomes an empty text."""
    try:
        return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return b'""'
