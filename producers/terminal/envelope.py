"""An event as it is sent to the gateway: one CloudEvent (1.0, structured JSON). Made once, when it is saved."""

import json
from collections.abc import Mapping
from typing import Any

from schemas.api.http import SERVER_FIELDS
from schemas.events import Event
from schemas.wire import encode


def envelope(event: Event, source: str) -> bytes:
    """Return the bytes that are sent for an event, on the first attempt and on every later one."""
    return envelope_of(json.loads(encode(event)), source)


def envelope_of(members: Mapping[str, Any], source: str) -> bytes:
    """Return the same from an event's JSON members.

    Raises:
        KeyError: the members are not an event: event_id, type or occurred_at is missing.
    """
    posted = {
        "specversion": "1.0",
        "id": members["event_id"],
        "source": source,
        "type": members["type"],
        "time": members["occurred_at"],
        "datacontenttype": "application/json",
        "data": {name: value for name, value in members.items() if name not in SERVER_FIELDS},
    }
    return json.dumps(posted, separators=(",", ":"), ensure_ascii=False).encode()
