"""The gateway's HTTP API as OpenAPI 3.1, written from the models that the gateway and the workers themselves use."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from schemas.api.http import (
    BADGE_KEY,
    BATCH_TYPE,
    BODY_DEADLINE_S,
    BODY_MAX_BYTES,
    CLOCK_OFFSET,
    CLOCK_OFFSET_PATTERN,
    EVENT_MAX_BYTES,
    EVENTS_MAX,
    EVENTS_PATH,
    HEADERS_MAX,
    HEADERS_MAX_BYTES,
    HEX_PATTERN,
    JSON_TYPE,
    PROBLEM_TYPE,
    REQUEST_ID,
    REQUEST_ID_PATTERN,
    SENT_AT,
    SERVER_FIELDS,
    SINGLE_TYPE,
    TERMINAL_COPIES,
    TERMINAL_INSTANCE,
    TERMINAL_PATH,
    CloudEvent,
    Problem,
    Receipt,
    Results,
    TerminalInfo,
)
from schemas.events import Event, type_of
from schemas.ids import EVENT_ID_PATTERN
from schemas.times import INSTANT_PATTERN
from schemas.topics import EVENT_CLASSES

Json = dict[str, Any]

_REF: Final = "#/components/schemas/"
_WHEN: Final[Mapping[int, str]] = {
    400: "no JSON, no CloudEvent, no events: the client is wrong; bisect the batch, keep a single event, tell a person",
    401: "token missing, unknown, revoked or expired: keep everything, pair the terminal again",
    403: "the terminal is enrolled for another fair: keep everything, pair it again",
    404: "no such resource; query strings are not accepted",
    405: "wrong method",
    408: f"the body did not arrive whole within {BODY_DEADLINE_S:g} s: send it again",
    409: "every id belongs to an earlier event, which counts: move the events to the drawer",
    413: f"over {EVENTS_MAX} events, {BODY_MAX_BYTES} bytes, or {EVENT_MAX_BYTES} bytes per event: halve the batch",
    415: "wrong content type, or a Content-Encoding other than gzip: the client is wrong; keep everything",
    422: "every event was rejected: move them to the drawer",
    429: "the terminal is too fast: keep everything, wait for Retry-After",
    431: f"headers of more than {HEADERS_MAX_BYTES // 1024} KiB or {HEADERS_MAX} lines",
    500: "internal error: keep everything, send the same bytes again",
    503: "Kafka is unavailable, the outcome is unknown, or no room: keep everything, send the same bytes again",
}
"""Every status from 400 on: when it is sent, and what the terminal does then."""
_INSTANCE: Final[Json] = {
    "name": TERMINAL_INSTANCE,
    "in": "header",
    "description": "A name of this machine: another one with the same token has another name. Other text is ignored.",
    "schema": {"type": "string", "pattern": HEX_PATTERN},
}
_SENT_AT: Final[Json] = {
    "name": SENT_AT,
    "in": "header",
    "description": f"The terminal's clock now. It corrects the times of the events if {CLOCK_OFFSET} is not sent.",
    "schema": {"type": "string", "format": "date-time"},
}
_CLOCK_OFFSET: Final[Json] = {
    "name": CLOCK_OFFSET,
    "in": "header",
    "description": f"Server clock minus terminal clock in whole ms, by the stamps of GET {TERMINAL_PATH}. It corrects "
    f"the times of the events, and counts before {SENT_AT}.",
    "schema": {"type": "string", "pattern": CLOCK_OFFSET_PATTERN},
}
_COPIES: Final[Json] = {
    "description": "Another machine sends as this terminal: seconds since it was heard, at most 600.",
    "schema": {"type": "integer", "minimum": 0},
}


def model_schemas(*models: Any) -> dict[str, Json]:
    """Return the JSON schemas of models and all that they refer to, by name."""
    _, definitions = TypeAdapter.json_schemas(
        [(model, "validation", TypeAdapter(model)) for model in models], ref_template=_REF + "{model}"
    )
    return dict(definitions["$defs"])


@cache
def openapi_text() -> str:
    """Return the document as JSON."""
    return json.dumps(_document(), indent=2, ensure_ascii=False) + "\n"


def _document() -> Json:
    schemas = model_schemas(CloudEvent, Receipt, Results, Problem, TerminalInfo, *EVENT_CLASSES)
    envelope = schemas.pop("CloudEvent")
    for cls in EVENT_CLASSES:
        stored = schemas.pop(cls.__name__)
        schemas[f"{cls.__name__}Data"] = _data_of(stored)
        schemas[cls.__name__] = _posted(envelope, cls)
    for name in model_schemas(*EVENT_CLASSES).keys() - {cls.__name__ for cls in EVENT_CLASSES}:
        if "properties" in schemas[name]:  # an object within an event: the gateway refuses what workers would ignore
            schemas[name]["additionalProperties"] = False
    posted = {"oneOf": [{"$ref": _REF + cls.__name__} for cls in EVENT_CLASSES]}
    posted["discriminator"] = {  # type: ignore[assignment]
        "propertyName": "type",
        "mapping": {type_of(cls): _REF + cls.__name__ for cls in EVENT_CLASSES},
    }
    schemas["Event"] = posted
    schemas["Batch"] = {
        "type": "array",
        "items": {"$ref": _REF + "Event"},
        "minItems": 1,
        "maxItems": EVENTS_MAX,
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fairpulse gateway",
            "version": "1",
            "description": "Booth terminals post events. 2xx, 409, 413 and 422 are final for the events of a "
            "request. After any other answer the terminal keeps them and sends the same bytes again.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"terminal": []}],
        "paths": {EVENTS_PATH: {"post": _post_events()}, TERMINAL_PATH: {"get": _get_terminal()}},
        "components": {
            "securitySchemes": {
                "terminal": {"type": "http", "scheme": "bearer", "description": "tf_<key id>_<secret>"}
            },
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _data_of(stored: Json) -> Json:
    """Return the schema of `data`: a stored event without what the server stamps."""
    kept = {name: one for name, one in stored["properties"].items() if name not in SERVER_FIELDS}
    required = [name for name in stored.get("required", []) if name not in SERVER_FIELDS]
    return {**stored, "title": "", "properties": kept, "required": required, "additionalProperties": False}


def _posted(envelope: Json, cls: type[Event]) -> Json:
    """Return the schema of one kind of event as it is posted."""
    properties = {
        **envelope["properties"],
        "id": {"type": "string", "format": "uuid", "pattern": EVENT_ID_PATTERN},
        "time": {"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN},
        "type": {"const": type_of(cls)},
        "data": {"$ref": f"{_REF}{cls.__name__}Data"},
    }
    title = (cls.__doc__ or "").strip().splitlines()[0]
    return {**envelope, "title": cls.__name__, "description": title, "properties": properties}


def _post_events() -> Json:
    either = {"schema": {"oneOf": [{"$ref": _REF + "Event"}, {"$ref": _REF + "Batch"}]}}
    return {
        "operationId": "postEvents",
        "summary": "Post one event or a batch; the answer comes when Kafka has all of them.",
        "parameters": [
            _SENT_AT,
            _CLOCK_OFFSET,
            {
                "name": REQUEST_ID,
                "in": "header",
                "description": "The terminal's id for the request, repeated in the answer.",
                "schema": {"type": "string", "pattern": REQUEST_ID_PATTERN},
            },
            _INSTANCE,
        ],
        "requestBody": {
            "required": True,
            "content": {
                BATCH_TYPE: {"schema": {"$ref": _REF + "Batch"}},
                SINGLE_TYPE: {"schema": {"$ref": _REF + "Event"}},
                JSON_TYPE: either,
            },
        },
        "responses": {
            "202": _answer("Every event is in Kafka, stored now or earlier: delete them.", "Receipt"),
            "207": _answer("Some events were rejected; every outcome is final.", "Results"),
            **_problems(400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503),
        },
    }


def _get_terminal() -> Json:
    return {
        "operationId": "getTerminal",
        "summary": "Who am I: place, source, limits, the server's time, fingerprints of badge key and fair file.",
        "parameters": [
            {
                "name": BADGE_KEY,
                "in": "header",
                "description": "Fingerprint of the terminal's badge key; the first one of a fair is kept.",
                "schema": {"type": "string", "pattern": HEX_PATTERN},
            },
            _SENT_AT,
            _INSTANCE,
        ],
        "responses": {
            "200": _answer("The terminal that the token belongs to.", "TerminalInfo"),
            **_problems(400, 401, 403, 404, 405, 408, 431, 500, 503),
        },
    }


def _answer(description: str, model: str) -> Json:
    content = {JSON_TYPE: {"schema": {"$ref": _REF + model}}}
    return {"description": description, "headers": {TERMINAL_COPIES: _COPIES}, "content": content}


def _problems(*statuses: int) -> Json:
    answers: Json = {}
    for status in statuses:
        headers: Json = {TERMINAL_COPIES: _COPIES}
        if status in {408, 429, 500, 503}:
            headers["Retry-After"] = {"required": True, "schema": {"type": "integer", "minimum": 1}}
        if status == 405:
            headers["Allow"] = {"required": True, "schema": {"type": "string"}}
        content = {PROBLEM_TYPE: {"schema": {"$ref": _REF + "Problem"}}}
        answers[str(status)] = {"description": _WHEN[status], "headers": headers, "content": content}
    return answers
