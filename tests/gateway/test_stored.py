"""When the answer comes, Kafka has the event with the server's stamps, and a dead letter for each refusal."""

import base64
import json
import time
from typing import Any

import pytest

from schemas.api.http import SIMULATED_TIME
from schemas.codes import Capture
from schemas.errors import InvalidEvent
from schemas.events import DealCancelled, DealSigned, VisitorScan
from schemas.times import epoch_ms
from schemas.topics import DEALS, INTERACTIONS, REJECTED, SCANS, key_of
from schemas.wire import decoder, encode
from streams.local.kafka import LocalKafka
from tests.support.gateway import BADGE, BOOTH, DESK, ELSEWHERE, GATE, HALL, OTHER_BOOTH, GatewayProcess, deal, event
from tests.support.workers import read_back

pytestmark = pytest.mark.broker


@pytest.fixture
def stored(log_of_events: LocalKafka) -> Any:
    """Return a function: topic and event id in, the records with that id out."""

    def find(topic: str, event_id: str) -> list[tuple[bytes | None, bytes]]:
        records = read_back(log_of_events.bootstrap_servers, topic)
        if topic == REJECTED.name:
            letters = [(key, json.loads(value or b"{}")) for _, _, _, key, value in records]
            return [
                (key, base64.b64decode(one["value"]), one)  # type: ignore[misc]
                for key, one in letters
                if event_id.encode() in base64.b64decode(one["value"])
            ]
        return [(key, value) for _, _, _, key, value in records if value and event_id.encode() in value]

    return find


def test_the_server_stamps_fair_booth_terminal_and_times(gateway: GatewayProcess, stored: Any) -> None:
    one = event(
        data={
            "scan_kind": "booth",
            "badge_role": "visitor_public",
            "badge_ref": BADGE,
            "terminal_seq": 7,
            "terminal_epoch": "3f9c01de",
        }
    )
    before = time.time()  # noqa: TID251 - compared with the server's own clock
    answer = gateway.post(
        # No other test is so far behind: the least difference of ten minutes counts, and the gateway is shared.
        one,
        headers={"Sent-At": "2025-10-20T09:00:05.000Z", SIMULATED_TIME: "2025-10-25T09:00:07.000Z"},
    )
    assert answer.status == 202
    ((key, raw),) = stored(SCANS.name, one["id"])
    scan = decoder(SCANS.name)(raw)
    assert isinstance(scan, VisitorScan)
    assert (scan.fair_id, scan.terminal_id, scan.booth_id) == ("small-2025", "stand-1", "h1-001")
    assert (scan.terminal_seq, scan.terminal_epoch, scan.capture) == (7, "3f9c01de", Capture.ONLINE)
    assert abs(scan.received_at.timestamp() - before) < 60
    sent_ms = 1_760_950_805_000
    assert scan.clock_offset_ms == epoch_ms(scan.received_at) - sent_ms
    assert raw == encode(scan)
    assert key == key_of(scan)


def test_without_a_clock_in_the_request_the_terminals_clock_counts(gateway: GatewayProcess, stored: Any) -> None:
    one = event()
    assert gateway.post(one).status == 202
    ((_, raw),) = stored(SCANS.name, one["id"])
    assert decoder(SCANS.name)(raw).clock_offset_ms == 0


@pytest.mark.parametrize(
    ("terminal", "field", "place"), [(GATE, "gate_id", "north"), (HALL, "hall_id", "h1"), (BOOTH, "booth_id", "h1-001")]
)
def test_the_place_comes_from_the_token(
    gateway: GatewayProcess, stored: Any, terminal: Any, field: str, place: str
) -> None:
    one = event(terminal)
    assert gateway.post(one, terminal).status == 202
    ((_, raw),) = stored(SCANS.name, one["id"])
    assert json.loads(raw)[field] == place


def test_a_deal_is_stored_under_its_booth_so_that_no_other_booth_can_touch_it(
    gateway: GatewayProcess, stored: Any
) -> None:
    signed = deal(BOOTH, deal_id="d-77")
    cancelled = event(
        OTHER_BOOTH,
        type="fair.deal.cancelled.v1",
        data={"deal_id": "d-77", "revision": 2, "reason": "withdrawn"},
    )
    assert gateway.post(signed).status == 202
    assert gateway.post(cancelled, OTHER_BOOTH).status == 202
    ((key, raw),) = stored(DEALS.name, signed["id"])
    ((other_key, other_raw),) = stored(DEALS.name, cancelled["id"])
    first, second = decoder(DEALS.name)(raw), decoder(DEALS.name)(other_raw)
    assert isinstance(first, DealSigned)
    assert isinstance(second, DealCancelled)
    assert (first.deal_id, second.deal_id) == ("h1-001.d-77", "h2-001.d-77")
    assert (key, other_key) == (b"h1-001.d-77", b"h2-001.d-77")


def test_a_deal_with_the_id_of_another_booth_is_stored_under_its_own(gateway: GatewayProcess, stored: Any) -> None:
    one = deal(OTHER_BOOTH, deal_id="h1-001.d-77", section="travel")
    assert gateway.post(one, OTHER_BOOTH).status == 202
    ((_, raw),) = stored(DEALS.name, one["id"])
    assert json.loads(raw)["deal_id"] == "h2-001.h1-001.d-77"


def test_a_desk_of_the_organiser_amends_the_deal_of_any_booth(gateway: GatewayProcess, stored: Any) -> None:
    one = deal(DESK, "amended", deal_id="h1-001.d-77", revision=3, change_kind="correction", booth_id="h1-001")
    answer = gateway.post(one, DESK)
    assert answer.status == 202, answer.body
    ((_, raw),) = stored(DEALS.name, one["id"])
    assert json.loads(raw)["deal_id"] == "h1-001.d-77"


@pytest.mark.parametrize("terminal", [GATE, HALL, DESK], ids=lambda one: one.place)
def test_only_booths_post_interactions(gateway: GatewayProcess, stored: Any, terminal: Any) -> None:
    data = {"interaction_kind": "demo_started", "exhibit_id": "x-e1", "exhibitor_id": "e1"}
    one = event(terminal, type="fair.exhibit.interaction.v1", data=data)
    assert gateway.post(one, terminal).status == 422
    assert stored(INTERACTIONS.name, one["id"]) == []


@pytest.mark.parametrize("terminal", [GATE, HALL], ids=lambda one: one.place)
def test_gates_and_hall_doors_post_no_deals(gateway: GatewayProcess, terminal: Any) -> None:
    assert gateway.post(deal(terminal), terminal).json["errors"][0]["code"] == "out_of_scope"


def test_an_event_refused_by_the_fair_file_can_be_redriven_from_its_letter(
    gateway: GatewayProcess, stored: Any
) -> None:
    one = deal(currency="CHF")
    assert gateway.post(one).status == 422
    ((key, raw, letter),) = stored(REJECTED.name, one["id"])
    assert decoder(DEALS.name)(raw).event_id == one["id"]
    assert (letter["reason"], letter["topic"], letter["origin"]) == ("unknown_currency", DEALS.name, "gateway")
    assert letter["terminal_id"] == "stand-1"
    assert key.startswith(b"gateway-stand-1-")


def test_an_event_for_another_place_is_refused_again_when_it_is_redriven(gateway: GatewayProcess, stored: Any) -> None:
    one = deal(booth_id="h2-001")
    assert gateway.post(one).status == 422
    ((_, raw, letter),) = stored(REJECTED.name, one["id"])
    assert letter["reason"] == "out_of_scope"
    with pytest.raises(InvalidEvent):
        decoder(DEALS.name)(raw)


def test_a_malformed_event_is_kept_in_the_letter_as_posted(gateway: GatewayProcess, stored: Any) -> None:
    one = event(data={"scan_kind": "teleported", "badge_role": "visitor_public"})
    assert gateway.post([one, event()]).status == 207
    ((_, raw, letter),) = stored(REJECTED.name, one["id"])
    assert json.loads(raw) == one
    assert (letter["reason"], letter["field"]) == ("bad_value", "scan_kind")


def test_a_body_that_is_not_json_becomes_a_letter_too(gateway: GatewayProcess, stored: Any) -> None:
    one = event()
    assert gateway.post(json.dumps(one).encode()[:-1]).status == 400
    ((_, _, letter),) = stored(REJECTED.name, one["id"])
    assert (letter["reason"], letter["topic"]) == ("not_json", "")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(lambda one: json.dumps(one).encode()[:-1], 400, id="a body that is not JSON"),
        pytest.param(lambda one: {**one, "data": {}}, 422, id="an event that is not one"),
        pytest.param(lambda one: {**one, "type": "x"}, 400, id="an event that is not a CloudEvent"),
        pytest.param(lambda one: {**deal(currency="CHF"), "id": one["id"]}, 422, id="an unknown currency"),
    ],
)
def test_the_same_refusal_is_answered_again_from_one_letter(
    gateway: GatewayProcess, stored: Any, change: Any, status: int
) -> None:
    one = event()
    body = change(one)
    assert [gateway.post(body).status for _ in range(3)] == [status] * 3
    assert len(stored(REJECTED.name, one["id"])) == 1


def test_an_event_without_an_envelope_becomes_a_letter_as_posted_and_nothing_beside_it_is_stored(
    gateway: GatewayProcess, stored: Any
) -> None:
    good, bad = event(), event(time=..., traceparent="00-af-b7-01")
    answer = gateway.post([good, bad])
    assert (answer.status, answer.code, answer.json["action"]) == (400, "not_a_cloudevent", "bisect")
    assert [(one["index"], one["id"], one["pointer"]) for one in answer.json["errors"]] == [(1, bad["id"], "/1/time")]
    ((_, raw, letter),) = stored(REJECTED.name, bad["id"])
    assert json.loads(raw) == bad
    assert (letter["reason"], letter["field"], letter["topic"]) == ("missing_field", "time", SCANS.name)
    assert stored(SCANS.name, good["id"]) == []
    assert gateway.post(good).json == {"accepted": 1, "duplicates": 0}


def test_a_duplicate_is_not_stored_again(gateway: GatewayProcess, stored: Any) -> None:
    one = event()
    assert gateway.post(one).status == 202
    assert gateway.post([one]).json == {"accepted": 0, "duplicates": 1}
    assert len(stored(SCANS.name, one["id"])) == 1


def test_the_same_id_from_another_terminal_is_another_event(gateway: GatewayProcess, stored: Any) -> None:
    one = event(GATE)
    other = event(HALL, id=one["id"])
    assert gateway.post(one, GATE).json == {"accepted": 1, "duplicates": 0}
    assert gateway.post(other, HALL).json == {"accepted": 1, "duplicates": 0}
    assert len(stored(SCANS.name, one["id"])) == 2


def test_a_terminal_of_another_fair_is_told_so(gateway: GatewayProcess) -> None:
    answer = gateway.post(event(ELSEWHERE), ELSEWHERE)
    assert (answer.status, answer.code, answer.json["action"]) == (403, "wrong_fair", "keep_and_pair_again")


def test_a_terminal_can_ask_who_it_is(gateway: GatewayProcess) -> None:
    answer = gateway.post(b"", path="/v1/terminal", method="GET")
    assert answer.status == 200
    info = answer.json
    assert (info["fair_id"], info["terminal_id"], info["place"], info["place_id"]) == (
        "small-2025",
        "stand-1",
        "booth",
        "h1-001",
    )
    assert info["source"] == BOOTH.source
    assert info["limits"]["request_events"] == 500
    assert info["server_time"].endswith("Z")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"authorization": ""}, "token_malformed"),
        ({"authorization": "Bearer"}, "token_unknown"),
        ({"authorization": "Basic dGVzdDp0ZXN0"}, "token_malformed"),
        ({"authorization": "Bearer tf_12345678_" + "a" * 43}, "token_unknown"),
        ({"authorization": "Bearer tf_12345678_" + "a" * 4_300}, "token_unknown"),
    ],
)
def test_without_a_good_token_nothing_is_taken(gateway: GatewayProcess, headers: dict[str, str], code: str) -> None:
    answer = gateway.post(event(), headers=headers)
    assert (answer.status, answer.code, answer.json["action"]) == (401, code, "keep_and_pair_again")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_two_authorization_headers_are_refused(gateway: GatewayProcess) -> None:
    head = gateway.head(BOOTH, "Content-Length: 2", f"Authorization: Bearer {gateway.paired.of(BOOTH)}")
    assert b" 401 " in gateway.raw(head + b"{}", seconds=2)


def test_a_token_in_the_query_is_refused_and_never_logged(gateway: GatewayProcess) -> None:
    token = gateway.paired.of(BOOTH)
    answer = gateway.post(event(), path=f"/v1/events?token={token}")
    assert (answer.status, answer.code) == (404, "no_such_resource")
    assert gateway.post(event(), path=f"/v1/events?access_token={token}", headers={"authorization": ""}).status == 404
    said = gateway.said()
    assert token not in said
    assert token.split("_")[2] not in said + gateway.get("/metrics")[1]


def test_a_valid_request_id_is_repeated_in_the_answer(gateway: GatewayProcess) -> None:
    assert gateway.post(event(), headers={"Request-Id": "0193-a.b"}).headers["request-id"] == "0193-a.b"
    assert "request-id" not in gateway.post(event(), headers={"Request-Id": "<script>"}).headers
