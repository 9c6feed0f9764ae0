"""Room and rate: requests beyond them are refused at once, with the time to wait."""

import pytest

from producers.gateway.limits import Buckets, Room
from producers.gateway.memory import Look, Remembered
from producers.gateway.problems import KINDS, RETRYABLE, RequestRefused, problem_of
from schemas.api.http import Action
from tests.support.posting import FINAL


def test_a_terminal_may_send_its_burst_and_then_its_rate() -> None:
    buckets = Buckets(per_second=10, burst=100)
    buckets.check("t", 0)
    buckets.charge("t", 100, 0)
    with pytest.raises(RequestRefused) as refused:
        buckets.check("t", 0.05)
    assert refused.value.kind.status == 429
    assert refused.value.retry_after_s == pytest.approx(0.05)
    buckets.check("t", 0.1)


def test_a_batch_may_overdraw_and_the_next_one_waits_until_it_is_paid() -> None:
    buckets = Buckets(per_second=10, burst=1)
    buckets.check("t", 0)
    buckets.charge("t", 500, 0)
    with pytest.raises(RequestRefused) as refused:
        buckets.check("t", 1)
    assert refused.value.retry_after_s == pytest.approx(49)
    buckets.check("t", 50.1)


def test_terminals_do_not_pay_for_each_other() -> None:
    buckets = Buckets(per_second=1, burst=1)
    buckets.charge("t", 100, 0)
    buckets.check("other", 0)


def test_a_request_without_events_costs_one() -> None:
    buckets = Buckets(per_second=1, burst=1)
    buckets.charge("t", 0, 0)
    with pytest.raises(RequestRefused):
        buckets.check("t", 0)


def test_requests_and_bytes_are_bounded_and_given_back() -> None:
    room = Room(requests=1, body_bytes=100)
    with room.enter():
        with pytest.raises(RequestRefused) as refused, room.enter():
            pass
        assert refused.value.kind.status == 503
        with room.hold(60):
            assert room.bytes == 60
            with pytest.raises(RequestRefused), room.hold(60):
                pass
    assert (room.requests, room.bytes) == (0, 0)


def test_room_is_given_back_when_the_request_fails() -> None:
    room = Room(requests=1, body_bytes=100)
    with pytest.raises(ValueError, match="bug"), room.enter(), room.hold(10):
        raise ValueError("bug")
    assert (room.requests, room.bytes) == (0, 0)


def test_an_event_is_a_duplicate_only_after_it_was_confirmed() -> None:
    memory = Remembered(10)
    assert memory.look(b"k", b"c") is Look.NEW
    assert memory.look(b"k", b"c") is Look.NEW
    memory.confirm(b"k", b"c")
    assert memory.look(b"k", b"c") is Look.DUPLICATE


def test_other_content_is_a_conflict_even_while_the_first_is_unknown() -> None:
    memory = Remembered(10)
    memory.look(b"k", b"c")
    assert memory.look(b"k", b"other") is Look.CONFLICT
    memory.confirm(b"k", b"c")
    assert memory.look(b"k", b"other") is Look.CONFLICT


def test_the_memory_is_bounded_and_forgets_the_least_recently_used_event() -> None:
    memory = Remembered(2)
    for key in (b"1", b"2"):
        memory.look(key, b"c")
        memory.confirm(key, b"c")
    memory.look(b"1", b"c")
    memory.look(b"3", b"c")
    assert len(memory) == 2
    assert memory.look(b"1", b"c") is Look.DUPLICATE
    assert memory.look(b"2", b"c") is Look.NEW


@pytest.mark.parametrize("code", KINDS)
def test_every_problem_tells_the_terminal_what_to_do(code: str) -> None:
    """2xx, 409, 413, 422 are final for the events; anything else keeps them."""
    kind = KINDS[code]
    problem = problem_of(RequestRefused(code), "0")
    assert problem.retryable is (kind.status in RETRYABLE)
    if kind.status in FINAL:
        assert kind.action in {Action.BISECT, Action.DRAWER}
    elif kind.status == 400:
        assert kind.action in {Action.BISECT, Action.ALERT}
    else:
        assert kind.action in {Action.RESEND, Action.REPAIR, Action.ALERT}
    assert (problem.retry_after_ms is not None) == (kind.status in RETRYABLE)
    assert problem.detail.endswith(".")
    assert ("drawer" in problem.detail) is (kind.status in FINAL)


@pytest.mark.parametrize("code", [code for code, kind in KINDS.items() if kind.status == 400])
def test_a_request_with_one_event_that_a_client_got_wrong_has_no_halves(code: str) -> None:
    problem = problem_of(RequestRefused(code, alone=True), "0")
    assert (problem.status, problem.action, problem.retryable) == (400, Action.ALERT, False)
    assert "half" not in problem.detail
    assert "Keep all events" in problem.detail
