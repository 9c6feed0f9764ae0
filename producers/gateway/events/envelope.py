"""The envelope of a posted CloudEvent: everything around its `data`, judged by CloudEvents 1.0.2.

Every spelling that an SDK sends is taken. A wrong envelope is a mistake of the program that posts, never of the event.
So all envelopes of a posting are read before any event is judged. The usual envelope passes one validator; only an
envelope that it refuses is looked at more closely.
"""

import base64
import re
import uuid
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from producers.gateway.events.json_reading import parsed
from producers.gateway.events.media import media_type
from schemas.api.http import (
    DATA_BASE64,
    EXTENSION_MAX_BYTES,
    EXTENSION_PATTERN,
    EXTENSIONS_MAX,
    ID_MAX,
    INTEGER_MAX,
    JSON_TYPE,
    POSTED_CLASSES,
    SINGLE_TYPE,
    CloudEvent,
)
from schemas.api.posted import pointer
from schemas.errors import InvalidEvent
from schemas.events import VisitorScan, type_of
from schemas.ids import EVENT_ID_PATTERN
from schemas.plain import plain_validator
from schemas.times import AFTER_LAST, FIRST, instant_text

Extensions = Mapping[str, str | int | bool]

ATTRIBUTES: Final = frozenset(field.name for field in fields(CloudEvent))
"""Members of an event that are not extensions."""

_VALIDATE: Final = plain_validator(TypeAdapter(CloudEvent)).validate_python
_TYPES: Final = frozenset(type_of(kind) for kind in POSTED_CLASSES)
_NONE: Final[Extensions] = MappingProxyType({})

_EVENT_ID: Final = re.compile(EVENT_ID_PATTERN)
_ANY_UUID: Final = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?", re.IGNORECASE
)
_NO_IDS: Final = frozenset({"0" * 32, "f" * 32})
"""The nil and the max UUID: a program sends them when it has made no id."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Characters that no text of a CloudEvent has (1.0.2, type system)."""
_EXTENSION: Final = re.compile(EXTENSION_PATTERN)
_SHOWN: Final = re.compile(r"[!-~]{1,64}")
_SECOND_60: Final = re.compile(r"(.{17})60(.*)")
_COMMON_LENGTH: Final = len("2025-10-25T09:00:00.000000000Z")

_LEFT_OUT: Final = "a required attribute is missing"
_HINTS: Final = {
    "specversion": 'write "1.0"',
    "id": f"write a text of 1 to {ID_MAX} characters, the same on every retry and for no other event",
    "source": "take it from GET /v1/terminal",
    "type": f"write one of the types that the gateway's openapi.json lists, such as {type_of(VisitorScan)}",
    "time": "write when it happened as RFC 3339, such as 2025-09-10T09:00:00.000+08:00, in the years 2000-2099 in UTC",
    "data": "write a JSON object with the fields of the type",
    "datacontenttype": f"write {JSON_TYPE}, or leave it out",
    "subject": "write a text of 1 to 1024 characters without control characters, or leave it out",
    "dataschema": "write a URI of 1 to 1024 characters, or leave it out",
    DATA_BASE64: "write JSON in base64, or write the object itself in `data`",
}
"""How to write each attribute."""


class WrongEnvelope(InvalidEvent):
    """The posted object is not a CloudEvent of this terminal.

    Attributes:
        pointer: JSON pointer to the wrong part of the posted event.
    """

    def __init__(self, reason: str, name: str, message: str, *, hint: str = "") -> None:
        path = (name,) if name else ()
        said = f"{name}: {message}" if name else message
        super().__init__(reason, said, field=name, path=path, hint=hint or _HINTS[name])
        self.pointer = pointer(path)


class Envelope(NamedTuple):
    """Everything around the `data` of a posted event.

    Attributes:
        id, source, type, time, subject, dataschema: as posted; None if left out.
        extensions: the other attributes.
        event_id: the UUID that stands for `id` in our records.
        occurred_at: `time` in the spelling that events have.
    """

    id: str
    source: str
    type: str
    time: str
    subject: str | None
    dataschema: str | None
    extensions: Extensions
    event_id: str
    occurred_at: str


class Opened(NamedTuple):
    """A posted event whose envelope is right.

    Attributes:
        item: the event as it was posted.
        data: a copy of its data, which nobody has checked.
        envelope: everything else.
    """

    item: dict[str, Any]
    data: dict[str, Any]
    envelope: Envelope


def open_event(item: object, source: str) -> Opened:
    """Return a posted event, opened.

    Args:
        item: the event as plain values. It is not changed.
        source: the address of the terminal that posted it.

    Raises:
        WrongEnvelope: it is not a CloudEvent of this terminal.
    """
    if not isinstance(item, dict):
        raise WrongEnvelope("bad_value", "", "an event is a JSON object", hint="send CloudEvents 1.0")
    try:
        posted: CloudEvent = _VALIDATE(item)
        others = set() if item.keys() <= ATTRIBUTES else item.keys() - ATTRIBUTES
    except ValidationError:
        posted = _look_closer(item)
        others = item.keys() - ATTRIBUTES - {DATA_BASE64}
    if posted.source != source:
        raise WrongEnvelope(
            "wrong_source", "source", "this is not the address of the terminal that the token belongs to"
        )
    if "specversion" in posted.data:
        raise WrongEnvelope(
            "bad_value", "data", "it is a whole CloudEvent", hint=f"send the event once: in the body, as {SINGLE_TYPE}"
        )
    if posted.type not in _TYPES:
        raise WrongEnvelope("unknown_type", "type", "this is not a type of event that is posted")
    content = posted.datacontenttype
    if content is not None and content != JSON_TYPE and not _is_json(content):
        raise WrongEnvelope("bad_value", "datacontenttype", "the data of an event is JSON")
    event_id = event_id_of(source, posted.id)
    if event_id is None:
        raise WrongEnvelope("bad_value", "id", "this text does not tell the event from others")
    envelope = Envelope(
        posted.id,
        source,
        posted.type,
        posted.time,
        posted.subject,
        posted.dataschema,
        _extensions(item, others) if others else _NONE,
        event_id,
        _occurred_at(posted.time),
    )
    return Opened(item, posted.data, envelope)


def event_id_of(source: str, text: str) -> str | None:
    """Return the UUID that an event is stored under; None if the text cannot tell it from others.

    A UUID of the versions 1 to 8 is taken, in any spelling. Any other text gives one and the same UUID of version 5
    for a source (RFC 9562, 5.5), as CloudEvents asks: source and id together tell an event from all others.
    """
    if _EVENT_ID.fullmatch(text):
        return text
    found = _ANY_UUID.fullmatch(text)
    if found is not None:
        if "".join(found.groups()).lower() in _NO_IDS:
            return None
        text = "-".join(found.groups()).lower()
        if _EVENT_ID.fullmatch(text):
            return text
    if not 1 <= len(text) <= ID_MAX or _CONTROL.search(text):
        return None
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source}#{text}"))


def _occurred_at(text: str) -> str:
    """Return a time in the spelling that events have.

    Args:
        text: has the shape of RFC 3339. The second 60 at the end of a day in UTC is taken as the next second.

    Raises:
        WrongEnvelope: there is no such day or time, or it is not in our years.
    """
    try:
        moment = datetime.fromisoformat(text)
        common = text[10] == "T" and text[-1] != "z" and text.startswith("20") and len(text) <= _COMMON_LENGTH
    except ValueError:
        moment, common = _unusual(text.upper()), False
    if not FIRST <= moment < AFTER_LAST:
        raise WrongEnvelope("bad_value", "time", "the time is too early or too late")
    return text if common else instant_text(moment)


def _unusual(text: str) -> datetime:
    leap = _SECOND_60.fullmatch(text)
    try:
        moment = datetime.fromisoformat(leap.expand(r"\g<1>59\2") if leap else text)
    except ValueError:
        raise WrongEnvelope("bad_value", "time", "there is no such time") from None
    if leap is None:
        return moment
    if instant_text(moment)[11:19] != "23:59:59":
        raise WrongEnvelope("bad_value", "time", "a second 60 is at the end of a day in UTC")
    return moment + timedelta(seconds=1)


def _extensions(item: Mapping[str, Any], names: set[str]) -> Extensions:
    """Return the attributes with these names. Raises WrongEnvelope."""
    found: dict[str, str | int | bool] = {}
    for name in sorted(names):
        value = item[name]
        if value is None:
            continue
        if name == DATA_BASE64:
            raise WrongEnvelope("bad_value", name, "an event has `data` or `data_base64`, not both")
        if not _EXTENSION.fullmatch(name):
            raise _bad_extension(name, "its name is not that of an extension", "use lower-case letters and digits only")
        if isinstance(value, str):
            if len(value.encode()) > EXTENSION_MAX_BYTES or _CONTROL.search(value):
                raise _bad_extension(
                    name, "the text is too long or has control characters", f"write at most {EXTENSION_MAX_BYTES} bytes"
                )
        elif not isinstance(value, int) or abs(value) > INTEGER_MAX:
            raise _bad_extension(
                name,
                "the value of an extension is a text, a whole number, true or false",
                "put the fields of the event into `data`",
            )
        found[name] = value
    if len(found) > EXTENSIONS_MAX:
        raise WrongEnvelope(
            "bad_extension",
            "",
            f"an event has at most {EXTENSIONS_MAX} extensions",
            hint="put the fields of the event into `data`",
        )
    return found


def _bad_extension(name: str, message: str, hint: str) -> WrongEnvelope:
    if _SHOWN.fullmatch(name):
        return WrongEnvelope("bad_extension", name, message, hint=hint)
    return WrongEnvelope("bad_extension", "", f"an attribute cannot be read: {message}", hint=hint)


def _look_closer(item: Mapping[str, Any]) -> CloudEvent:
    """Return the attributes of an event that writes null, or its data in base64. Raises WrongEnvelope."""
    given = {name: item[name] for name in ATTRIBUTES if item.get(name) is not None}
    if item.get(DATA_BASE64) is not None and "data" not in given:
        given["data"] = _data_in(item[DATA_BASE64])
    try:
        posted: CloudEvent = _VALIDATE(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        is_missing = first["type"] == "missing"
        raise WrongEnvelope(
            "missing_field" if is_missing else "bad_value", name, _LEFT_OUT if is_missing else "the value is not valid"
        ) from None
    return posted


def _data_in(encoded: object) -> dict[str, Any]:
    try:
        data = parsed(base64.b64decode(encoded, validate=True)) if isinstance(encoded, str) else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise WrongEnvelope("bad_value", DATA_BASE64, "this is not a JSON object in base64")
    return data


def _is_json(content_type: str) -> bool:
    kind = media_type(content_type)
    return kind is not None and kind.is_json
