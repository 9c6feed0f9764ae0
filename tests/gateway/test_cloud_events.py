"""CloudEvents as the world sends them, over a real socket: each is stored once, and its attributes are headers."""

import asyncio
import base64
import gzip
import json
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer

from schemas.topics import SCANS
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, DATA, SCAN, Answer, GatewayProcess, event

pytestmark = pytest.mark.broker

SINGLE, BATCH, JSON = "application/cloudevents+json", "application/cloudevents-batch+json", "application/json"
UTF8 = "; charset=utf-8"
TIME = "2025-10-25T09:00:00.000Z"
BODY = json.dumps(DATA[BOOTH.place]).encode()
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


Maker = Callable[[str], tuple[dict[str, str], bytes]]
"""An id in, the headers and the body of a request out."""


class Row(NamedTuple):
    """How somebody sends a scan.

    Attributes:
        make: the request with an id.
        kept: headers of the record beyond those of every event; None for one that it must not have.
        ids: the ids that are posted; all of them are the same event.
    """

    make: Maker
    kept: dict[str, str | None]
    ids: tuple[str, ...]


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def structured(kind: str = SINGLE, *, array: bool = False, **changes: Any) -> Maker:
    def make(name: str) -> tuple[dict[str, str], bytes]:
        one = {**event(**changes), "id": name}
        return {"content-type": kind}, body([one] if array else one)

    return make


def binary(kind: str = JSON, **headers: str) -> Maker:
    """The headers of binary mode in the spelling of Go's SDK; `ce_time="..."` changes one."""

    def make(name: str) -> tuple[dict[str, str], bytes]:
        changed = {f"Ce-{key.removeprefix('ce_').title()}": value for key, value in headers.items()}
        given = {"Ce-Id": name, "Ce-Source": BOOTH.source, "Ce-Specversion": "1.0", "Ce-Time": TIME, "Ce-Type": SCAN}
        return {"content-type": kind, **given, **changed}, BODY

    return make


def packed(make: Maker, coding: str, times: int = 1) -> Any:
    def made(name: str) -> tuple[dict[str, str], bytes]:
        headers, raw = make(name)
        for _ in range(times):
            raw = gzip.compress(raw)
        return {**headers, "content-encoding": coding}, raw

    return made


def marked(name: str) -> tuple[dict[str, str], bytes]:
    return {"content-type": SINGLE}, b"\xef\xbb\xbf" + body(event(id=name))


def row(make: Any, *ids: str, **kept: str | None) -> Row:
    return Row(make, kept, ids or (str(uuid.uuid4()),))


BASE64 = base64.b64encode(BODY).decode()
ONE = str(uuid.uuid4())
ROWS = {
    # structured and batched
    "JavaScript, structured": row(structured(SINGLE + UTF8)),
    "Java, structured": row(structured("application/cloudevents+json; charset=UTF-8", datacontenttype=JSON)),
    "Go, batched": row(structured(BATCH, array=True, datacontenttype=JSON)),
    "plain JSON, one": row(structured(JSON)),
    "plain JSON, an array": row(structured(JSON, array=True)),
    "a content type in capitals": row(structured("Application/CloudEvents+JSON")),
    "a quoted charset and another parameter": row(structured(SINGLE + '; Charset="UTF-8"; profile="a;b"')),
    "the charset of ASCII": row(structured(JSON + ";charset=us-ascii")),
    "a byte order mark": row(marked),
    "traced": row(structured(traceparent=TRACE, tracestate="a=1,b=2"), traceparent=TRACE, tracestate="a=1,b=2"),
    "extensions of every kind": row(
        structured(partitionkey="h1", sequence=7, sampled=True, off=False, none=None),
        partitionkey="h1", sequence="7", sampled="true", off="false", none=None),
    "all optional attributes": row(
        structured(subject="Halle 1/Müller", dataschema="https://example.org/scan.json", datacontenttype=JSON),
        subject="Halle 1/Müller", dataschema="https://example.org/scan.json"),
    "null for what is left out": row(
        structured(subject=None, dataschema=None, datacontenttype=None), subject=None, dataschema=None),
    "a data content type with a charset": row(structured(datacontenttype="application/json; charset=utf-8")),
    "a data content type of JSON": row(structured(datacontenttype="application/vnd.fair.scan+json")),
    "data in base64": row(structured(data=..., data_base64=BASE64)),
    "data in base64 with a byte order mark": row(
        structured(data=..., data_base64=base64.b64encode(b"\xef\xbb\xbf" + BODY).decode())
    ),
    "data null, and in base64": row(structured(data=None, data_base64=BASE64)),
    # binary
    "Go, binary": row(binary()),
    "JavaScript, binary": row(binary(JSON + UTF8)),
    "Python, binary": row(binary(ce_time="2025-10-25T09:00:00Z"), time="2025-10-25T09:00:00Z"),
    "binary as text/json": row(binary("text/json")),
    "binary as a type of JSON": row(binary("application/vnd.fair.scan+json")),
    "binary and traced": row(binary(ce_traceparent=TRACE), traceparent=TRACE),
    "binary, percent-encoded": row(
        binary(ce_subject="Halle%201%2FM%C3%BCller%20100%25"), subject="Halle 1/Müller 100%"),
    "binary, encoded needlessly": row(binary(ce_subject="%41%42"), subject="AB"),
    "binary, not encoded": row(binary(ce_subject="100%"), subject="100%"),
    "binary, quoted": row(binary(ce_subject='"a \\"b\\" c"'), subject='a "b" c'),
    "binary, UTF-8 as it is": row(binary(ce_subject="Müller".encode().decode("latin-1")), subject="Müller"),
    # ids
    "an id in every spelling": row(
        structured(), ONE, ONE.upper(), f"{{{ONE}}}", f"urn:uuid:{ONE}", ONE.replace("-", "")),
    "an id of a device": row(structured(), "lane-7/4711"),
    "an id of a device, binary": row(binary(), "lane-7%2F4712"),
    "an id of spaces and letters": row(structured(), "Müller 4711 ✓"),
    # times
    "lower-case letters in a time": row(structured(time="2025-10-25t09:00:00.000z"), time=TIME),
    "nanoseconds": row(structured(time="2025-10-25T09:00:00.000123456Z"), time="2025-10-25T09:00:00.000123456Z"),
    "an offset": row(structured(time="2025-10-25T17:00:00+08:00"), time="2025-10-25T17:00:00+08:00"),
    # compressed
    "gzip": row(packed(structured(), "gzip")),
    "x-gzip in capitals": row(packed(structured(), "X-GZIP")),
    "identity": row(packed(structured(), "identity", 0)),
    "gzip, then nothing": row(packed(structured(), "gzip, identity")),
    "gzip twice": row(packed(structured(), "gzip, gzip", 2)),
    "gzip, binary mode": row(packed(binary(), "gzip")),
}  # fmt: skip


class Stored(NamedTuple):
    """A record of the topic of scans."""

    value: dict[str, Any]
    headers: dict[str, str]


async def scans(bootstrap_servers: str) -> list[Stored]:
    """Return every scan in Kafka with its headers."""
    consumer = AIOKafkaConsumer(SCANS.name, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[Stored] = []
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [Stored(json.loads(one.value), {k: v.decode() for k, v in one.headers}) for one in records]
        return found
    finally:
        await consumer.stop()


@pytest.fixture(scope="module")
def posted(gateway: GatewayProcess, log_of_events: LocalKafka) -> dict[str, tuple[list[Answer], list[Stored]]]:
    """Post every row; return its answers, and the records with its event's id."""
    answers = {
        name: [gateway.post(raw, headers=headers) for headers, raw in map(one.make, one.ids)]
        for name, one in ROWS.items()
    }
    stored = asyncio.run(scans(log_of_events.bootstrap_servers))
    return {
        name: (answers[name], [record for record in stored if record.value["event_id"] == expected_id(name)])
        for name in ROWS
    }


def expected_id(name: str) -> str:
    """Return the UUID of a row's event: its own, or version 5 of RFC 9562 over the source and the id."""
    text = ROWS[name].ids[0].replace("%2F", "/")
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{BOOTH.source}#{text}"))


@pytest.mark.parametrize("name", ROWS)
def test_a_scan_is_stored_once_with_its_attributes_as_headers(
    posted: dict[str, tuple[list[Answer], list[Stored]]], name: str
) -> None:
    answers, records = posted[name]
    assert [answer.status for answer in answers] == [202] * len(answers), answers[0].body
    assert [answer.json["accepted"] for answer in answers] == [1] + [0] * (len(answers) - 1)
    (one,) = records
    assert one.value["occurred_at"] == TIME
    assert {field: one.value[field] for field in DATA[BOOTH.place]} == DATA[BOOTH.place]
    row = ROWS[name]
    expected = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": row.ids[0].replace("%2F", "/"),
        "ce_source": BOOTH.source,
        "ce_type": SCAN,
        "ce_time": TIME,
        **{f"ce_{name}": value for name, value in row.kept.items()},
    }
    assert one.headers == {name: value for name, value in expected.items() if value is not None}


def test_another_tracing_header_does_not_make_another_event(gateway: GatewayProcess) -> None:
    one = event(traceparent=TRACE)
    assert gateway.post(one).json == {"accepted": 1, "duplicates": 0}
    assert gateway.post({**one, "traceparent": TRACE.replace("b7ad", "c7ad")}).json == {"accepted": 0, "duplicates": 1}


MISTAKES: dict[str, tuple[dict[str, str], bytes, int, str, str]] = {
    "text": ({"content-type": "text/plain"}, body(event()), 415, "media_type", "accept-post"),
    "a form": ({"content-type": "application/x-www-form-urlencoded"}, body(event()), 415, "media_type", "accept-post"),
    "XML": ({"content-type": "application/cloudevents+xml"}, b"<e/>", 415, "media_type", "accept-post"),
    "no content type": ({"content-type": ""}, body(event()), 415, "media_type", "accept-post"),
    "no media type": ({"content-type": "json"}, body(event()), 415, "media_type", "accept-post"),
    "a broken parameter": ({"content-type": 'application/json; charset="utf-8'}, body(event()), 415, "media_type",
                           "accept-post"),
    "another charset": ({"content-type": JSON + "; charset=utf-16"}, body(event()), 415, "media_type", "accept-post"),
    "binary mode of XML": (binary("text/xml")("a")[0], b"<e/>", 415, "media_type", "accept-post"),
    "brotli": ({"content-encoding": "br"}, body(event()), 415, "media_type", "accept-encoding"),
    "gzip around deflate": ({"content-encoding": "deflate, gzip"}, b"", 415, "media_type", "accept-encoding"),
    "gzip four times": ({"content-encoding": "gzip, gzip, gzip, gzip"}, b"", 415, "media_type", "accept-encoding"),
    "not gzip at all": ({"content-encoding": "gzip"}, body(event()), 400, "not_gzip", ""),
    "gzip, cut": ({"content-encoding": "gzip"}, gzip.compress(body(event()))[:-9], 400, "not_gzip", ""),
    "one announced, an array sent": ({"content-type": SINGLE}, body([event()]), 400, "wrong_shape", ""),
    "a batch announced, one sent": ({"content-type": BATCH}, body(event()), 400, "wrong_shape", ""),
    "no body": ({}, b"", 400, "no_body", ""),
    "no body, binary": (binary()("a")[0], b"", 400, "no_body", ""),
    "no events": ({"content-type": BATCH}, b"[]", 400, "no_events", ""),
    "a text as data": (binary()("a")[0], b'"x"', 400, "not_a_cloudevent", "/data bad_value"),
    "an array as data": (binary()("a")[0], b"[]", 400, "not_a_cloudevent", "/data bad_value"),
    "binary, no JSON": (binary()("a")[0], b"{", 400, "not_json", ""),
    "binary, an older version": (binary(ce_specversion="0.3")("a")[0], BODY, 400, "not_a_cloudevent",
                                 "/specversion bad_value"),
    "binary, no UTF-8": (binary(ce_subject="%FF")("a")[0], BODY, 400, "not_a_cloudevent", "/subject bad_value"),
    "binary, data in a header": (binary(ce_data="1")("a")[0], BODY, 400, "not_a_cloudevent", "/ce-data bad_extension"),
    "binary, a name with a hyphen": ({**binary()("a")[0], "ce-trace-id": "1"}, BODY, 400, "not_a_cloudevent",
                                     "/trace-id bad_extension"),
    "binary, the body a whole event": (binary()("a")[0], body(event()), 400, "not_a_cloudevent", "/data bad_value"),
    "no CloudEvent": ({}, BODY, 400, "not_a_cloudevent", "/specversion missing_field"),
    "two events, one without time": ({}, body([event(), event(time=...)]), 400, "not_a_cloudevent",
                                     "/1/time missing_field"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_the_software_is_named_and_never_final(gateway: GatewayProcess, name: str) -> None:
    headers, raw, status, code, named = MISTAKES[name]
    answer = gateway.post(raw, headers=headers)
    assert (answer.status, answer.code) == (status, code), answer.body
    assert answer.json["action"] == ("bisect" if name.startswith("two events") else "keep_and_alert")
    assert answer.json["retryable"] is False
    if status == 415:
        assert {"accept-post", "accept-encoding"} & answer.headers.keys() == {named}
    if code == "not_a_cloudevent":
        (error,) = answer.json["errors"]
        assert f"{error['pointer']} {error['code']}" == named
        assert "rejected" not in answer.json
