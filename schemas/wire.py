"""Events to bytes and back. The only decoder of events; anything that is not a valid event is refused here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Final

import jiter
from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import core_schema

from schemas.api.http import SERVER_FIELDS
from schemas.api.posted import PLAIN_KEY
from schemas.errors import InvalidEvent
from schemas.events import Event, VisitorScan, type_of
from schemas.ids import SPELLINGS
from schemas.nearest import nearest
from schemas.plain import plain_validator
from schemas.times import INSTANT_PATTERN, INSTANT_WORDS
from schemas.topics import EVENT_CLASSES, EVENT_TOPICS, RECORD_MAX_BYTES


class _ByType:
    """Choose among classes of events by `type`: without one, or with another, a record is refused."""

    def __init__(self, kinds: Iterable[type[Event]]) -> None:
        self._kinds = {type_of(kind): kind for kind in kinds}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        schemas = {name: handler.generate_schema(kind) for name, kind in self._kinds.items()}
        return core_schema.tagged_union_schema(schemas, discriminator="type")


_ADAPTERS: Final[Mapping[str, TypeAdapter[Event]]] = {
    topic.name: TypeAdapter(Annotated[Any, _ByType(topic.events)]) for topic in EVENT_TOPICS
}
_ANY: Final[TypeAdapter[Event]] = TypeAdapter(Annotated[Any, _ByType(EVENT_CLASSES)])
_PLAIN: Final = plain_validator(_ANY)
_WRITERS: Final = {kind: TypeAdapter(kind).serializer.to_json for kind in EVENT_CLASSES}

MISPLACED: Final = "misplaced"
"""The reason that only a worker gives: the gateway chooses the partition itself."""
REASONS: Final = {
    "empty": "the record has no value",
    "too_large": f"an event may have at most {RECORD_MAX_BYTES} bytes",
    "not_json": "the record is not a JSON object in UTF-8",
    "duplicate_key": "a JSON object has the same key twice",
    "unknown_type": "the type is not a known type of this topic",
    "missing_field": "a required field is missing",
    "unknown_field": "the event has a field that this version does not know",
    "bad_value": "the value is not valid",
    "wrong_fair": "the event belongs to another fair",
    "unknown_place": "the gate, hall, booth, exhibit or section is not in the fair file",
    "unknown_currency": "the currency is not in the fair file",
    "no_register": "the fair file says that this fair has no register of badges",
    MISPLACED: "the event is not in the partition of its key",
}
"""Every reason to refuse an event, as metric label and as sentence."""

_NOT_JSON: Final = "send one JSON object in UTF-8, without NaN, comments or trailing commas"
_HINTS: Final = {
    "missing": ("missing_field", "add it"),
    "unexpected_keyword_argument": ("unknown_field", "remove it"),
    "extra_forbidden": ("unknown_field", "remove it"),
    "union_tag_not_found": ("unknown_type", f"add `type`, for example {type_of(VisitorScan)}"),
    "json_invalid": ("not_json", _NOT_JSON),
}
_UNNAMED: Final = "; its name has other characters than letters, digits, dots, underscores and hyphens, or is too long"
_AS_DESCRIBED: Final = "it as the OpenAPI document of the gateway describes the field"
_SPELLINGS: Final = {**SPELLINGS, INSTANT_PATTERN: INSTANT_WORDS}
_FIRST, _LAST = "fair.", ".v1"
"""Beginning and end of every type of event."""
_SEE: Final = f"write {_AS_DESCRIBED}"
_TYPES: Final = {
    "string": "a text in quotes",
    "int": "a whole number, without quotes",
    "bool": "true or false, without quotes",
    "datetime": INSTANT_WORDS,
    "greater": INSTANT_WORDS,
    "less": INSTANT_WORDS,
}
"""How to write a value, by the beginning of pydantic's name for the error. Bounds are numbers or, here, times."""

_POSTED: Final = frozenset(type_of(kind) for kind in EVENT_CLASSES if kind.posted_at)

WORDS_MAX: Final = 12
"""Longest list of words that a hint repeats."""


def decoder(topic: str) -> Callable[[bytes | None], Event]:
    """Return the tolerant decoder of a topic, for workers: unknown fields are ignored.

    Duplicate keys are refused where events enter (`decode_strict`): looking for them takes more than half of the
    decoding time. If one is in a topic nevertheless, its last value counts, for every reader.
    The returned function raises InvalidEvent and nothing else.
    """
    validate = _ADAPTERS[topic].validate_json

    def decode(raw: bytes | None) -> Event:
        if raw is None or not raw:
            raise _refuse("empty", hint="do not send tombstones to an event topic")
        if len(raw) > RECORD_MAX_BYTES:
            raise _refuse("too_large", hint="send one event per record")
        try:
            event = validate(raw)
        except ValidationError as error:
            _refuse_other_json(raw)
            raise _explain(error) from None
        return event

    return decode


def decode_strict(raw: bytes) -> Event:
    """Return the event in `raw`, for producers: an unknown field is refused too.

    Raises:
        InvalidEvent: with reason, field and remedy; the input is not echoed.
    """
    if not raw:
        raise _refuse("empty", hint="send one event as a JSON object")
    if len(raw) > RECORD_MAX_BYTES:
        raise _refuse("too_large", hint="send one event per record")
    _refuse_other_json(raw)
    try:
        return _ANY.validate_json(raw, extra="forbid")
    except ValidationError as error:
        raise _explain(error) from None


def decode_plain(values: object) -> Event:
    """Return the event that parsed JSON holds, judged as `decode_strict` judges the text that it was parsed from.

    For the gateway, which has already read the text and refused duplicate keys. The caller must check the size.

    Raises:
        InvalidEvent: with reason, field and remedy; the input is not echoed.
    """
    if not isinstance(values, dict):
        raise _refuse("not_json", hint=_NOT_JSON)
    try:
        event: Event = _PLAIN.validate_python(values, extra="forbid")
    except ValidationError as error:
        raise _explain(error) from None
    return event


def encode(event: Event) -> bytes:
    """Return the event as compact JSON; fields that are None are left out."""
    return _WRITERS[type(event)](event, exclude_none=True)


def _refuse_other_json(raw: bytes) -> None:
    """Raise InvalidEvent unless `raw` is one JSON object without duplicate keys (pydantic lets the last one win)."""
    try:
        value = jiter.from_json(raw, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="none")
    except ValueError as error:
        if "duplicate key" in str(error):
            raise _refuse("duplicate_key", hint="write every key once") from None
        raise _refuse("not_json", hint=_NOT_JSON) from None
    if not isinstance(value, dict):
        raise _refuse("not_json", hint=_NOT_JSON)


def _refuse(reason: str, *, hint: str) -> InvalidEvent:
    return InvalidEvent(reason, REASONS[reason], hint=hint)


def _explain(error: ValidationError) -> InvalidEvent:
    """Return the first problem that pydantic found, in our words: its own text may quote the input."""
    # The context holds the rule that was broken; only for an unknown type it also holds what was sent.
    first = error.errors(include_input=False, include_url=False)[0]
    # pydantic puts the type first in every path, but it is not a field.
    kind, path = first["loc"][:1], first["loc"][1:]
    rule, more = first.get("ctx", {}), ""
    if first["type"] == "union_tag_invalid":
        reason, hint = "unknown_type", _one_type_of(_posted(rule["expected_tags"]))
    else:
        reason, hint = _HINTS.get(first["type"]) or ("bad_value", _value_hint(first["type"], rule))
    if reason == "unknown_field" and PLAIN_KEY.fullmatch(str(path[-1])):
        hint += _meant(kind, path)
    elif reason == "unknown_field":
        path, more = path[:-1], _UNNAMED  # the name of an unknown field is input
    elif reason == "unknown_type":
        path = ("type",)
    field = ".".join(str(part) for part in path)
    where = f"{field}: " if field else ""
    return InvalidEvent(reason, f"{where}{REASONS[reason]}{more}", field=field, path=path, hint=hint)


def _posted(types: str) -> list[str]:
    """Return those of the listed types that a terminal may post, or all if it may post none of them."""
    listed = types.replace("'", "").split(", ")
    return [one for one in listed if one in _POSTED] or listed


def _one_type_of(types: Sequence[str]) -> str:
    """Return the hint that lists types of events; what all of them begin and end with is said once."""
    if len(types) > 1 and all(one.startswith(_FIRST) and one.endswith(_LAST) for one in types):
        listed = ", ".join(one.removeprefix(_FIRST).removesuffix(_LAST) for one in types)
        return f"write {_FIRST}X{_LAST}, where X is one of: {listed}"
    return f"use one of: {', '.join(types)}"


def _meant(kind: Sequence[str | int], path: Sequence[str | int]) -> str:
    """Return what an unknown field of an event may have been meant to be; empty if nothing is close."""
    known = [field.name for cls in EVENT_CLASSES if [type_of(cls)] == list(kind) for field in fields(cls)]
    meant = nearest(str(path[0]), (name for name in known if name not in SERVER_FIELDS)) if len(path) == 1 else ""
    return f", or write {meant} if you meant that" if meant else ""


def _value_hint(kind: str, rule: Mapping[str, Any]) -> str:
    """Return how to write a value, for somebody who has our documents but not our sources."""
    match kind:
        case "string_pattern_mismatch":
            return f"write {_SPELLINGS.get(rule['pattern'], _AS_DESCRIBED)}"
        case "greater_than_equal" if isinstance(rule["ge"], int):
            return f"write {rule['ge']} or more"
        case "less_than_equal" if isinstance(rule["le"], int):
            return f"write {rule['le']} or less"
        case "enum" | "literal_error":
            return _one_of(rule["expected"])
        case _:
            return next((f"write {text}" for start, text in _TYPES.items() if kind.startswith(start)), _SEE)


def _one_of(words: str) -> str:
    """Return the hint for a closed list, given as pydantic writes it: 'entry', 'exit' or 'booth'."""
    listed = words.replace("'", "")
    count = len(listed.replace(" or ", ", ").split(", "))
    return (
        f"use one of: {listed}"
        if count <= WORDS_MAX
        else f"use one of the {count} words that the OpenAPI document of the gateway lists"
    )
