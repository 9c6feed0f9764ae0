"""Processor time: a party within its share never waits; beyond it, its wishes come one after the other.

They keep their order in each of two lines, which are served in alternation: that of newcomers, and that of all others.
"""

import asyncio
import time

import pytest

from producers.gateway.shares.turns import AT_ONCE_S, Meter, ProcessorTurns, metered

FAST = 1_000.0
"""Seconds per second: what is owed is paid at once, so that no test waits."""


def turns(share: float = FAST) -> ProcessorTurns:
    return ProcessorTurns(share, Meter(), lambda: None)


async def test_a_party_waits_only_once_it_has_used_more_than_it_may_at_once() -> None:
    mine = turns(share=1e-9)
    mine.charge(AT_ONCE_S / 100)
    assert not mine.must_wait
    mine.charge(AT_ONCE_S)
    assert mine.must_wait


async def test_parties_do_not_pay_for_each_other() -> None:
    meter = Meter()
    mine, other = (ProcessorTurns(1e-9, meter, lambda: None) for _ in range(2))
    mine.charge(1)
    assert mine.must_wait
    assert not other.must_wait


@pytest.mark.parametrize("first", [False, True])
async def test_turns_of_a_line_come_in_order_one_at_a_time_and_who_leaves_is_passed_over(first: bool) -> None:
    mine, came = turns(), []
    mine.charge(10)
    line = [mine.turn(first=first) for _ in range(5)]
    for number, one in enumerate(line):
        one.add_done_callback(lambda done, number=number: came.append((number, done.cancelled())))
    line[1].cancel()
    assert mine.must_wait
    await line[0]
    assert [one.done() for one in line] == [True, True, False, False, False]
    assert mine.must_wait, "who comes later does not overtake"
    await asyncio.gather(*line[2:])
    assert came == [(1, True), (0, False), (2, False), (3, False), (4, False)]
    assert not mine.must_wait


@pytest.mark.parametrize(
    ("lined_up", "served"),
    [
        ("uuuuuuuun", "nuuuuuuuu"),
        ("nnnnnnnnu", "nunnnnnnn"),
        ("nnnuuu", "nununu"),
        ("uuunnn", "nununu"),
        ("unnnu", "nunun"),
    ],
)
async def test_newcomers_and_all_others_have_turns_in_alternation(lined_up: str, served: str) -> None:
    """Otherwise a venue's newcomer would wait for all that others of its address ask over kept connections."""
    mine, came = turns(), []
    mine.charge(10)
    line = [mine.turn(first=kind == "n") for kind in lined_up]
    for kind, one in zip(lined_up, line, strict=True):
        one.add_done_callback(lambda _, kind=kind: came.append(kind))
    await asyncio.gather(*line)
    assert "".join(came) == served


async def test_a_newcomer_is_among_the_next_two_whenever_it_comes() -> None:
    mine, came = turns(), []
    mine.charge(10)
    usual = [mine.turn() for _ in range(50)]
    for number, one in enumerate(usual):
        one.add_done_callback(lambda _, number=number: came.append(number))
    for at in (0, 1, 10, 11):
        while len(came) < at:
            await asyncio.sleep(0)
        seen = len(came)
        await mine.turn(first=True)
        assert len(came) - seen <= 1
    await asyncio.gather(*usual)
    assert came == [*range(50)]


async def test_nobody_has_a_turn_while_time_is_owed() -> None:
    mine = turns()
    mine.charge(10)
    first, second = mine.turn(), mine.turn()
    await first
    mine._share = 1e-9
    mine.charge(10)
    for _ in range(10):
        await asyncio.sleep(0.002)
    assert not second.done()
    second.cancel()


async def test_a_debt_has_a_bound_so_a_party_is_served_again_within_seconds() -> None:
    mine = turns(share=2)
    for _ in range(100):
        mine.charge(10)
    async with asyncio.timeout(30):
        await mine.turn()


async def test_a_long_series_of_waits_is_told_and_a_burst_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    mine = ProcessorTurns(FAST, Meter(), lambda: told.append(1))
    for _ in range(5):
        mine.turn().cancel()
        now_s += 2.5  # apart: each is a burst of its own
    assert told == []
    for _ in range(12):
        mine.turn().cancel()
        now_s += 1
    assert told == [1], "after more than ten seconds without a pause"


async def test_every_step_of_a_coroutine_is_charged_and_its_waits_are_not() -> None:
    charged: list[float] = []

    async def work() -> None:
        spin(0.01)
        await asyncio.sleep(0.05)
        spin(0.01)

    await metered(work(), charged.append)
    assert len(charged) == 2
    assert all(seconds >= 0.01 for seconds in charged)
    assert sum(charged) < time.thread_time()


def spin(seconds: float) -> None:
    ends_s = time.thread_time() + seconds
    while time.thread_time() < ends_s:
        pass


async def test_errors_deadlines_and_cancellations_pass_through() -> None:
    seen: list[str] = []

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("mine")

    async def late() -> None:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            seen.append("late")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cleaned up")

    with pytest.raises(ValueError, match="mine"):
        await metered(fails(), lambda _: None)
    await metered(late(), lambda _: None)
    task = asyncio.create_task(metered(endless(), lambda _: None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["late", "cleaned up"]


def test_what_nobody_is_charged_for_is_spread_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured: 0.1 s. Used in all: 0.3 s. So one measured second costs three."""
    now_s, used_s = 100.0, 5.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    monkeypatch.setattr(time, "thread_time", lambda: used_s)
    meter = Meter()
    now_s, used_s = 102.0, 5.3
    meter.count(0.1)
    assert meter.factor == pytest.approx(3)
    assert meter.count(0.01) == pytest.approx(0.03)
