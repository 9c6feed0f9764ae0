"""OpenAPI and AsyncAPI say what is true: the gateway keeps to them, and our own events fit them."""

import json
from dataclasses import KW_ONLY
from pathlib import Path
from typing import Any, Literal

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema_rs import Draft202012Validator
from pydantic.dataclasses import dataclass
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from producers.gateway.http.connection import HEADERS_DEADLINE_S
from schemas.api import asyncapi, openapi
from schemas.api.asyncapi import asyncapi_text
from schemas.api.http import BODY_DEADLINE_S, HEADERS_MAX, HEADERS_MAX_BYTES, SERVER_FIELDS
from schemas.api.openapi import openapi_text
from schemas.api.terminals import PlaceKind
from schemas.codes import CancelReason
from schemas.dead_letters import DeadLetter, posted_letter, read_letter, record_letter
from schemas.errors import InvalidEvent
from schemas.events import STRICT, Event, type_of
from schemas.ids import BadgeRef, Country
from schemas.ports import HOST
from schemas.registry_changes import ChangedRows, KeyRow, RegistryChange, TerminalRow, change_text
from schemas.topics import ALL_TOPICS, EVENT_CLASSES, TERMINALS, Topic, key_of, topic_of
from schemas.wire import decode_plain, decode_strict
from tests.support.examples import EXAMPLES, example, example_event
from tests.support.gateway import BOOTH, GatewayProcess, deal, event

DOCUMENT = json.loads(openapi_text())
API = schemathesis.openapi.from_dict(DOCUMENT)
ASYNC = json.loads(asyncapi_text())


def fits(value: Any, schema: str, document: dict[str, Any] = DOCUMENT) -> list[str]:
    """Return what is wrong with a value by a schema of the document."""
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": document["components"]})
    return [error.message for error in validator.iter_errors(value)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_our_example_events_fit_both_documents(path: Path) -> None:
    stored = json.loads(path.read_text(encoding="utf-8"))
    kind = type(decode_strict(path.read_bytes()))
    assert fits(stored, kind.__name__, ASYNC) == []
    data = {field: value for field, value in stored.items() if field not in SERVER_FIELDS}
    posted = event(id=stored["event_id"], time=stored["occurred_at"], type=stored["type"], data=data)
    assert (fits(posted, "Event") == []) is bool(kind.posted_at)
    assert (fits([posted], "Batch") == []) is bool(kind.posted_at)
    assert fits({**posted, "data": {**data, "received_at": stored["received_at"]}}, "Event") != []


@dataclass(frozen=True, slots=True, config=STRICT)
class Corner:
    """An object within an object of an event."""

    side: int


@dataclass(frozen=True, slots=True, config=STRICT)
class Floor:
    """An object within an event."""

    corners: tuple[Corner, ...]


@dataclass(frozen=True, slots=True, config=STRICT)
class Measured(Event):
    """A kind of event that does not exist yet."""

    _: KW_ONLY
    type: Literal["fair.test.measured.v1"] = "fair.test.measured.v1"
    floor: Floor | None = None


@pytest.mark.parametrize(
    "data",
    [
        {"floor": {"corners": [{"side": 1}]}, "x": 1},
        {"floor": {"corners": [], "x": 1}},
        {"floor": {"corners": [{"side": 1, "x": 1}]}},
    ],
    ids=["in data", "in an object", "in an object of it"],
)
def test_an_unknown_field_does_not_fit_at_any_depth_of_any_kind_of_event(
    monkeypatch: pytest.MonkeyPatch, data: dict[str, Any]
) -> None:
    monkeypatch.setattr(openapi, "POSTED_CLASSES", (Measured,))
    document = openapi._document()
    without = json.loads(json.dumps(data).replace(', "x": 1', ""))
    assert fits(event(type="fair.test.measured.v1", data=without), "Measured", document) == []
    assert fits(event(type="fair.test.measured.v1", data=data), "Measured", document) != []


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_the_gateway_and_its_document_refuse_an_unknown_field_at_every_depth(kind: type[Event]) -> None:
    full = json.loads(example(kind, "full"))
    for at in objects_in(full):
        at["x"] = 1
        with pytest.raises(InvalidEvent, match="a field that this version does not know"):
            decode_plain(full)
        data = {field: value for field, value in full.items() if field not in SERVER_FIELDS}
        assert fits(event(type=full["type"], data=data), "Event") != []
        del at["x"]


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return a value and all in it that are objects."""
    if isinstance(value, list):
        return [found for one in value for found in objects_in(one)]
    if isinstance(value, dict):
        return [value, *(found for one in value.values() for found in objects_in(one))]
    return []


def test_every_topic_is_a_channel_and_everything_referred_to_is_there() -> None:
    document = ASYNC
    assert set(document["channels"]) == {topic.name for topic in ALL_TOPICS}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                at: Any = document
                for part in value["$ref"].removeprefix("#/").split("/"):
                    at = at[part]
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(document)
    walk(DOCUMENT | {"channels": document["channels"], "components": document["components"]} | {"paths": {}})


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_an_event_is_a_message_of_its_topic_alone_with_the_key_it_has_there(kind: type[Event]) -> None:
    sample, name = example_event(kind), kind.__name__
    topic = topic_of(sample)
    assert [channel for channel, one in ASYNC["channels"].items() if name in one["messages"]] == [topic.name]
    message = ASYNC["components"]["messages"][name]
    assert (message["name"], message["payload"]) == (type_of(kind), {"$ref": f"#/components/schemas/{name}"})
    described = message["bindings"]["kafka"]["key"]
    key = Draft202012Validator(described)
    assert key.is_valid(key_of(sample).decode())
    assert not key.is_valid("not a key")
    assert not key.is_valid(None)
    assert described["description"] == topic.key_text
    posted = DOCUMENT["components"]["schemas"]["Event"]["discriminator"]["mapping"]
    assert posted.get(type_of(kind), "").endswith(f"/{name}") is bool(kind.posted_at)


@dataclass(frozen=True, slots=True, config=STRICT)
class Coded(Event):
    """A kind of event whose key may be a word, a name or a number."""

    _: KW_ONLY
    type: Literal["fair.test.coded.v1"] = "fair.test.coded.v1"
    word: CancelReason | None = None
    plain_word: CancelReason
    name: BadgeRef | None = None
    number: int
    either: BadgeRef | CancelReason | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class Named(Event):
    """Another kind, in the same topic, whose field of the same name holds something else."""

    _: KW_ONLY
    type: Literal["fair.test.named.v1"] = "fair.test.named.v1"
    plain_word: Country


KEYS = [
    ((Coded,), ("word", "terminal_id"), ["withdrawn", "t-1"], [""]),
    ((Coded,), ("plain_word",), ["withdrawn"], ["t-1"]),
    ((Coded,), ("name", "plain_word"), ["ab" * 16, "withdrawn"], ["t-1"]),
    ((Coded,), ("either", "plain_word"), ["ab" * 16, "withdrawn"], ["t-1"]),
    ((Coded,), ("number",), ["7"], []),
    ((Coded, Named), ("plain_word",), ["withdrawn", "NO"], ["t-1"]),
    ((Named, Coded), ("plain_word",), ["withdrawn", "NO"], ["t-1"]),
]


@pytest.mark.parametrize(("events", "key", "good", "bad"), KEYS)
def test_a_key_is_described_by_the_fields_of_all_events_of_its_topic_of_whatever_type(
    events: tuple[type[Event], ...], key: tuple[str, ...], good: list[str], bad: list[str]
) -> None:
    topic = Topic("fair.test", "A test.", key, events=events)
    described = Draft202012Validator(asyncapi._key_binding(topic)["kafka"]["key"])
    assert [one for one in good if not described.is_valid(one)] == []
    assert [one for one in [*bad, None] if described.is_valid(one)] == []


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_a_channel_says_how_many_partitions_there_are_and_what_chooses_among_them(topic: Topic) -> None:
    channel = ASYNC["channels"][topic.name]
    assert channel["bindings"]["kafka"]["partitions"] == (1 if topic is TERMINALS else 8)
    assert channel["x-partitioner"] == topic.partitioner.text


def test_dead_letters_of_workers_and_of_the_gateway_fit_the_document() -> None:
    error = InvalidEvent("not_json", "no JSON", field="data", hint="send JSON")
    _, of_worker = record_letter("fair.scans", 3, 17, None, error)
    _, of_gateway = posted_letter("", "t-1", "2025-10-25T09:00:00.000Z", b"{", error)
    for raw in (of_worker, of_gateway):
        assert fits(json.loads(raw), "DeadLetter", ASYNC) == []
        assert json.loads(raw).keys() <= ASYNC["components"]["schemas"]["DeadLetter"]["properties"].keys()
        assert isinstance(read_letter(raw), DeadLetter)
    assert set(DeadLetter.__struct_fields__) <= json.loads(of_gateway).keys()


def test_a_change_of_the_registry_fits_the_document() -> None:
    terminal = TerminalRow("stand-1", "f", PlaceKind.BOOTH, "h1-001", 1)
    desk = TerminalRow("desk-1", "f", PlaceKind.DESK, "", 1, 2)
    rows = ChangedRows((terminal, desk), (KeyRow("k0000001", "stand-1", "ab" * 32, 1, 2, 3),), (), ("f",))
    raw = change_text(RegistryChange(1, "0" * 32, -1, "badge-key", 1, rows))
    assert fits(json.loads(raw), "RegistryChange", ASYNC) == []
    assert fits(json.loads(raw.replace(b"ab" * 32, b"secret")), "RegistryChange", ASYNC) != []


def test_the_page_says_how_much_a_request_may_hold_and_how_long_it_may_take() -> None:
    page = Path(__file__).parents[2] / "producers" / "gateway" / "README.md"
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert f"{HEADERS_MAX_BYTES // 1024} KiB of headers, {HEADERS_MAX} header lines" in text
    assert BODY_DEADLINE_S == HEADERS_DEADLINE_S == 10
    assert "ten seconds for the headers, ten for the body" in text


@pytest.mark.broker
def test_the_gateway_serves_the_document(gateway: GatewayProcess) -> None:
    answer = gateway.post(b"", path="/openapi.json", method="GET")
    servers = [{"url": "/", "description": "the gateway that serves this document"}]
    assert (answer.status, answer.json) == (200, {**DOCUMENT, "servers": servers})


@pytest.mark.broker
def test_answers_of_every_kind_fit_the_document(gateway: GatewayProcess) -> None:
    bad = event(data={})
    for body, status, schema in (
        (event(), 202, "Receipt"),
        ([event(), bad], 207, "Receipt"),
        (bad, 422, "Problem"),
        (b"{", 400, "Problem"),
        (event(source="/elsewhere"), 400, "Problem"),
        (deal(currency="CHF"), 422, "Problem"),
    ):
        answer = gateway.post(body)
        assert answer.status == status
        assert fits(answer.json, schema) == []
    assert fits(gateway.post(b"", path="/v1/terminal", method="GET").json, "TerminalInfo") == []


@pytest.mark.broker
@API.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_requests_that_the_document_allows_or_forbids_are_answered_as_it_says(
    gateway: GatewayProcess, case: Case
) -> None:
    case.headers["Authorization"] = f"Bearer {gateway.paired.of(BOOTH)}"
    response = case.call(base_url=f"http://{HOST}:{gateway.port}")
    case.validate_response(
        response,
        checks=(
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
        ),
    )
