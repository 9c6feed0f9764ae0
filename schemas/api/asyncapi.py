"""The topics as AsyncAPI 3, written from the topics and the models that the workers themselves use."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from schemas.api.openapi import model_schemas
from schemas.api.portable import Json
from schemas.api.producing import FORMULA, RULES, VECTORS
from schemas.badges.register import Origin, Released, Spent, WornCodes
from schemas.cloud_events import CONTENT_TYPE, DATA_TYPE, PREFIX, REQUIRED, SPEC_VERSION
from schemas.events import Event, fields_of, type_of
from schemas.ids import BadgeRef
from schemas.registry_changes import RegistryChange
from schemas.topics import (
    ALL_TOPICS,
    BADGE_CODES,
    EVENT_CLASSES,
    EVENT_TOPICS,
    PARTITIONS,
    REJECTED,
    TERMINALS,
    UNRESOLVED,
    Topic,
)

_BINDING: Final = "0.5.0"
"""Version of AsyncAPI's Kafka bindings."""

COPIES: Final = 3
"""Copies of a partition that the document tells: those of a production."""

_SAYINGS: Final = frozenset({"title", "description", "default"})
"""Members of a schema that do not restrict a value."""

_LETTER: Final[Json] = {
    "type": "object",
    "description": "A refused record. From a worker, it has the record's place; from the gateway, partition and "
    "offset are -1.",
    "required": ["topic", "partition", "offset", "reason", "field", "message", "hint", "size", "value", "headers"],
    "properties": {
        "topic": {"type": "string", "description": "The topic that it was in or meant for; empty if unknown."},
        "partition": {"type": "integer", "minimum": -1},
        "offset": {"type": "integer", "minimum": -1},
        "reason": {"type": "string", "description": "A word from a closed set."},
        "field": {"type": "string"},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "size": {"type": "integer", "minimum": 0},
        "value": {"type": ["string", "null"], "contentEncoding": "base64"},
        "headers": {
            "description": "Name and value of each header that the record had, or that the posted event would have "
            "had; a redriven event has them again. Null if they were too large to be kept.",
            "type": ["array", "null"],
            "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [{"type": "string"}, {"type": ["string", "null"], "contentEncoding": "base64"}],
            },
        },
        "origin": {"const": "gateway"},
        "terminal_id": {"type": "string"},
        "received_at": {"type": "string", "format": "date-time"},
    },
}

_HEADERS: Final[Json] = {
    "type": "object",
    "description": "The attributes of a CloudEvent, by the Kafka protocol binding of CloudEvents 1.0.2 in its binary "
    "content mode: the record's value is the event's data. All values are UTF-8. Every program that makes events "
    "writes them. `replay` sends those of the recording, so events recorded before there were headers have none.",
    "required": list(REQUIRED),
    "properties": {
        CONTENT_TYPE: {"const": DATA_TYPE},
        f"{PREFIX}specversion": {"const": SPEC_VERSION},
        f"{PREFIX}type": {"type": "string", "description": "The same as `type` in the value."},
        f"{PREFIX}source": {
            "type": "string",
            "format": "uri-reference",
            "description": "The terminal: /fairs/<fair>/<kind of place>/<place>/terminals/<terminal>.",
        },
        f"{PREFIX}id": {
            "type": "string",
            "description": "The id as it was posted. `event_id` in the value is the same UUID in its canonical "
            "spelling, or the UUID that stands for an id of another form.",
        },
        f"{PREFIX}time": {
            "type": "string",
            "format": "date-time",
            "description": "The terminal's clock when it happened, as it was posted.",
        },
        f"{PREFIX}subject": {"type": "string"},
        f"{PREFIX}dataschema": {"type": "string", "format": "uri"},
    },
    "patternProperties": {
        f"^{PREFIX}[a-z0-9]+$": {
            "type": "string",
            "description": "An extension attribute as it was posted, such as traceparent. A boolean is written as true "
            "or false, a number in decimal digits.",
        }
    },
}


_WAIT: Final = tuple(cls for cls in EVENT_CLASSES if fields_of(cls, BadgeRef) and cls.posted_at)
"""Events that wait until their badge is registered: those that terminals post, with a badge."""

_OTHERS: Final[Mapping[str, tuple[Topic, str, str]]] = {
    "DeadLetter": (REJECTED, "dead letter", "A refused record, its reason and its place."),
    "RegistryChange": (
        TERMINALS,
        "change of the registry",
        "Terminals, hashes of their tokens and fingerprints of badge keys, as they are after a change.",
    ),
    "WornCodes": (BADGE_CODES, "badges of a person", "Hashes of the codes of the badges that a person wears."),
    "Spent": (BADGE_CODES, "spent code", "The code was on the badge of a person who was erased. Nobody gets it again."),
    "Origin": (BADGE_CODES, "whose register it is", "The fair, and the fingerprint of its badge key."),
    "WaitingEvent": (
        UNRESOLVED,
        "waiting event",
        "An event as it will be stored once its badge is registered. Its badge_ref is the hash of the badge's code.",
    ),
    "Released": (UNRESOLVED, "mark of a release", "The event was stored, with the reference of a person."),
}
"""Messages that are not events: topic, name and what they are."""


@cache
def asyncapi_text() -> str:
    """Return the document as JSON."""
    return json.dumps(_document(), indent=2, ensure_ascii=False) + "\n"


def _document() -> Json:
    messages = {cls.__name__: _message(cls, topic) for topic in EVENT_TOPICS for cls in topic.events}
    messages |= {name: _other_message(name, *about) for name, about in _OTHERS.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "fairpulse topics",
            "version": "1",
            "description": "The topics in Kafka. The record key decides the partition; events carry their own time.\n\n"
            + "\n".join(f"* {rule}" for rule in RULES),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in ALL_TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": messages,
            "schemas": {
                **dict(
                    sorted(model_schemas(*EVENT_CLASSES, RegistryChange, WornCodes, Spent, Origin, Released).items())
                ),
                "WaitingEvent": {"oneOf": [{"$ref": f"#/components/schemas/{one.__name__}"} for one in _WAIT]},
                "CloudEventHeaders": _HEADERS,
                "DeadLetter": _LETTER,
            },
        },
    }


def _message(cls: type[Event], topic: Topic) -> Json:
    return {
        "name": type_of(cls),
        "summary": (cls.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEventHeaders"},
                {"properties": {f"{PREFIX}type": {"const": type_of(cls)}}},
            ]
        },
        "payload": {"$ref": f"#/components/schemas/{cls.__name__}"},
        "correlationId": {"description": "The event's id.", "location": f"$message.header#/{PREFIX}id"},
        "bindings": _key_binding(topic),
    }


def _other_message(name: str, topic: Topic, called: str, summary: str) -> Json:
    return {
        "name": called,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": _key_binding(topic),
    }


def _key_binding(topic: Topic) -> Json:
    """Return the record key of a topic's messages; for events, every form of the key's fields except null."""
    key: Json = {"type": "string", "description": topic.key_text}
    if topic.events:
        definitions = model_schemas(*topic.events)
        forms = [
            form
            for name in topic.key
            for cls in topic.events
            for form in _forms(definitions[cls.__name__]["properties"][name], definitions)
        ]
        key["anyOf"] = [form for at, form in enumerate(forms) if form not in forms[:at]]
    return {"kafka": {"key": key, "bindingVersion": _BINDING}}


def _forms(field: Json, definitions: Json) -> list[Json]:
    """Return the forms of a field except null, as text: a key is the field's value, written as text."""
    if "anyOf" in field:
        return [form for one in field["anyOf"] for form in _forms(one, definitions)]
    if "$ref" in field:
        return _forms(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if field.get("type") == "null":
        return []
    if field.get("type") != "string":
        return [{"type": "string"}]
    return [{name: value for name, value in field.items() if name not in _SAYINGS}]


def _channel(topic: Topic) -> Json:
    names = [cls.__name__ for cls in topic.events] or [name for name, (of, *_) in _OTHERS.items() if of is topic]
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions_of(PARTITIONS),
                "replicas": COPIES,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": _BINDING,
            }
        },
        "x-partitioner": topic.partitioner.text,
        "x-message.timestamp.type": topic.config()["message.timestamp.type"],
        "x-min.insync.replicas": int(topic.config(COPIES)["min.insync.replicas"]),
        **({"x-partition-formula": FORMULA, "x-partition-vectors": dict(VECTORS)} if topic.events else {}),
    }


def _configuration(topic: Topic) -> Json:
    """Return the settings of a topic that the binding knows."""
    settings = topic.config(COPIES)
    return {
        "cleanup.policy": [settings["cleanup.policy"]],
        **{name: int(settings[name]) for name in ("retention.ms", "retention.bytes", "max.message.bytes")},
    }


def _operations() -> list[tuple[str, Any]]:
    made = []
    for topic in ALL_TOPICS:
        channel = {"$ref": f"#/channels/{topic.name}"}
        for action, programs in (("send", topic.producers), ("receive", topic.consumers)):
            for program in programs:
                name = f"{program}.{action}.{topic.name.removeprefix('fair.')}"
                made.append((name, {"action": action, "channel": channel, "title": f"{program}: {action}"}))
    return made
