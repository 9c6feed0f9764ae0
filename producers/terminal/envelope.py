"""An event as it is sent to the gateway: one CloudEvent (1.0, structured JSON). Made once, when it is saved.

At a fair with a register of badges, the code of a badge may go beside the event, in its `data`. The gateway turns it
into the person's reference, so the code is a part of no event.
"""

import json
from collections.abc import Mapping
from typing import Any

from schemas.api.http import BADGE_CODE, SERVER_FIELDS
from schemas.events import Event
from schemas.wire import encode


def envelope(event: Event, source: str, badge_code: str | None = None) -> bytes:
    """Return the bytes that are sent for an event, on the first attempt and on every later one.

    Args:
        event: as the server would store it, but for the badge if that goes by its code.
        source: of the terminal.
        badge_code: the code of the badge; None if the event has the badge, or nobody's.
    """
    members = json.loads(encode(event))
    if badge_code is not None:
        members[BADGE_CODE] = badge_code
    return envelope_of(members, source)


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
