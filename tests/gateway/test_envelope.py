"""The envelope of an event: every spelling of the standard is taken, and what is wrong is named."""

import base64
import json
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.gateway.events.envelope import Opened, WrongEnvelope, event_id_of, open_event
from producers.gateway.events.intake import Intake, Judged
from producers.gateway.events.media import media_type
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import UnreadableBody, read_request
from producers.gateway.http.answering import reply_to
from producers.gateway.http.heading import heading_of, token_in
from producers.gateway.http.problems import FINAL, RequestRefused
from schemas.api.http import EXTENSION_MAX_BYTES, EXTENSIONS_MAX, SERVER_FIELDS
from schemas.api.openapi import openapi_text
from schemas.dead_letters import DeadLetter, read_letter
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import DEALS, REJECTED
from tests.support.gateway import BOOTH, DATA, SCAN, deal, event

FAIR = load_fair(example_fair_path("small"))
RECEIVED = "2025-10-25T09:00:01.250Z"
DOCUMENT = json.loads(openapi_text())


def opened(**changes: Any) -> Opened:
    return open_event(event(**changes), BOOTH.source)


def judged(body: bytes, headers: dict[str, str] | None = None, intake: Intake | None = None) -> Judged:
    """Judge a request as the gateway does."""
    lines = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {"method": "POST", "path": "/v1/events", "query_string": b"", "headers": lines}
    if "content-type" not in (headers or {}):
        lines.append((b"content-type", b"application/json"))
    posting = read_request(heading_of(scope), body, BOOTH, RECEIVED)
    return (intake or Intake(FAIR, Remembered(100))).judge(posting)


# times, RFC 3339 section 5.6

TIMES = {
    "2025-10-25T09:00:00Z": "2025-10-25T09:00:00Z",
    "2025-10-25t09:00:00z": "2025-10-25T09:00:00.000Z",
    "2025-10-25 09:00:00z": "2025-10-25T09:00:00.000Z",
    "2025-10-25 09:00:00.5+00:00": "2025-10-25T09:00:00.500Z",
    "2025-10-25T09:00:00-00:00": "2025-10-25T09:00:00-00:00",
    "2025-10-25T09:00:00.1Z": "2025-10-25T09:00:00.1Z",
    "2025-10-25T09:00:00.123456789Z": "2025-10-25T09:00:00.123456789Z",
    "2025-10-25T09:00:00.123456789123456789Z": "2025-10-25T09:00:00.123Z",
    "2025-10-25T09:00:00.123456+08:00": "2025-10-25T01:00:00.123Z",
    "2025-10-25T17:00:00+23:59": "2025-10-25T17:00:00+23:59",
    "2024-02-29T00:00:00Z": "2024-02-29T00:00:00Z",
    "2025-06-30T23:59:60Z": "2025-07-01T00:00:00.000Z",
    "2025-06-30t23:59:60.25z": "2025-07-01T00:00:00.250Z",
    "2025-07-01T07:59:60+08:00": "2025-07-01T00:00:00.000Z",
    "1999-12-31T23:30:00-01:00": "2000-01-01T00:30:00.000Z",
    "2100-01-01T05:00:00+08:00": "2099-12-31T21:00:00.000Z",
    "2000-01-01T00:00:00Z": "2000-01-01T00:00:00Z",
}
NO_TIMES = [
    "", "noon", "2025-10-25", "2025-10-25T09:00:00", "2025-10-25T09:00Z", "2025-10-25T09:00:00,5Z", "1761382800",
    "20251025T090000Z", "2025-W43-6T09:00:00Z", "2025-10-25T24:00:00Z", "2025-10-25T09:60:00Z", "2025-10-25T09:00:61Z",
    "2025-10-25T09:00:60Z", "2025-02-29T09:00:00Z", "2025-13-01T09:00:00Z", "2025-00-01T09:00:00Z",
    "2025-10-25T09:00:00+24:00", "2025-10-25T09:00:00+01:75", "2025-10-25T09:00:00+0100", "2025-10-25T09:00:00.Z",
    "2100-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2099-12-31T23:59:60Z", "2000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:60Z", "2025-10-25_09:00:00Z", "\N{FULLWIDTH DIGIT TWO}025-10-25T09:00:00Z",
]  # fmt: skip


@pytest.mark.parametrize("posted", TIMES)
def test_a_time_is_taken_in_every_spelling_of_its_standard(posted: str) -> None:
    envelope = opened(time=posted).envelope
    assert (envelope.time, envelope.occurred_at) == (posted, TIMES[posted])
    (record,) = judged(json.dumps(event(time=posted)).encode()).records
    assert record.topic != REJECTED.name


@pytest.mark.parametrize("posted", NO_TIMES)
def test_what_is_not_a_time_of_its_standard_is_refused_by_name(posted: str) -> None:
    with pytest.raises(WrongEnvelope) as refused:
        opened(time=posted)
    assert (refused.value.reason, refused.value.pointer) == ("bad_value", "/time")


# ids

UUID7 = "0199313c-a804-7c4e-9d31-5b8f20c1e604"


@pytest.mark.parametrize(
    "posted",
    [UUID7, UUID7.upper(), f"{{{UUID7}}}", f"urn:uuid:{UUID7}", f"URN:UUID:{UUID7.upper()}", UUID7.replace("-", "")],
)
def test_every_spelling_of_a_uuid_is_the_same_id(posted: str) -> None:
    assert event_id_of(BOOTH.source, posted) == UUID7


OTHER_IDS = {
    "4711": "4711",
    "lane-7/4711": "lane-7/4711",
    "A234-1234-1234": "A234-1234-1234",
    "x" * 256: "x" * 256,
    "票 4711": "票 4711",
    # version 0, version 9, and a variant that is not that of RFC 9562: they name nothing that we could keep
    "0199313C-A804-0C4E-9D31-5B8F20C1E604": "0199313c-a804-0c4e-9d31-5b8f20c1e604",
    "0199313c-a804-9c4e-9d31-5b8f20c1e604": "0199313c-a804-9c4e-9d31-5b8f20c1e604",
    "0199313c-a804-4c4e-cd31-5b8f20c1e604": "0199313c-a804-4c4e-cd31-5b8f20c1e604",
}


@pytest.mark.parametrize("blanks", [" ", "\t", " \t "])
def test_blanks_around_a_header_are_not_part_of_its_value(blanks: str) -> None:
    attributes = {name: value for name, value in event(id="scan-7").items() if name != "data"}
    headers = {f"ce-{name}": f"{blanks}{value}{blanks}" for name, value in attributes.items()}
    data, whole = event()["data"], event(id="scan-7")
    first, again = judged(json.dumps(data).encode(), headers), judged(json.dumps(whole).encode())
    assert first.accepted == 1
    assert first.records[0].value == again.records[0].value


@pytest.mark.parametrize("text", ["Bearer t", "bearer  t", "Bearer t ", "BEARER t\t"])
def test_a_token_is_read_with_any_blanks_around_it(text: str) -> None:
    scope = {"method": "POST", "path": "/", "query_string": b"", "headers": [(b"authorization", text.encode())]}
    assert token_in(heading_of(scope)) == "t"


@pytest.mark.parametrize("posted", OTHER_IDS, ids=lambda text: text[:40])
def test_any_other_id_gives_the_same_uuid_each_time(posted: str) -> None:
    expected = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{BOOTH.source}#{OTHER_IDS[posted]}"))
    envelope = opened(id=posted).envelope
    assert (envelope.id, envelope.event_id) == (posted, expected)
    assert event_id_of("/another", posted) != expected


@pytest.mark.parametrize(
    "posted",
    ["", "x" * 257, "a\nb", "a\x00", "a\x7fb", "\ufffe", str(uuid.UUID(int=0)), "{" + "F" * 32 + "}", 7, ["a"], {}],
    ids=repr,
)
def test_an_id_that_tells_nothing_apart_is_refused(posted: Any) -> None:
    with pytest.raises(WrongEnvelope) as refused:
        opened(id=posted)
    assert (refused.value.reason, refused.value.pointer) == ("bad_value", "/id")


@pytest.mark.parametrize("target", [UUID7, UUID7.upper(), "lane-7/4711"])
def test_an_annulment_finds_its_target_under_the_id_that_was_posted(target: str) -> None:
    made = Intake(FAIR, Remembered(100))
    scan = event(id=target)
    data = {"target": target, "target_type": SCAN, "why": "mistake"}
    annulment = event(type="fair.scan.annulled.v1", data=data)
    first, second = (judged(json.dumps(one).encode(), intake=made) for one in (scan, annulment))
    assert [fate.message for fate in second.fates] == [None]
    assert json.loads(second.records[0].value)["target"] == json.loads(first.records[0].value)["event_id"]


@pytest.mark.parametrize(
    ("posted", "told"),
    [(UUID7, UUID7), (UUID7.upper(), UUID7.upper()), ("lane-7/4711", "lane-7/4711"), ("<b>", None), ("a b", None),
     (f"{{{UUID7}}}", None), ("x" * 129, None), (7, None)],
    ids=repr,
)  # fmt: skip
def test_an_answer_repeats_an_id_as_posted_if_it_is_safe(posted: Any, told: str | None) -> None:
    made = judged(json.dumps([event(id=posted), event(data={})]).encode())
    fates = made.fates or made.misread
    assert fates[0].posted_id == told


# extensions


@pytest.mark.parametrize(
    "extensions",
    [
        {"traceparent": "00-a-b-01"},
        {"partitionkey": "h1", "sequence": 2**53 - 1, "sampled": True},
        {"x" * 64: "y" * EXTENSION_MAX_BYTES},
        {f"k{number}": "" for number in range(EXTENSIONS_MAX)},
        {"n": -7, "m": 0, "no": False},
    ],
    ids=lambda one: ", ".join(one)[:40],
)
def test_extensions_are_kept_as_posted(extensions: dict[str, Any]) -> None:
    assert opened(**extensions, none=None).envelope.extensions == extensions


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("traceParent", "x", "/traceParent"),
        ("trace-id", "x", "/trace-id"),
        ("a/b~c", "x", "/a~1b~0c"),
        ("x" * 65, "x", ""),
        ("päth", "x", ""),
        ("", "x", ""),
        ("location", {"hall": 1}, "/location"),
        ("list", [], "/list"),
        ("ratio", 0.5, "/ratio"),
        ("number", 2**53, "/number"),
        ("long", "ü" * EXTENSION_MAX_BYTES, "/long"),
        ("lines", "a\nb", "/lines"),
    ],
)
def test_a_wrong_extension_is_named_and_its_value_is_not_repeated(name: str, value: Any, pointer: str) -> None:
    with pytest.raises(WrongEnvelope) as refused:
        opened(**{name: value})
    assert (refused.value.reason, refused.value.pointer) == ("bad_extension", pointer)
    assert str(value) not in str(refused.value) or value == "x"


def test_too_many_extensions_are_refused() -> None:
    with pytest.raises(WrongEnvelope, match=f"at most {EXTENSIONS_MAX} extensions"):
        opened(**{f"k{number}": 0 for number in range(EXTENSIONS_MAX + 1)})


# other attributes

WRONG = {
    "a list": ([], "", "bad_value"),
    **{f"no {name}": (event(**{name: ...}), f"/{name}", "missing_field") for name in event()},
    **{f"{name} null": (event(**{name: None}), f"/{name}", "missing_field") for name in event()},
    "an older version": (event(specversion="0.3"), "/specversion", "bad_value"),
    "a version as a number": (event(specversion=1.0), "/specversion", "bad_value"),
    "another source": (event(source="/elsewhere"), "/source", "wrong_source"),
    "an unknown type": (event(type="com.example.scan"), "/type", "unknown_type"),
    "data as text": (event(data=json.dumps(DATA[BOOTH.place])), "/data", "bad_value"),
    "XML": (event(datacontenttype="text/xml"), "/datacontenttype", "bad_value"),
    "no content type": (event(datacontenttype=""), "/datacontenttype", "bad_value"),
    "an empty subject": (event(subject=""), "/subject", "bad_value"),
    "a long subject": (event(subject="s" * 1_025), "/subject", "bad_value"),
    "a subject of two lines": (event(subject="a\nb"), "/subject", "bad_value"),
    "data twice": (event(data_base64="e30="), "/data_base64", "bad_value"),
    "no base64": (event(data=..., data_base64="{}"), "/data_base64", "bad_value"),
    "base64 of no JSON": (event(data=..., data_base64="AAAA"), "/data_base64", "bad_value"),
    "base64 of an array": (event(data=..., data_base64="W10="), "/data_base64", "bad_value"),
    "base64 of a key twice": (
        event(data=..., data_base64=base64.b64encode(b'{"a":1,"a":2}').decode()), "/data_base64", "bad_value"),
    "base64 as a number": (event(data=..., data_base64=7), "/data_base64", "bad_value"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_envelope_is_named_kept_and_nothing_beside_it_is_stored(name: str) -> None:
    one, pointer, code = WRONG[name]
    made = judged(json.dumps([event(), one]).encode())
    (fate,), (letter,) = made.misread, made.records
    assert (fate.at, fate.pointer, fate.code) == (1, f"/1{pointer}", code)
    assert (made.events, made.fates, letter.topic) == (2, [], REJECTED.name)
    read = read_letter(letter.value)
    assert isinstance(read, DeadLetter)
    assert json.loads(read.raw or b"") == one
    with pytest.raises(RequestRefused) as refused:
        reply_to(made)
    assert (refused.value.kind.status, refused.value.kind.code) == (400, "not_a_cloudevent")


@pytest.mark.parametrize(
    ("one", "schema"),
    [
        (event(time=...), "VisitorScan"),
        (event(data={}), "VisitorScanData"),
        (event(data=...), "VisitorScan"),
        (deal(value_minor=-1), "DealSignedData"),
        (event(type="x"), "Event"),
        ([], "Event"),
    ],
    ids=["no time", "empty data", "no data", "a bad field", "another type", "not an object"],
)
def test_an_error_links_to_the_schema_that_describes_what_is_wrong(one: Any, schema: str) -> None:
    made = judged(json.dumps([one]).encode())
    (fate,) = made.fates or made.misread
    assert fate.schema == f"../openapi.json#/components/schemas/{schema}"
    assert schema in DOCUMENT["components"]["schemas"]


# dead letters

HEAD = {"ce-specversion": "1.0", "ce-id": "4711", "ce-source": BOOTH.source, "ce-type": SCAN, "ce-traceparent": "t-1"}


def letter_of(made: Judged) -> DeadLetter:
    read = read_letter(made.records[0].value)
    assert isinstance(read, DeadLetter)
    return read


def test_the_letter_of_a_binary_event_is_the_event_whole() -> None:
    letter = letter_of(judged(b'{"a": 1}', HEAD))
    attributes = {name.removeprefix("ce-"): value for name, value in HEAD.items()}
    assert json.loads(letter.raw or b"") == {**attributes, "datacontenttype": "application/json", "data": {"a": 1}}


def test_what_is_kept_of_a_binary_event_whose_body_is_not_json_is_all_of_it() -> None:
    with pytest.raises(UnreadableBody, match="not_json") as refused:
        judged(b'{"a"', HEAD)
    kept = json.loads(refused.value.kept)
    assert base64.b64decode(kept.pop("data_base64")) == b'{"a"'
    assert (kept["id"], kept["traceparent"]) == ("4711", "t-1")
    assert refused.value.alone


def test_an_event_that_the_fair_file_refused_keeps_the_headers_that_it_would_have_had() -> None:
    letter = letter_of(judged(json.dumps({**deal(currency="CHF"), "id": "d/1", "traceparent": "t-1"}).encode()))
    headers = dict(letter.record_headers)
    assert letter.topic == DEALS.name
    assert (headers["ce_id"], headers["ce_traceparent"]) == (b"d/1", b"t-1")


def test_another_tracing_header_writes_no_second_letter() -> None:
    keys = {
        judged(json.dumps({**event(id=UUID7, data={}), "traceparent": trace}).encode()).records[0].key
        for trace in ("t-1", "t-2")
    }
    assert len(keys) == 1


# content types


@pytest.mark.parametrize(
    ("text", "name", "charset"),
    [
        ("application/json", "application/json", ""),
        (" Application/JSON ; Charset=UTF-8", "application/json", "utf-8"),
        ('a/b;charset="utf-8";q="a;b\\"c"', "a/b", "utf-8"),
        ("a/b;", "a/b", ""),
        ("a/b; ; version=1", "a/b", ""),
    ],
)
def test_a_content_type_is_read_with_its_charset(text: str, name: str, charset: str) -> None:
    kind = media_type(text)
    assert kind is not None
    assert (kind.name, kind.charset) == (name, charset)


@pytest.mark.parametrize(
    "text", ["", "json", "a/b c", "a/b; charset", 'a/b; charset="utf-8', "a/b, c/d", "a/b/c", "a/;"]
)
def test_what_is_not_a_content_type_is_none(text: str) -> None:
    assert media_type(text) is None


# the property

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just({})
NAMES = st.sampled_from([*event(), "subject", "datacontenttype", "dataschema", "data_base64", "x", "A", "trace-id"])


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4), st.booleans())
def test_no_mistake_around_the_data_is_ever_final(changes: dict[str, Any], is_binary: bool) -> None:
    """Whatever is around good data, it is stored, or the request is refused and kept."""
    changes = {name: value for name, value in changes.items() if name != "data"}
    one = {**event(), **changes}
    if is_binary:
        headers = {f"ce-{name}": str(value) for name, value in one.items() if name != "data"}
        headers = {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}
        body = json.dumps(one["data"]).encode()
    else:
        headers, body = {}, json.dumps(one).replace("Infinity", "1e400").encode()
    try:
        status = reply_to(judged(body, headers)).status
    except (RequestRefused, UnreadableBody) as refused:
        status = refused.kind.status if isinstance(refused, RequestRefused) else 400
    assert status in {202, 400, 415}
    assert status == 202 or status not in FINAL
    assert not SERVER_FIELDS & one["data"].keys()
