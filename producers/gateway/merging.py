"""From a CloudEvent and the token's terminal to the event as it would be stored; not yet validated as one."""

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from producers.gateway.bodies import Posting, misfit, plain_json
from producers.gateway.scope import stamp_place
from schemas.api.http import EVENT_MAX_BYTES, FIELDS_MAX, CloudEvent, canonical_id
from schemas.errors import InvalidEvent

_POSTED: Final = TypeAdapter(CloudEvent)
_POSTED_BATCH: Final = TypeAdapter(list[CloudEvent])
_ENVELOPE: Final = {
    "missing": ("missing_field", "a field that must be there is missing"),
    "unexpected_keyword_argument": ("unknown_field", "a field that no event has"),
    "extra_forbidden": ("unknown_field", "a field that no event has"),
    "too_long": ("too_many_fields", f"an object of an event has at most {FIELDS_MAX} fields"),
}
"""What pydantic calls a problem, what we call it."""

Merged = dict[str, Any] | InvalidEvent
"""The fields of an event as it would be stored, or why it cannot be."""


def merge_all(posting: Posting, items: list[Any]) -> list[Merged]:
    """Return each event as it would be stored, or why it cannot be.

    Args:
        posting: the body and its terminal.
        items: the events of the body as plain values.
    """
    if all(misfit(item) is None for item in items):
        try:
            whole = posting.body
            posted = _POSTED_BATCH.validate_json(whole) if posting.is_array else [_POSTED.validate_json(whole)]
        except ValidationError:
            pass  # one of them is wrong; which one is found below
        else:
            return [_merge(event, posting) for event in posted]
    return [_merge_one(item, posting) for item in items]


def _merge(posted: CloudEvent, posting: Posting) -> Merged:
    terminal = posting.terminal
    if posted.source != terminal.source:
        return InvalidEvent(
            "wrong_source",
            "source: it is not the address of the terminal that the token belongs to",
            field="source",
            hint="take it from GET /v1/terminal",
        )
    data = dict(posted.data)
    try:
        stamp_place(posted.type, data, terminal)
    except InvalidEvent as error:
        return error
    return {
        **data,
        "type": posted.type,
        "event_id": canonical_id(posted.id),
        "fair_id": terminal.fair_id,
        "terminal_id": terminal.terminal_id,
        "occurred_at": posted.time,
        "received_at": posting.received,
        "clock_offset_ms": posting.clock_offset_ms,
    }


def _merge_one(item: Any, posting: Posting) -> Merged:
    """Return the event of one item, where the batch as a whole did not pass."""
    if isinstance(item, dict):
        if (unfit := misfit(item)) is not None:
            return unfit
        raw = plain_json(item)
        if len(raw) > EVENT_MAX_BYTES:
            return InvalidEvent("too_large", f"an event is at most {EVENT_MAX_BYTES} bytes", hint="send less")
        try:
            return _merge(_POSTED.validate_json(raw), posting)
        except ValidationError as error:
            return _explain(error)
    return InvalidEvent("not_json", "an event is a JSON object", hint="send CloudEvents 1.0, structured")


def _explain(error: ValidationError) -> InvalidEvent:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    reason, message = _ENVELOPE.get(first["type"], ("bad_value", "a field has a value that it cannot have"))
    name = str(first["loc"][0]) if first["loc"] and reason != "unknown_field" else ""
    where = f"{name}: " if name else ""
    return InvalidEvent(reason, f"{where}{message}", field=name, hint="see CloudEvent in /openapi.json")
