"""The OpenAPI document speaks to an integrator who has nothing else, in a form that code generators take."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from producers.gateway.http.problems import KINDS
from schemas.api.http import POSTED_CLASSES
from schemas.api.openapi import openapi_text
from schemas.events import Event, type_of
from tests.support.examples import has_example

DOCUMENT: dict[str, Any] = json.loads(openapi_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
OF_THE_HOUSE = re.compile(
    r"\.py\b|\bschemas/|\bschemas\.|\bNone\b|\bTrue\b|\bFalse\b|\bspool\b|\bevent_id\b|\boccurred_at\b|\bworkers?\b"
    r"|\bAttributes:|\bfair file\b(?!\.| With)|\bpydantic\b|\bredrive|\bdrawer\b(?!_)(?!`)|\bfairpulse [a-z]+ [a-z]+\b"
)
"""Words of this repository: its files, its Python, the fields of stored events, its commands."""


def nodes(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield everything in the document with its path."""
    yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in pairs:
        yield from nodes(one, (*path, str(name)))


def is_schema(path: tuple[str, ...]) -> bool:
    """Whether a node is a schema, or within one and not an example."""
    return ("schemas" in path or "schema" in path) and not {"example", "examples"} & set(path)


def misfits(value: Any, schema: dict[str, Any]) -> list[str]:
    document = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(document).iter_errors(value)]


def test_no_text_is_about_the_house_that_wrote_it() -> None:
    texts = [
        (path, node)
        for path, node in nodes(DOCUMENT)
        if isinstance(node, str) and path[-1] in {"description", "summary", "title", "detail", "message"}
    ]
    assert len(texts) > 100
    assert [(path, text) for path, text in texts if OF_THE_HOUSE.search(text)] == []


@pytest.mark.parametrize(
    "told",
    ["see schemas/ids.py", "`occurred_at`", "None without consent", "add it, then redrive", "delete it from the spool"],
)
def test_words_of_the_house_are_found(told: str) -> None:
    assert OF_THE_HOUSE.search(told)


def test_every_reference_leads_somewhere() -> None:
    found = [node["$ref"] for _, node in nodes(DOCUMENT) if isinstance(node, dict) and "$ref" in node]
    found += [ref for _, node in nodes(DOCUMENT) if isinstance(node, dict) for ref in node.get("mapping", {}).values()]
    texts = " ".join(node for _, node in nodes(DOCUMENT) if isinstance(node, str))
    found += re.findall(r"#/components/[A-Za-z/]+", texts)
    assert len(found) > 100
    for ref in found:
        at: Any = DOCUMENT
        for part in ref.removeprefix("#/").split("/"):
            at = at[part]


def test_no_schema_has_a_form_that_a_generator_stumbles_over() -> None:
    """`const` is not a text to openapi-generator, a default is a required field to openapi-typescript."""
    for path, node in nodes(DOCUMENT):
        if not (is_schema(path) and isinstance(node, dict)) or path[-1] in {"properties", "schemas"}:
            continue
        assert not {"const", "default", "title"} & node.keys(), path
        if "integer" in node.get("type", ()):
            assert node["format"] == ("int64" if node.get("maximum", 0) > 2**31 - 1 else "int32"), path
        if "enum" in node:
            assert node["type"] == "string", path


def test_an_operation_takes_one_content_type_and_headers_that_are_plain_text() -> None:
    """Of two, one with an array, openapi-generator makes no class; in openapi-python-client each post fails."""
    for operation in (one for path in DOCUMENT["paths"].values() for one in path.values()):
        assert len(operation.get("requestBody", {}).get("content", {"": {}})) == 1
        assert all("format" not in one["schema"] for one in operation["parameters"])
        assert operation["tags"]
        assert operation["operationId"]


def test_all_good_answers_of_an_operation_have_one_schema() -> None:
    """Java clients read a 207 by the schema of the 202."""
    for operation in (one for path in DOCUMENT["paths"].values() for one in path.values()):
        names = [one["$ref"].rpartition("/")[2] for code, one in operation["responses"].items() if code < "300"]
        answers = [DOCUMENT["components"]["responses"][name]["content"] for name in names]
        assert len({json.dumps(content["application/json"]["schema"]) for content in answers}) == 1


@pytest.mark.parametrize("kind", [kind for kind in POSTED_CLASSES if has_example(kind)])
def test_every_type_of_event_has_an_example(kind: type[Event]) -> None:
    (post,) = DOCUMENT["paths"]["/v1/events"]["post"]["requestBody"]["content"].values()
    (event,) = post["examples"][kind.__name__]["value"]
    assert event["type"] == type_of(kind)
    assert SCHEMAS[kind.__name__]["examples"] == [event]


def test_every_example_fits_its_schema() -> None:
    count = 0
    for _, node in nodes(DOCUMENT):
        if isinstance(node, dict) and isinstance(node.get("schema"), dict) and isinstance(node.get("examples"), dict):
            for example in node["examples"].values():
                count += 1
                assert misfits(example["value"], node["schema"]) == []
    for schema in SCHEMAS.values():
        for example in schema.get("examples", ()):
            count += 1
            assert misfits(example, schema) == []
    assert count > 20


def test_examples_of_problems_are_such_as_the_gateway_gives() -> None:
    for name, answer in DOCUMENT["components"]["responses"].items():
        for media in answer["content"].values():
            for code, example in media.get("examples", {}).items():
                if (value := example["value"]).get("type", "").startswith("urn:"):
                    kind = KINDS[code]
                    assert value["type"] == f"urn:fairpulse:problem:{code}", name
                    assert (value["code"], value["status"], value["title"]) == (code, kind.status, kind.title)
                    assert (value["action"], value["outcome"]) == (kind.action, kind.outcome)


def test_an_event_may_have_extensions_and_its_data_may_not() -> None:
    (event,) = SCHEMAS["VisitorScan"]["examples"]
    schema = {"$ref": "#/components/schemas/Event"}
    assert misfits({**event, "traceparent": "00-1", "partitionkey": "7", "sampled": True}, schema) == []
    assert misfits({**event, "data": {**event["data"], "traceparent": "00-1"}}, schema) != []


def test_binary_mode_is_described_by_a_header_for_each_attribute() -> None:
    headers = DOCUMENT["components"]["parameters"]
    assert {name for name, one in headers.items() if one["required"]} == {
        "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"}  # fmt: skip
    assert headers.keys() - {"ce-subject", "ce-dataschema"} == {
        "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"}  # fmt: skip


@pytest.mark.parametrize(("prefix", "url"), [("", "/"), ("/fair", "/fair")])
def test_the_server_is_where_the_document_came_from(prefix: str, url: str) -> None:
    assert [one["url"] for one in json.loads(openapi_text(prefix))["servers"]] == [url]
