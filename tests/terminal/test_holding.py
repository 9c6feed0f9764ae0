"""The search for an event that holds up the others: after how long, and what proves it."""

from producers.terminal.holding import HELD_S, TRIES, Holding, Holds


def held(holding: Holding, first: int, events: int, *, began: float = 0) -> list[Holds]:
    """Let the same request fail as often and as long as it takes."""
    return [holding.failed(first, events, began + HELD_S * n / (TRIES - 1)) for n in range(TRIES)]


def test_the_oldest_event_is_suspected_after_minutes_and_several_tries() -> None:
    assert held(Holding(), 7, 20) == [*[Holds.WAIT] * (TRIES - 1), Holds.ALONE]
    assert held(Holding(), 7, 1) == [*[Holds.WAIT] * (TRIES - 1), Holds.NEXT]
    quick, slow = Holding(), Holding()
    assert {quick.failed(7, 20, n) for n in range(TRIES * 10)} == {Holds.WAIT}, "not long enough"
    assert [slow.failed(7, 20, at) for at in (0, HELD_S * 9)] == [Holds.WAIT] * 2, "not often enough"


def test_what_gets_through_in_between_begins_the_wait_anew() -> None:
    holding = Holding()
    assert set(held(holding, 7, 20)[:-1]) == {Holds.WAIT}
    holding = Holding()
    for n in range(TRIES - 1):
        holding.failed(7, 20, n * HELD_S)
    holding.passed(20, HELD_S * TRIES)
    assert holding.failed(27, 20, HELD_S * TRIES) is Holds.WAIT


def test_an_event_that_fails_alone_is_the_reason_if_the_next_one_gets_through() -> None:
    holding = Holding()
    held(holding, 7, 3)
    assert holding.is_searching
    assert holding.passed(1, HELD_S) == 0, "7 is not the reason"
    assert holding.failed(8, 1, HELD_S) is Holds.NEXT
    assert holding.passed(1, HELD_S) == 8
    assert not holding.is_searching


def test_if_the_next_event_fails_too_nothing_is_proved_and_the_wait_begins_anew() -> None:
    holding = Holding()
    held(holding, 7, 1)
    assert holding.failed(8, 1, HELD_S) is Holds.RETURN
    assert (holding.suspect, holding.is_searching) == (0, False)
    assert held(holding, 7, 1, began=HELD_S)[:2] == [Holds.WAIT] * 2


def test_the_search_ends_with_the_events_that_were_suspected() -> None:
    holding = Holding()
    held(holding, 7, 3)
    for _ in range(3):
        assert holding.is_searching
        holding.passed(1, HELD_S)
    assert not holding.is_searching
