"""Headers of a record, by the Kafka protocol binding of CloudEvents 1.0.2 in its binary content mode.

The record's value is the event's `data`, declared by `content-type`. Every other attribute is a header named `ce_`
and the attribute (section 3.2), so any CloudEvents SDK can read the topics. The workers do not read the headers.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from schemas.events import Event, type_of
from schemas.times import instant_text
from schemas.topics import EVENT_CLASSES

KafkaHeaders = tuple[tuple[str, bytes], ...]
"""Name and value of each header, in order. Empty for a record that is not a CloudEvent."""

Extension = str | int | bool
"""The value of an extension attribute, as JSON can hold it."""

PREFIX: Final = "ce_"
"""Begins the name of every header but `content-type` (section 3.2.3.1)."""
CONTENT_TYPE: Final = "content-type"
SOURCE: Final = "ce_source"
SPEC_VERSION: Final = "1.0"
DATA_TYPE: Final = "application/json"
REQUIRED: Final = (CONTENT_TYPE, *(PREFIX + name for name in ("specversion", "type", "source", "id", "time")))
"""Headers of every event, in this order. Those for `subject`, `dataschema` and extensions follow if it has them."""

_COMMON_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
"""The spelling of a time that every SDK reads. RFC 3339 also has t, z, a space, more digits and leap seconds."""

_TYPES: Final = {cls: type_of(cls) for cls in EVENT_CLASSES}
_SHARED: Final[Mapping[str, KafkaHeaders]] = {
    kind: (
        (CONTENT_TYPE, DATA_TYPE.encode()),
        (PREFIX + "specversion", SPEC_VERSION.encode()),
        (PREFIX + "type", kind.encode()),
    )
    for kind in _TYPES.values()
}
"""By type, the headers that all its events share."""


def event_headers(kind: str, event_id: str, source: str, time: str) -> KafkaHeaders:
    """Return the headers of an event without optional attributes.

    Args:
        kind: its `type`, one of a class of events.
        event_id: its `id`.
        source: who sent it, as `Terminal.source`.
        time: its `time`, RFC 3339 in the common spelling.
    """
    return (
        *_SHARED[kind],
        (SOURCE, source.encode()),
        ("ce_id", event_id.encode()),
        ("ce_time", time.encode()),
    )


def kafka_headers(
    event: Event,
    *,
    posted_id: str,
    source: str,
    time: str,
    subject: str | None = None,
    dataschema: str | None = None,
    extensions: Mapping[str, Extension] | None = None,
) -> KafkaHeaders:
    """Return the headers of an event that was posted as a CloudEvent, with its attributes as they were posted.

    Args:
        event: as it is stored.
        posted_id: its `id` as posted.
        source: who sent it.
        time: its `time` as posted. A spelling that not every SDK reads is replaced by that of the stored event.
        subject: None for none.
        dataschema: None for none.
        extensions: by name; None for none.
    """
    headers = event_headers(_TYPES[type(event)], posted_id, source, common_time(time, event.occurred_at))
    if subject is None and dataschema is None and not extensions:
        return headers
    more: dict[str, Extension | None] = {"subject": subject, "dataschema": dataschema, **(extensions or {})}
    given = ((name, value) for name, value in more.items() if value is not None)
    return headers + tuple((PREFIX + name, attribute_text(value).encode()) for name, value in given)


def headers_of(event: Event, source: str | None = None) -> KafkaHeaders:
    """Return the headers of an event that was never posted.

    Args:
        event: as it is stored.
        source: who sent it; None if only the event itself tells, see `source_of`.
    """
    return event_headers(
        _TYPES[type(event)], event.event_id, source or source_of(event), instant_text(event.occurred_at)
    )


def source_of(event: Event) -> str:
    """Return the address of an event's terminal without its place, which not every event names."""
    return f"/fairs/{event.fair_id}/terminals/{event.terminal_id}"


def common_time(posted: str, moment: datetime) -> str:
    """Return a time as it was posted, if every SDK can read that spelling; otherwise the moment as we write it."""
    return posted if _COMMON_TIME.fullmatch(posted) else instant_text(moment)


def attribute_text(value: Extension) -> str:
    """Return the canonical text of an attribute's value (CloudEvents 1.0.2, type system): true, -7, or itself."""
    return str(value).lower() if isinstance(value, bool) else str(value)
