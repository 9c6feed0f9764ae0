"""Where the fields of a stored event are in the event that was posted, and how its poster is told of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

ATTRIBUTES: Final[Mapping[str, str]] = {"event_id": "id", "occurred_at": "time", "type": "type"}
"""Fields of a stored event that are attributes of the posted one; all others are in its `data`."""

PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""A key that nobody knows is named in an answer only if it is one of these: nothing else in it is then of the input."""

_NAMED: Final = re.compile(rf"`({'|'.join(ATTRIBUTES)})`")


def posted_path(path: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return where a field of a stored event is in the posted one: ("occurred_at",) becomes ("time",)."""
    if not path:
        return ()
    head, *rest = path
    return (ATTRIBUTES[head], *rest) if head in ATTRIBUTES else ("data", head, *rest)  # type: ignore[index]


def pointer(path: Sequence[str | int]) -> str:
    """Return the JSON pointer of a path (RFC 6901); empty for the whole."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def posted_words(text: str) -> str:
    """Return a text about stored events as one about posted events: `occurred_at` becomes `time`."""
    return _NAMED.sub(lambda found: f"`{ATTRIBUTES[found[1]]}`", text)
