"""OpenAPI and AsyncAPI say what is true: the gateway keeps to them, and our own events fit them."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema_rs import Draft202012Validator
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.api.asyncapi import asyncapi_text
from schemas.api.http import SERVER_FIELDS
from schemas.api.openapi import openapi_text
from schemas.dead_letters import DeadLetter, posted_letter, read_letter, record_letter
from schemas.errors import InvalidEvent
from schemas.events import Event, type_of
from schemas.ports import HOST
from schemas.topics import ALL_TOPICS, EVENT_CLASSES, PARTITIONS, Topic, key_of, topic_of
from schemas.wire import decode_strict
from tests.support.examples import EXAMPLES, example_event
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
    name = type(decode_strict(path.read_bytes())).__name__
    assert fits(stored, name, ASYNC) == []
    data = {field: value for field, value in stored.items() if field not in SERVER_FIELDS}
    posted = event(id=stored["event_id"], time=stored["occurred_at"], type=stored["type"], data=data)
    assert fits(posted, "Event") == []
    assert fits([posted], "Batch") == []
    assert fits({**posted, "data": {**data, "received_at": stored["received_at"]}}, "Event") != []


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
    assert DOCUMENT["components"]["schemas"]["Event"]["discriminator"]["mapping"][type_of(kind)].endswith(f"/{name}")


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_a_channel_says_how_many_partitions_there_are_and_what_chooses_among_them(topic: Topic) -> None:
    channel = ASYNC["channels"][topic.name]
    assert channel["bindings"]["kafka"]["partitions"] == PARTITIONS
    assert channel["x-partitioner"] == topic.partitioner == "murmur2 of the key bytes, as Kafka's Java client"


def test_dead_letters_of_workers_and_of_the_gateway_fit_the_document() -> None:
    error = InvalidEvent("not_json", "no JSON", field="data", hint="send JSON")
    _, of_worker = record_letter("fair.scans", 3, 17, None, error)
    _, of_gateway = posted_letter("", "t-1", "2025-10-25T09:00:00.000Z", b"{", error)
    for raw in (of_worker, of_gateway):
        assert fits(json.loads(raw), "DeadLetter", ASYNC) == []
        assert json.loads(raw).keys() <= ASYNC["components"]["schemas"]["DeadLetter"]["properties"].keys()
        assert isinstance(read_letter(raw), DeadLetter)
    assert set(DeadLetter.__struct_fields__) <= json.loads(of_gateway).keys()


@pytest.mark.broker
def test_the_gateway_serves_the_document(gateway: GatewayProcess) -> None:
    answer = gateway.post(b"", path="/openapi.json", method="GET")
    assert (answer.status, answer.json) == (200, DOCUMENT)


@pytest.mark.broker
def test_answers_of_every_kind_fit_the_document(gateway: GatewayProcess) -> None:
    bad = event(source="/elsewhere")
    for body, status, schema in (
        (event(), 202, "Receipt"),
        ([event(), bad], 207, "Results"),
        (bad, 422, "Problem"),
        (b"{", 400, "Problem"),
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
def test_whatever_the_document_allows_or_forbids_is_answered_as_it_says(gateway: GatewayProcess, case: Case) -> None:
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
