"""The words for the sender of a refused event: names as it posted them, and remedies that it can follow.

Inside the house an error names the fields of stored events. This is the only place where they become posted ones.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from producers.gateway.events.envelope import WrongEnvelope
from producers.gateway.events.schema_links import schema_link
from producers.gateway.events.stamping import ServersField
from schemas.api.http import DATA_BASE64
from schemas.api.posted import pointer, posted_path
from schemas.errors import InvalidEvent
from schemas.wire import REASONS

_SENTENCES: Final = {
    "unknown_place": "the fair has no such gate, hall, booth, exhibit or section",
    "unknown_currency": "the fair does not accept this currency",
    "unknown_field": "this type of event does not have this field",
}
"""By reason, the sentence for a sender where ours is about the fair file or our versions."""


class Told(NamedTuple):
    """The words about one refused event.

    Attributes:
        pointer: JSON pointer to the wrong part, from the event on. A missing member is pointed at where it belongs.
        message: the wrong part, what is wrong with it, and what to do.
        schema: link to the schema that describes it.
    """

    pointer: str
    message: str
    schema: str


def told(error: InvalidEvent, item: object) -> Told:
    """Return what the sender is told.

    Args:
        error: why the event was refused.
        item: the event as it was posted.
    """
    path = _path(error)
    sentence = error.message.removeprefix(f"{error.field}: ")
    ours = REASONS.get(error.reason, sentence)
    if error.reason in _SENTENCES and sentence.startswith(ours):
        sentence = _SENTENCES[error.reason] + sentence.removeprefix(ours)
    where = f"{pointer(path)}: " if path else ""
    at = pointer(_in(item, path, missing=error.reason == "missing_field"))
    kind = item.get("type") if isinstance(item, dict) else None
    inside = at if isinstance(error, WrongEnvelope) or at != "/data" else "/data/"
    return Told(at, f"{where}{sentence}; {error.to_sender}", schema_link(kind, inside))


def _path(error: InvalidEvent) -> tuple[str | int, ...]:
    if isinstance(error, WrongEnvelope):
        return error.path
    if isinstance(error, ServersField) or (not error.path and error.reason != "too_large"):
        return ("data", *error.path)
    return posted_path(error.path)


def _in(item: object, path: Sequence[str | int], *, missing: bool) -> Sequence[str | int]:
    """Return the longest part of a path that is in an event; if its last member is missing, that one too."""
    if path[:1] == ("data",) and isinstance(item, dict) and item.get("data") is None and DATA_BASE64 in item:
        return (DATA_BASE64,)
    at: Any = item
    for depth, part in enumerate(path):
        try:
            at = at[int(part)] if isinstance(at, list) else at[part]
        except (KeyError, IndexError, TypeError, ValueError):
            return path[: depth + missing]
    return path
