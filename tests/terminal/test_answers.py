"""Who must say what for an event to leave the spool, and how long to wait."""

import json
from email.utils import formatdate
from typing import Any, Final

import pytest

from producers.terminal.answers import Then, Verdict, judge
from producers.terminal.backoff import LONGEST_S, wait_s
from producers.terminal.clock_offset import clock_text
from producers.terminal.link import ServerAnswer
from producers.terminal.spool import Waiting
from producers.terminal.trouble import of_answer

SENT = [Waiting(1, "a", b"{}"), Waiting(2, "b", b"{}")]
NOW_S = 1_700_000_000.0


ERRORS = [{"index": 0, "id": "a", "code": "unknown_place", "message": "no such place"}]
OTHERS = [{"index": 1, "id": "a", "code": "unknown_place"}, {"index": 7, "id": "b"}, {"id": "a"}, 3, None]

PROBLEM_JSON: Final = "application/problem+json; charset=utf-8"
WHO: dict[str, tuple[str, dict[str, Any]]] = {
    "a proxy": ("text/html", {}),
    "another service": (PROBLEM_JSON, {"type": "https://example.com/too-large", "code": "rejected"}),
    "a service without a type": (PROBLEM_JSON, {"code": "rejected"}),
    "a copy of our words": ("application/json", {"type": "urn:fairpulse:problem:rejected", "code": "rejected"}),
    "a type that is not a text": (PROBLEM_JSON, {"type": ["urn:fairpulse:problem:rejected"], "code": "rejected"}),
}
NAMED: dict[str, dict[str, Any]] = {"named": {"errors": ERRORS}, "not named": {}, "misnamed": {"errors": OTHERS}}


def said(status: int, kind: str, body: dict[str, Any], events: int) -> Verdict:
    content = b"<html>no</html>" if kind == "text/html" else json.dumps(body).encode()
    return judge(status, {"CONTENT-type": kind}, content, SENT[:events], NOW_S)


def settled(verdict: Verdict) -> list[int]:
    return sorted([*verdict.delivered, *verdict.duplicates, *(one.seq for one in verdict.refused)])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 409, 413, 415, 418, 422, 431, 451, 501, 520])
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("events", [1, 2])
@pytest.mark.parametrize("name", NAMED)
def test_what_somebody_else_refuses_stays_here_and_is_called_a_proxy(
    status: int, who: str, events: int, name: str
) -> None:
    kind, body = WHO[who]
    verdict = said(status, kind, body | NAMED[name], events)
    assert settled(verdict) == []
    assert (verdict.then, verdict.problem.cause, verdict.problem.facts) == (
        Then.SKIP if events == 1 else Then.FEWER, "proxy", {"status": str(status)}
    )  # fmt: skip


def ours(code: str) -> dict[str, Any]:
    return {"type": f"urn:fairpulse:problem:{code}", "code": code, "title": "a title"}


@pytest.mark.parametrize(
    ("status", "code", "events", "name", "then", "drawer"),
    [
        (422, "rejected", 1, "named", Then.GO_ON, [1]),
        (422, "rejected", 2, "named", Then.GO_ON, [1]),
        (409, "event_id_conflict", 2, "named", Then.GO_ON, [1]),
        (422, "rejected", 1, "not named", Then.GO_ON, [1]),
        (409, "event_id_conflict", 1, "not named", Then.GO_ON, [1]),
        (422, "rejected", 2, "not named", Then.FEWER, []),
        (422, "rejected", 2, "misnamed", Then.FEWER, []),
        (409, "event_id_conflict", 2, "misnamed", Then.FEWER, []),
        # A 400 is this program's fault. Only what is named as not a CloudEvent waits in the drawer.
        (400, "not_a_cloudevent", 1, "named", Then.GO_ON, [1]),
        (400, "not_a_cloudevent", 2, "named", Then.GO_ON, [1]),
        (400, "not_a_cloudevent", 1, "not named", Then.SKIP, []),
        (400, "not_a_cloudevent", 2, "misnamed", Then.FEWER, []),
        (400, "not_json", 1, "not named", Then.SKIP, []),
        (400, "not_json", 1, "named", Then.SKIP, []),
        (400, "not_json", 2, "not named", Then.FEWER, []),
        (400, "no_body", 2, "not named", Then.FEWER, []),
        (400, "duplicate_key", 1, "not named", Then.SKIP, []),
        (400, "too_deep", 1, "not named", Then.SKIP, []),
        (413, "event_too_large", 1, "not named", Then.GO_ON, [1]),
        (413, "body_too_large", 2, "not named", Then.FEWER, []),
        (413, "too_many_events", 2, "not named", Then.FEWER, []),
        # These are about the request or the connection, whatever event was in it.
        (400, "body_cut", 1, "not named", Then.SKIP, []),
        (400, "no_events", 1, "not named", Then.SKIP, []),
        (400, "wrong_shape", 1, "not named", Then.SKIP, []),
        (400, "not_http", 1, "not named", Then.SKIP, []),
        (413, "too_many_events", 1, "not named", Then.SKIP, []),
        (400, "a_code_of_the_future", 1, "not named", Then.SKIP, []),
    ],
)
def test_only_the_gateway_refuses_an_event_by_naming_it_or_when_it_was_alone(
    status: int, code: str, events: int, name: str, then: Then, drawer: list[int]
) -> None:
    verdict = said(status, PROBLEM_JSON, ours(code) | NAMED[name], events)
    assert (verdict.then, settled(verdict)) == (then, drawer)
    assert all(one.reason == ("unknown_place" if name == "named" else code) for one in verdict.refused)


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, ours("token_unknown"), "token"),
        (403, ours("wrong_fair"), "wrong_fair"),
        (403, ours("another"), "token"),
        (401, {}, "proxy"),
        (407, {}, "proxy"),
        (415, ours("media_type"), "program_old"),
        (415, {}, "proxy"),
        (404, ours("no_such_resource"), "program_old"),
        (404, {}, "proxy"),
        (200, {}, "portal"),
        (302, {}, "portal"),
        (511, {}, "portal"),
        (429, {}, "asked_to_slow_down"),
        (503, {}, "server_not_ready"),
        (502, {}, "server_not_ready"),
        (202, {"accepted": 7}, "proxy"),
        (202, {"accepted": 4, "duplicates": -2}, "proxy"),
        (207, {"results": []}, "proxy"),
    ],
)
def test_an_answer_that_settles_nothing_has_a_cause(status: int, body: dict[str, Any], cause: str) -> None:
    verdict = said(status, PROBLEM_JSON, body, 2)
    assert (settled(verdict), verdict.problem.cause) == ([], cause)
    assert (verdict.then is Then.REPAIR) is (cause in ("token", "wrong_fair")), "only the gateway ends a pairing"
    asked = of_answer(ServerAnswer(status, {"Content-Type": PROBLEM_JSON}, json.dumps(body).encode(), 0))
    assert verdict.problem.hint, "one text for each cause"
    assert (status < 300) or verdict.problem == asked, "a post and a question say the same"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("-7", 0),
        ("soon", 0),
        ("", 0),
        ("99999999999999", 300),
        ("\N{ARABIC-INDIC DIGIT FIVE}", 0),
        (formatdate(NOW_S + 20, usegmt=True), 20),
        (formatdate(NOW_S - 20, usegmt=True), 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_silences_a_booth(header: str, seconds: float) -> None:
    verdict = judge(503, {"Retry-After": header}, b"", SENT, NOW_S)
    assert (verdict.then, verdict.wait_s) == (Then.WAIT, seconds)


@pytest.mark.parametrize("status", [400, 403, 409, 413, 422, 429, 503])
@pytest.mark.parametrize("code", [None, 7, [], ["rejected"], {"rejected": 1}, "x" * 99], ids=lambda one: str(one)[:9])
def test_a_problem_of_a_gateway_that_is_garbled_settles_nothing(status: int, code: object) -> None:
    body = ours("rejected") | {"code": code, "errors": code, "retry_after_ms": 10**400}
    verdict = said(status, PROBLEM_JSON, body, 1)
    assert (settled(verdict), verdict.wait_s) == ([], 300 if status in (429, 503) else 0)


def test_the_jitter_is_full_doubles_and_has_a_ceiling() -> None:
    assert [wait_s(failures, lambda: 1.0) for failures in (1, 2, 3, 4)] == [0.5, 1, 2, 4]
    assert wait_s(1_000_000, lambda: 1.0) == LONGEST_S
    assert wait_s(5, lambda: 0.0) == 0
    assert wait_s(5, lambda: 0.0, asked_s=3) == 3


def test_a_result_is_believed_only_if_index_and_id_agree() -> None:
    body = b'{"results":[{"index":1,"id":"a","outcome":"accepted"},{"index":true,"id":"b","outcome":"accepted"}]}'
    verdict = judge(207, {}, body, SENT, NOW_S)
    assert (verdict.delivered, verdict.then) == ((), Then.ALERT)
    verdict = judge(207, {}, b'{"results":[{"index":1,"id":"b","outcome":"accepted"}]}', SENT, NOW_S)
    assert (verdict.delivered, verdict.then) == ((2,), Then.ALERT)


@pytest.mark.parametrize(
    ("offset_ms", "text"),
    [
        (None, ""),
        (1_500, "clock correct"),
        (-3_000, "clock 3 s fast"),
        (180_000, "clock 3 min slow"),
        (86_400_000, "clock 24 h slow"),
        (-40 * 86_400_000, "clock 40 d fast"),
    ],
)
def test_a_wrong_clock_is_told_in_words(offset_ms: int | None, text: str) -> None:
    assert clock_text(offset_ms) == text
