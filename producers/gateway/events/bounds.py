"""The limits of an event's shape and size, checked on plain values."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

from pydantic_core import to_json

from schemas.api.http import EVENT_MAX_BYTES, FIELDS_MAX
from schemas.errors import InvalidEvent

LEVELS_MAX: Final = 5
"""Most levels of objects and lists in the data of an event; the deepest type of event has three."""


def check_shape(value: dict[str, Any] | list[Any], levels: int = LEVELS_MAX) -> None:
    """Raise InvalidEvent if a value must not be validated.

    This check comes first: 200,000 unknown fields would give as many errors, and take seconds. And 1e400 is JSON, but
    becomes an infinity, which JSON cannot express.
    """
    if levels == 0 or len(value) > FIELDS_MAX:
        raise InvalidEvent(
            "too_many_fields",
            f"an object or list in the data of an event has at most {FIELDS_MAX} members and {LEVELS_MAX} levels",
            hint="send only the fields of the event",
        )
    members: Iterable[Any] = value.values() if isinstance(value, dict) else value
    for one in members:
        if isinstance(one, str):
            continue
        if isinstance(one, float) and not isfinite(one):
            raise InvalidEvent("bad_value", "a number is too large", hint="send whole numbers within 2^53")
        if isinstance(one, dict | list):
            check_shape(one, levels - 1)


def check_size(value: dict[str, Any]) -> None:
    """Raise InvalidEvent if a bad event is too large: its size is then the reason.

    Good events are not checked: all their fields have bounds, so they are far smaller.
    """
    if len(plain_json(value)) > EVENT_MAX_BYTES:
        raise InvalidEvent("too_large", f"an event may have at most {EVENT_MAX_BYTES} bytes", hint="send less")


def plain_json(item: Any) -> bytes:
    """Return a refused event as JSON again; an empty JSON text if it cannot be written."""
    try:
        return to_json(item, inf_nan_mode="constants")
    except ValueError:
        return b'""'
