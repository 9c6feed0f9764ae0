"""The example of each type of event as its terminal posts it: the smallest golden example of the stored event."""

import json
from pathlib import Path
from typing import Any, Final

import schemas
from schemas.api.http import SERVER_FIELDS
from schemas.api.terminals import PlaceKind, Terminal
from schemas.events import Event, type_of

_FOLDER: Final = Path(schemas.__file__).parent / "examples"
_PLACES: Final = ((PlaceKind.GATE, "gate_id"), (PlaceKind.HALL, "hall_id"), (PlaceKind.BOOTH, "booth_id"))


def example_post(kind: type[Event]) -> dict[str, Any] | None:
    """Return an event of a class as it is posted; None if the class has no example yet."""
    path = _FOLDER / type_of(kind) / "minimal.json"
    if not path.exists():
        return None
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {
        "specversion": "1.0",
        "id": stored["event_id"],
        "source": _poster(kind, stored).source,
        "type": stored["type"],
        "time": stored["occurred_at"],
        "data": {name: value for name, value in stored.items() if name not in SERVER_FIELDS},
    }


def _poster(kind: type[Event], stored: dict[str, Any]) -> Terminal:
    """Return a terminal that may post an event: at the place that it names, or at a desk if it names none."""
    for place, name in _PLACES:
        if stored.get(name) is not None and place in kind.posted_at:
            return Terminal(stored["terminal_id"], stored["fair_id"], place, stored[name])
    if PlaceKind.DESK in kind.posted_at or not kind.posted_at:
        return Terminal(stored["terminal_id"], stored["fair_id"], PlaceKind.DESK)
    booth = stored["terminal_id"].rpartition("-")[0] or "b-1"
    return Terminal(stored["terminal_id"], stored["fair_id"], PlaceKind.BOOTH, booth)
