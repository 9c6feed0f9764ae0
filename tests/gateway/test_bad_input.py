"""The catalogue of bad input, over a real socket: the answer names the error, and never repeats the input."""

import json
import uuid
from typing import Any

import pytest

from schemas.api.http import EVENTS_MAX
from tests.support.gateway import BOOTH, DEAL, Answer, GatewayProcess, deal, event

pytestmark = pytest.mark.broker

SECRET = "s3cret-7f"


def body_with(text: str, at: str = "@") -> bytes:
    """Return an event whose data hold `value`: the JSON text."""
    raw = json.dumps(deal(deal_id=f"d-{uuid.uuid4()}", value_minor=at))
    return raw.replace(f'"{at}"', text).encode()


def data_with(**fields: Any) -> bytes:
    base = {"scan_kind": "booth", "badge_role": "visitor_public"}
    return json.dumps(event(data={**base, **fields})).encode()


def plain(**changes: Any) -> bytes:
    return json.dumps(event(**changes)).encode()


def interaction(**fields: Any) -> bytes:
    data = {"interaction_kind": "demo_started", "exhibit_id": "x-e1", "exhibitor_id": "e1", **fields}
    return json.dumps(event(type="fair.exhibit.interaction.v1", data=data)).encode()


ONE = event()
CASES: dict[str, tuple[bytes, int, str]] = {
    # B1-B13: JSON
    "B1 a key twice": (plain()[:-1] + b',"id":"x"}', 400, "duplicate_key"),
    "B1 a key twice in data": (
        plain().replace(b'"badge_role"', b'"scan_kind":"booth","badge_role"'), 400, "duplicate_key"),
    "B2 NaN": (body_with("NaN"), 400, "not_json"),
    "B2 Infinity": (body_with("-Infinity"), 400, "not_json"),
    "B3 a float beyond all floats": (body_with("1e400"), 422, "bad_value"),
    "B4 an integer of 31 digits": (body_with("1" + "0" * 30), 422, "bad_value"),
    "B5 an integer of 4,301 digits": (body_with("9" * 4_301), 422, "bad_value"),
    "B5 a megabyte of digits": (body_with("9" * 1_000_000), 413, "event_too_large"),
    "B6 a float for an integer": (body_with("1.0"), 422, "bad_value"),
    "B6 text for an integer": (body_with('"1"'), 422, "bad_value"),
    "B6 true for an integer": (body_with("true"), 422, "bad_value"),
    "B7 a leading zero": (body_with("01"), 400, "not_json"),
    "B7 a leading plus": (body_with("+1"), 400, "not_json"),
    "B7 a trailing point": (body_with("1."), 400, "not_json"),
    "B8 150 levels": (body_with("[" * 150 + "]" * 150), 422, "too_many_fields"),
    "B8 250 levels": (body_with("[" * 250 + "]" * 250), 400, "too_deep"),
    "B8 100,000 levels": (body_with("[" * 100_000), 400, "too_many_fields"),
    "B8 300,000 lists": (body_with(f"[{'[],' * 300_000}[]]"), 400, "too_many_fields"),
    "B8 a long number among 500,000 others": (body_with(f"[{'9' * 5_000}{',1' * 500_000}]"), 400, "too_many_fields"),
    "B9 invalid UTF-8": (plain().replace(b"booth", b"\xff\xfe", 1), 400, "not_json"),
    "B9 an overlong zero": (plain().replace(b"public", b"\xc0\x80"), 400, "not_json"),
    "B9 a surrogate in UTF-8": (plain().replace(b"public", b"\xed\xa0\x80"), 400, "not_json"),
    "B9 a lone surrogate": (plain().replace(b"public", b"\\ud800"), 400, "not_json"),
    "B10 a zero character": (plain().replace(b"public", b"\\u0000"), 422, "bad_value"),
    "B11 a raw newline in text": (plain().replace(b"public", b"pub\nlic"), 400, "not_json"),
    "B11 UTF-16": (plain().decode().encode("utf-16"), 400, "not_json"),
    "B11 a comment": (b"/* hello */" + plain(), 400, "not_json"),
    "B11 a trailing comma": (plain()[:-1] + b",}", 400, "not_json"),
    "B11 trailing garbage": (plain() + b"x", 400, "not_json"),
    "B11 two lines of JSON": (plain() + b"\n" + plain(), 400, "not_json"),
    "B11 nothing": (b"", 400, "no_body"),
    "B11 null": (b"null", 400, "wrong_shape"),
    "B11 a number": (b"7", 400, "wrong_shape"),
    "B11 a cut body": (plain()[:-9], 400, "not_json"),
    "B12 an attribute with a name of its own": (plain(s3cret_name=SECRET), 400, "bad_extension"),
    "B12 an object beside data": (plain(location={"s3cret": SECRET}), 400, "bad_extension"),
    "B12 4,000 attributes": (plain(**{f"k{number}": 0 for number in range(4_000)}), 400, "bad_extension"),
    "B12 an unknown field": (data_with(unknown=SECRET), 422, "unknown_field"),
    "B12 an unknown field with an odd name": (data_with(**{f"{SECRET} ": 1}), 422, "unknown_field"),
    "B12 __proto__": (data_with(__proto__={"x": 1}), 422, "unknown_field"),
    "B12 the wrong case": (data_with(Scan_Kind="booth"), 422, "unknown_field"),
    "B13 80,000 unknown attributes in 900 kB": (
        plain(**{f"k{number}": 0 for number in range(80_000)}), 400, "bad_extension"),
    "B13 4,000 unknown fields": (data_with(**{f"k{number}": 0 for number in range(4_000)}), 422, "too_many_fields"),
    "B13 4,000 unknown fields of a party": (
        json.dumps(deal(parties=[{f"k{number}": 0 for number in range(4_000)}])).encode(), 422, "too_many_fields"),
    # B14-B21: values
    "B14 a time without an offset": (plain(time="2025-10-25T09:00:00"), 400, "bad_value"),
    "B15 a time as a number in text": (plain(time="1700000000"), 400, "bad_value"),
    "B15 a time as a number": (plain(time=1_700_000_000), 400, "bad_value"),
    "B16 the year 9999": (plain(time="9999-01-01T00:00:00Z"), 400, "bad_value"),
    "B17 a second 60 in the middle of a day": (plain(time="2025-10-25T09:00:60Z"), 400, "bad_value"),
    "B17 an offset of 25 hours": (plain(time="2025-10-25T09:00:00+25:00"), 400, "bad_value"),
    "B17 a date": (plain(time="2025-10-25"), 400, "bad_value"),
    "B18 a decimal with a giant exponent": (body_with('"1E+1000000"'), 422, "bad_value"),
    "B19 Arabic digits": (body_with('"١٢"'), 422, "bad_value"),
    "B19 Arabic digits in a time": (plain(time="٢٠٢٥-10-25T09:00:00Z"), 400, "bad_value"),
    "B20 the nil UUID": (plain(id=str(uuid.UUID(int=0))), 400, "bad_value"),
    "B20 an empty id": (plain(id=""), 400, "bad_value"),
    "B20 a long id": (plain(id=SECRET * 30), 400, "bad_value"),
    "B21 a currency with a newline": (json.dumps(deal(currency="EUR\n")).encode(), 422, "bad_value"),
    # text that looks like something else
    "CR LF in an id": (data_with(booth_id="h1-001\r\nX: 1"), 422, "bad_value"),
    "an ANSI escape": (data_with(booth_id="\x1b[2Jh1-001"), 422, "bad_value"),
    "a bidi override": (data_with(booth_id="h1-\u202e001"), 422, "bad_value"),
    "a zero-width space": (data_with(booth_id="h1-001\u200b"), 422, "bad_value"),
    "a homoglyph": (data_with(booth_id="\u04bb1-001"), 422, "bad_value"),
    "combining marks": (data_with(booth_id="h1-001" + "\u0301" * 40), 422, "bad_value"),
    "a decomposed letter": (data_with(booth_id="e\u0301"), 422, "bad_value"),
    "an emoji": (data_with(booth_id="\U0001f600"), 422, "bad_value"),
    "60 KiB of text": (data_with(booth_id="a" * 60_000), 422, "bad_value"),
    "70 KiB of text": (data_with(booth_id="a" * 70_000), 413, "event_too_large"),
    # scope
    "another booth": (data_with(booth_id="h2-001"), 422, "out_of_scope"),
    "a gate's scan from a booth": (data_with(scan_kind="entry", gate_id="north"), 422, "out_of_scope"),
    "a booth's scan that names a gate": (data_with(gate_id="north"), 422, "out_of_scope"),
    "an exhibit of another booth": (interaction(exhibit_id="night-train", exhibitor_id="e3"), 422, "out_of_scope"),
    "another's exhibit as one's own": (interaction(exhibit_id="night-train", exhibitor_id="e1"), 422, "unknown_place"),
    "a deal of another booth": (json.dumps(deal(booth_id="h2-001")).encode(), 422, "out_of_scope"),
    "another fair in source": (plain(source=BOOTH.source.replace("small", "other")), 400, "wrong_source"),
    "another terminal in source": (plain(source=BOOTH.source + "0"), 400, "wrong_source"),
    "dots in source": (plain(source=BOOTH.source.replace("h1-", "../booths/h1-")), 400, "wrong_source"),
    "a control character in source": (plain(source=BOOTH.source + "\x07"), 400, "bad_value"),
    **{
        f"{name} from the terminal": (data_with(**{name: value}), 422, "unknown_field")
        for name, value in {
            "fair_id": "small-2025", "terminal_id": "stand-1", "received_at": "2025-10-25T09:00:00Z",
            "clock_offset_ms": 0, "event_id": str(uuid.uuid4()), "occurred_at": "2025-10-25T09:00:00Z", "type": "x",
        }.items()
    },
    # deals
    "a negative amount": (body_with("-1"), 422, "bad_value"),
    "an amount of 2^53": (body_with(str(2**53)), 422, "bad_value"),
    "a revision of 2^53+1": (json.dumps(deal(revision=2**53 + 1)).encode(), 422, "bad_value"),
    "revision 0": (json.dumps(deal(revision=0)).encode(), 422, "bad_value"),
    "an unknown currency": (json.dumps(deal(currency="CHF")).encode(), 422, "unknown_currency"),
    "a value without a currency": (json.dumps(deal(currency=...)).encode(), 422, "missing_field"),
    "no parties": (json.dumps(deal(parties=[])).encode(), 422, "bad_value"),
    # envelope
    "no events": (b"[]", 400, "no_events"),
    "501 events": (json.dumps([ONE] * (EVENTS_MAX + 1)).encode(), 413, "too_many_events"),
    "an unknown type": (plain(type="fair.visitor.teleported.v1"), 400, "unknown_type"),
    "a newer version of a type": (plain(type="fair.visitor.scanned.v2"), 400, "unknown_type"),
    "no type": (plain(type=...), 400, "missing_field"),
    "no id": (plain(id=...), 400, "missing_field"),
    "no data": (plain(data=...), 400, "missing_field"),
    "data in base64": (plain(data=..., data_base64="e30="), 422, "missing_field"),
    "data as text": (plain(data="{}"), 400, "bad_value"),
    "CloudEvents 2.0": (plain(specversion="2.0"), 400, "bad_value"),
    "XML in data": (plain(datacontenttype="text/xml"), 400, "bad_value"),
    "an event that is a list": (b"[[]]", 400, "bad_value"),
}  # fmt: skip


def code_of(answer: Answer) -> str:
    """Return the error code of the first event, or of the request."""
    return str(answer.json["errors"][0]["code"]) if answer.code in {"rejected", "not_a_cloudevent"} else answer.code


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_by_name_and_not_echoed(gateway: GatewayProcess, name: str) -> None:
    body, status, code = CASES[name]
    answer = gateway.post(body)
    assert (answer.status, code_of(answer)) == (status, code), answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert SECRET.encode() not in answer.body
    assert len(answer.body) < 8_192
    assert gateway.get("/livez")[0] == 200


@pytest.mark.parametrize(
    "spelling", [str.upper, "{{{}}}".format, "urn:uuid:{}".format, lambda text: text.replace("-", "")]
)
def test_every_spelling_of_a_uuid_is_the_same_event(gateway: GatewayProcess, spelling: Any) -> None:
    one = event()
    assert gateway.post(one).json == {"accepted": 1, "duplicates": 0}
    assert gateway.post({**one, "id": spelling(one["id"])}).json == {"accepted": 0, "duplicates": 1}


def test_the_good_events_of_a_bad_batch_are_kept_and_each_result_has_its_index(gateway: GatewayProcess) -> None:
    batch = [event() for _ in range(20)]
    for bad in (3, 7, 9):
        batch[bad] = event(data={"scan_kind": "booth", "badge_role": SECRET})
    answer = gateway.post(batch)
    assert answer.status == 207
    results = answer.json["results"]
    assert [one["index"] for one in results] == list(range(20))
    assert [one["index"] for one in results if one["outcome"] == "rejected"] == [3, 7, 9]
    assert [one["id"] for one in results] == [one["id"] for one in batch]
    assert results[7]["pointer"] == "/7/data/badge_role"
    assert SECRET.encode() not in answer.body


def test_an_id_twice_in_a_batch_is_one_event(gateway: GatewayProcess) -> None:
    one = event()
    answer = gateway.post([one, one])
    assert (answer.status, answer.json) == (202, {"accepted": 1, "duplicates": 1})


def test_two_events_with_one_id_are_a_conflict_and_the_first_counts(gateway: GatewayProcess) -> None:
    one = event()
    other = {**one, "time": "2025-10-25T10:00:00Z"}
    assert gateway.post(one).status == 202
    answer = gateway.post(other)
    assert (answer.status, answer.code, answer.json["action"]) == (409, "event_id_conflict", "drawer")
    assert gateway.post(one).json == {"accepted": 0, "duplicates": 1}


def test_two_events_with_one_id_in_one_batch_are_a_conflict(gateway: GatewayProcess) -> None:
    one = event()
    answer = gateway.post([one, {**one, "time": "2025-10-25T10:00:00Z"}])
    assert [result["outcome"] for result in answer.json["results"]] == ["accepted", "rejected"]


def test_the_order_of_keys_and_the_spelling_of_a_time_do_not_make_another_event(gateway: GatewayProcess) -> None:
    one = event()
    again = {**dict(reversed(one.items())), "time": "2025-10-25T11:00:00+02:00"}
    assert gateway.post(one).status == 202
    assert gateway.post(again, headers={"Sent-At": "2025-10-25T09:00:01Z"}).json == {"accepted": 0, "duplicates": 1}


def test_a_negative_zero_is_a_zero(gateway: GatewayProcess) -> None:
    assert gateway.post(body_with("-0")).status == 202


def test_the_content_type_says_whether_it_is_a_batch(gateway: GatewayProcess) -> None:
    single, batch = "application/cloudevents+json", "application/cloudevents-batch+json; charset=utf-8"
    assert gateway.post(event(), headers={"content-type": single}).status == 202
    assert gateway.post([event()], headers={"content-type": batch}).status == 202
    assert gateway.post([event()], headers={"content-type": single}).code == "wrong_shape"
    assert gateway.post(event(), headers={"content-type": batch}).code == "wrong_shape"


def test_a_body_of_more_than_a_mebibyte_is_too_large(gateway: GatewayProcess) -> None:
    answer = gateway.post(b"[" + b" " * 1_048_576)
    assert (answer.status, answer.code, answer.json["action"]) == (413, "body_too_large", "bisect")


def test_a_large_batch_of_the_largest_deals_is_taken(gateway: GatewayProcess) -> None:
    parties = [{"org_id": "o" * 60, "role": "seller", "country": "DE"}] * 8
    batch = [deal(deal_id=f"large-{number}", parties=parties) for number in range(EVENTS_MAX)]
    assert gateway.post(batch).json == {"accepted": EVENTS_MAX, "duplicates": 0}


def test_an_unreadable_clock_loses_no_event(gateway: GatewayProcess) -> None:
    before = gateway.metric("fair_gateway_bad_sent_at_total")
    assert gateway.post(event(), headers={"Sent-At": "yesterday"}).status == 202
    assert gateway.post(event(), headers={"Sent-At": "2005-01-01T00:00:00Z"}).status == 202
    assert gateway.metric("fair_gateway_bad_sent_at_total") == before + 2


def test_the_deal_that_every_case_starts_from_is_good(gateway: GatewayProcess) -> None:
    assert gateway.post(deal(**DEAL)).status == 202
