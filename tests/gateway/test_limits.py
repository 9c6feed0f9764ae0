"""Room and rate: requests beyond them are refused at once, with the time to wait."""

from contextlib import ExitStack, suppress

import pytest

from producers.gateway.events.memory import Look, Remembered
from producers.gateway.http.problems import KINDS, RETRYABLE, RequestRefused, problem_of
from producers.gateway.shares.accounts import Account, Accounts
from producers.gateway.shares.limits import Buckets, Room
from schemas.api.http import Action
from tests.support.posting import FINAL

MIB = 1_048_576


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


def refusal(room: Room, account: Account, *sizes: int) -> str | None:
    """Return with which code a request is refused whose body arrives in such pieces; None if it is not."""
    try:
        with room.enter(account) as charge:
            for size in sizes:
                charge(size)
    except RequestRefused as refused:
        return refused.kind.code
    return None


async def test_a_party_holds_its_share_of_requests_and_only_all_together_fill_the_room() -> None:
    accounts = Accounts(0.25, 8)
    room = Room(8, 8 * MIB, accounts)
    with ExitStack() as held:
        for number in range(4):
            one = accounts.of_terminal(f"t-{number}")
            held.enter_context(room.enter(one))
            held.enter_context(room.enter(one))
            assert refusal(room, one) == "share", "a quarter of 8 is 2"
        assert (room.requests, refusal(room, accounts.of_terminal("t-4"))) == (8, "busy")
    assert room.requests == 0
    assert refusal(room, accounts.of_terminal("t-0")) is None


async def test_bytes_are_charged_as_they_arrive_and_given_back() -> None:
    accounts = Accounts(0.25, 8)
    room = Room(8, 3 * MIB, accounts)
    one, other = accounts.of_terminal("t-1"), accounts.of_terminal("t-2")
    with room.enter(one) as charge:
        assert (room.bytes, one.bytes) == (0, 0), "a promise takes no room"
        charge(MIB - 1)
        assert (room.bytes, one.bytes) == (MIB - 1, MIB - 1)
        assert refusal(room, one, 1) is None
        assert refusal(room, one, 1, 1) == "share", "a party may hold one body of full size"
        assert refusal(room, other, MIB) is None
    assert (room.bytes, one.bytes, other.bytes) == (0, 0, 0)


async def test_memory_is_full_only_when_several_parties_fill_it() -> None:
    accounts = Accounts(0.25, 8)
    room = Room(8, 3 * MIB, accounts)
    with ExitStack() as held:
        for number in range(3):
            held.enter_context(room.enter(accounts.of_terminal(f"t-{number}")))(MIB)
        assert refusal(room, accounts.of_terminal("t-3"), 1) == "busy"


async def test_room_is_given_back_when_the_request_fails() -> None:
    accounts = Accounts(0.25, 8)
    room, one = Room(8, 3 * MIB, accounts), accounts.of_terminal("t-1")
    with suppress(ZeroDivisionError), room.enter(one) as charge:
        charge(10 // room.bytes)
    assert (room.requests, room.bytes, one.requests, one.bytes) == (0, 0, 0, 0)


def test_the_memory_is_bounded_and_forgets_the_least_recently_used_event() -> None:
    memory = Remembered(2)
    for key in (b"1", b"2"):
        memory.look(key, b"c")
        memory.confirm(key, b"c")
    memory.look(b"1", b"c")
    memory.begin({b"3": b"c"}, 0)
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
    assert (" aside and tell the staff." in problem.detail) is (kind.status in FINAL)


@pytest.mark.parametrize("code", [code for code, kind in KINDS.items() if kind.status == 400])
def test_a_request_with_one_event_that_a_client_got_wrong_has_no_halves(code: str) -> None:
    problem = problem_of(RequestRefused(code, alone=True), "0")
    assert (problem.status, problem.action, problem.retryable) == (400, Action.ALERT, False)
    assert "half" not in problem.detail
    assert "Keep all events" in problem.detail
