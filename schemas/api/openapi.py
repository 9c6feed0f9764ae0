"""The gateway's HTTP API as OpenAPI 3.1, written from the models that the gateway and the workers themselves use.

It is for integrators and their code generators; `portable` says which form the generators take.
"""

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final, get_args, get_type_hints

from pydantic import TypeAdapter

from schemas.api.answers import answers, problem_answers
from schemas.api.badge_paths import CSV_BODY, REGISTRATION, post_badge_check, post_badges
from schemas.api.described import summary
from schemas.api.example_posts import example_post
from schemas.api.http import (
    BADGE_CHECK_PATH,
    BADGE_CODE,
    BADGE_CODE_MAX,
    BADGE_KEY,
    BADGES_PATH,
    BATCH_TYPE,
    CLOCK_OFFSET,
    CLOCK_OFFSET_PATTERN,
    EVENTS_MAX,
    EVENTS_PATH,
    HEX_PATTERN,
    JSON_TYPE,
    POSTED_CLASSES,
    REQUEST_ID,
    REQUEST_ID_PATTERN,
    SENT_AT,
    SERVER_FIELDS,
    SINGLE_TYPE,
    TERMINAL_INSTANCE,
    TERMINAL_PATH,
    TYPES_WITH_BADGE,
    BadgeAnswer,
    BadgeQuestion,
    CloudEvent,
    ImportReceipt,
    Problem,
    Receipt,
    TerminalInfo,
)
from schemas.api.openapi_texts import ABOUT, BINARY, POSTING
from schemas.api.portable import Json, portable
from schemas.events import Event, type_of

_REF: Final = "#/components/schemas/"
_INSTANCE: Final[Json] = {
    "name": TERMINAL_INSTANCE,
    "in": "header",
    "description": "A name of this machine: another one with the same token has another name. Other text is ignored.",
    "schema": {"type": "string", "pattern": HEX_PATTERN},
}
_SENT_AT: Final[Json] = {
    "name": SENT_AT,
    "in": "header",
    "description": f"The terminal's clock now, RFC 3339. It corrects the times of events unless {CLOCK_OFFSET} does.",
    "schema": {"type": "string"},
}
_BADGE_CODE: Final[Json] = {
    "description": "The code on the badge, as the scanner read it, in place of `badge_ref`. Only at a fair with a "
    "register of badges, which knows whose code it is. It is not stored.",
    "type": ["string", "null"],
    "maxLength": BADGE_CODE_MAX,
}
_ANSWERS: Final = (Receipt, Problem, TerminalInfo, ImportReceipt, BadgeAnswer)
_HERE: Final = "the prefix"
_CLOCK_OFFSET: Final[Json] = {
    "name": CLOCK_OFFSET,
    "in": "header",
    "description": f"Server clock minus terminal clock in whole ms, by the stamps of GET {TERMINAL_PATH}. It corrects "
    f"the times of the events, and counts before {SENT_AT}.",
    "schema": {"type": "string", "pattern": CLOCK_OFFSET_PATTERN},
}


def model_schemas(*models: Any) -> dict[str, Json]:
    """Return the JSON schemas of models and all that they refer to, by name."""
    _, definitions = TypeAdapter.json_schemas(
        [(model, "validation", TypeAdapter(model)) for model in models], ref_template=_REF + "{model}"
    )
    return dict(definitions["$defs"])


def openapi_text(prefix: str = "") -> str:
    """Return the document as JSON.

    Args:
        prefix: what stands in front of all paths: `https://fair.example/fair`, or a path such as /fair, or nothing.
    """
    before, after = _around_the_prefix()
    return f"{before}{json.dumps(prefix or '/', ensure_ascii=False)}{after}"


@lru_cache(maxsize=1)
def _around_the_prefix() -> tuple[str, str]:
    """Return the document in two parts. It takes 40 ms to make, and clients choose the host that they ask for."""
    before, _, after = (json.dumps(_document(), indent=2, ensure_ascii=False) + "\n").partition(json.dumps(_HERE))
    return before, after


def _document() -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fairpulse gateway",
            "version": "1",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": _HERE, "description": "the gateway that serves this document"}],
        "tags": [
            {"name": "events", "description": "Post events of a fair."},
            {"name": "terminal", "description": "Ask who the terminal is."},
            {"name": "badges", "description": "At a fair with a register of badges: fill it, and ask it at a gate."},
        ],
        "security": [{"terminal": []}],
        "paths": {
            EVENTS_PATH: {"post": _post_events()},
            TERMINAL_PATH: {"get": _get_terminal()},
            BADGES_PATH: {"post": post_badges()},
            BADGE_CHECK_PATH: {"post": post_badge_check()},
        },
        "components": {
            "securitySchemes": {
                "terminal": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The terminal's token, tf_<key id>_<secret>. The organiser gives it out.",
                },
                REGISTRATION: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of the registration system. It imports badges and posts no events.",
                },
            },
            "parameters": dict(_attributes_in_headers()),
            "requestBodies": _other_bodies(),
            "responses": answers(),
            "schemas": _schemas(),
        },
    }


def _schemas() -> dict[str, Json]:
    stored = model_schemas(*POSTED_CLASSES)
    answered = model_schemas(*_ANSWERS)
    classes = {one.__name__: one for model in (*_ANSWERS, *POSTED_CLASSES) for one in _parts(model)}
    schemas = {
        name: portable(schema, classes[name], is_answer=name in answered)
        for name, schema in {**answered, **stored}.items()
    }
    envelope = portable(model_schemas(CloudEvent)["CloudEvent"], CloudEvent, is_answer=False)
    for cls in POSTED_CLASSES:
        schemas[f"{cls.__name__}Data"] = _data_of(schemas.pop(cls.__name__), cls)
        schemas[cls.__name__] = _posted(envelope, cls)
    asked = model_schemas(BadgeQuestion)["BadgeQuestion"]
    schemas["BadgeQuestion"] = {**portable(asked, BadgeQuestion, is_answer=False), "minProperties": 1}
    for name in stored.keys() - {cls.__name__ for cls in POSTED_CLASSES}:
        if "properties" in schemas[name]:  # an object within an event: the gateway refuses what workers would ignore
            schemas[name]["additionalProperties"] = False
    schemas["Event"] = {
        "description": "An event of any type.",
        "oneOf": [{"$ref": _REF + cls.__name__} for cls in POSTED_CLASSES],
        "discriminator": {
            "propertyName": "type",
            "mapping": {type_of(cls): _REF + cls.__name__ for cls in POSTED_CLASSES},
        },
    }
    schemas["Batch"] = {
        "description": "Events of one terminal, of any types and in any order.",
        "type": "array",
        "items": {"$ref": _REF + "Event"},
        "minItems": 1,
        "maxItems": EVENTS_MAX,
    }
    return dict(sorted(schemas.items()))


def _parts(model: Any) -> list[type[Any]]:
    """Return the classes that a type is made of, itself included."""
    if isinstance(model, type) and issubclass(model, Enum):
        return [model]
    if isinstance(model, type) and is_dataclass(model):
        hints = get_type_hints(model)
        return [model, *(part for field in fields(model) for part in _parts(hints[field.name]))]
    return [part for one in get_args(model) for part in _parts(one)]


def _data_of(stored: Json, cls: type[Event]) -> Json:
    """Return the schema of `data`: a stored event without what the server stamps."""
    example = example_post(cls)
    code = {BADGE_CODE: _BADGE_CODE} if type_of(cls) in TYPES_WITH_BADGE else {}
    given = {name: one for name, one in stored["properties"].items() if name not in SERVER_FIELDS}
    return {
        **stored,
        "properties": {**given, **code},
        "required": [name for name in stored["required"] if name not in SERVER_FIELDS],
        "additionalProperties": False,
        **({"examples": [example["data"]]} if example else {}),
    }


def _posted(envelope: Json, cls: type[Event]) -> Json:
    """Return the schema of one type of event as it is posted."""
    given, example = envelope["properties"], example_post(cls)
    return {
        "description": f"{summary(cls)} "
        "Members that are not listed are extensions of CloudEvents: a text, a whole number, true or false.",
        "type": "object",
        "properties": {
            **given,
            "time": {**given["time"], "format": "date-time"},
            "type": {"type": "string", "enum": [type_of(cls)]},
            "data": {"$ref": f"{_REF}{cls.__name__}Data"},
        },
        "required": envelope["required"],
        "additionalProperties": True,
        **({"examples": [example]} if example else {}),
    }


def _post_events() -> Json:
    posts = {cls.__name__: example_post(cls) for cls in POSTED_CLASSES}
    return {
        "operationId": "postEvents",
        "tags": ["events"],
        "summary": "Post events; the answer comes when Kafka has all of them.",
        "description": POSTING,
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
                BATCH_TYPE: {
                    "schema": {"$ref": _REF + "Batch"},
                    "examples": {name: {"value": [post]} for name, post in posts.items() if post is not None},
                }
            },
        },
        "responses": {
            "202": {"$ref": "#/components/responses/Stored"},
            "207": {"$ref": "#/components/responses/Sorted"},
            **problem_answers(400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503),
        },
    }


def _get_terminal() -> Json:
    return {
        "operationId": "getTerminal",
        "tags": ["terminal"],
        "summary": "Who am I: place, source, limits, the server's time, fingerprints of badge key and fair file.",
        "parameters": [
            {
                "name": BADGE_KEY,
                "in": "header",
                "description": "Fingerprint of the terminal's badge key; the first one of a fair is kept.",
                "schema": {"type": "string", "pattern": HEX_PATTERN},
            },
            _SENT_AT,
            _CLOCK_OFFSET,
            _INSTANCE,
        ],
        "responses": {
            "200": {"$ref": "#/components/responses/Terminal"},
            **problem_answers(400, 401, 403, 404, 405, 408, 431, 500, 503),
        },
    }


def _other_bodies() -> dict[str, Json]:
    """Return the other forms of a posting. They are not listed at the operation.

    Two content types, one of them an array, make clients that do not compile (openapi-generator) or that fail with
    every post (openapi-python-client).
    """
    data = [{"$ref": f"{_REF}{cls.__name__}Data"} for cls in POSTED_CLASSES]
    event, batch = {"$ref": _REF + "Event"}, {"$ref": _REF + "Batch"}
    return {
        "StructuredEvent": {
            "description": "One event, structured.",
            "content": {SINGLE_TYPE: {"schema": event}},
        },
        "PlainJson": {
            "description": "One event or a batch, as plain JSON.",
            "content": {JSON_TYPE: {"schema": {"oneOf": [event, batch]}}},
        },
        "BadgesAsCsv": CSV_BODY,
        "BinaryEvent": {"description": BINARY, "content": {JSON_TYPE: {"schema": {"anyOf": data}}}},
    }


def _attributes_in_headers() -> list[tuple[str, Json]]:
    """Return the headers of an event in binary mode (CloudEvents HTTP binding 1.0.2, 3.1)."""
    envelope = model_schemas(CloudEvent)["CloudEvent"]
    return [
        (
            f"ce-{name}",
            {
                "name": f"ce-{name}",
                "in": "header",
                "required": name in envelope["required"],
                "description": f"The event's `{name}`, in binary mode only.",
                "schema": {"type": "string"},
            },
        )
        for name in envelope["properties"]
        if name not in {"data", "datacontenttype"}
    ]
