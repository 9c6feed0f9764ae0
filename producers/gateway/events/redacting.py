"""A posted event as a dead letter keeps it: without the codes of badges, which nobody may read later."""

import base64
from typing import Any, Final

from producers.gateway.events.bounds import plain_json
from producers.gateway.events.json_reading import parsed
from schemas.api.http import BADGE_CODE, DATA_BASE64
from schemas.badges.reading import is_pseudonym

LEFT_OUT: Final = "(left out)"
"""Stands where a code was."""

_NAME: Final = BADGE_CODE.replace("_", "")


def without_codes(item: Any) -> Any:
    """Return a posted event without the codes of badges in it, wherever they are; any JSON is taken.

    A `badge_ref` that is not a pseudonym may be a code in the wrong place, so it is left out too.
    """
    if isinstance(item, list):
        return [without_codes(one) for one in item]
    if isinstance(item, dict):
        return {name: _value(name, value) for name, value in item.items()}
    return item


def _value(name: str, value: Any) -> Any:
    if _is_code(name):
        return LEFT_OUT
    if name == "badge_ref" and isinstance(value, str) and not is_pseudonym(value):
        return LEFT_OUT
    if name == DATA_BASE64 and isinstance(value, str):
        return _encoded(value)
    return without_codes(value)


def _is_code(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") == _NAME


def _encoded(text: str) -> str:
    """Return data in base64 without codes; nothing of it if it cannot be read and may have one."""
    try:
        raw = base64.b64decode(text)
    except ValueError:
        return text
    try:
        data = parsed(raw)
    except ValueError:
        return LEFT_OUT if BADGE_CODE.encode() in raw else text
    kept = without_codes(data)
    return text if kept == data else base64.b64encode(plain_json(kept)).decode()
