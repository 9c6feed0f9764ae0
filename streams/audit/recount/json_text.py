"""JSON as the oracle reads it: one object, with every fault that JSON itself can have."""

import json
from typing import Any

JsonEvent = dict[str, Any]

DEEPEST = 201
"""Deepest nesting of brackets that the product's JSON readers accept."""


def parse(raw: bytes) -> JsonEvent | None:
    """Return the JSON object, or None if the bytes are not one. NaN and duplicate keys pass here: see `other_json`."""
    try:
        text = raw.decode()
        value = json.loads(text)
        if r"\ud" in text or r"\uD" in text:
            # A lone surrogate is not text. Read as pairs, so that no value is hidden by a duplicate key.
            json.dumps(json.loads(text, object_pairs_hook=list), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if raw.count(b"[") + raw.count(b"{") > DEEPEST and depth(value) > DEEPEST:
        return None
    return value if type(value) is dict else None


def depth(value: Any) -> int:
    """Return how deeply objects and arrays are nested; 0 for a plain value."""
    inner = value.values() if type(value) is dict else value if type(value) is list else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def other_json(raw: bytes) -> str:
    """Return a fault of the JSON itself in an event that is refused anyway, or nothing. It takes over as the reason."""
    found = []

    def pairs(members: list[tuple[str, Any]]) -> JsonEvent:
        if len(dict(members)) < len(members):
            found.append("duplicate_key")
        return dict(members)

    json.loads(raw, object_pairs_hook=pairs, parse_constant=lambda _: found.append("not_json"))
    return found[0] if found else ""
