import asyncio
from itertools import islice

import pytest

from producers.play.pacing import Pace, Player, Progress
from producers.play.progress import progress_text
from producers.play.simulator.emission import BadRecord, Emission
from producers.play.sinks import MemorySink
from schemas.fair.model import Fair


class Clock:
    """Seconds that pass when somebody sleeps, and a little with every look."""

    def __init__(self) -> None:
        self.now = 100.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return clock


def every_second(count: int) -> list[Emission]:
    return [Emission(1_000 * number, "t", b"k", b"v", BadRecord("empty")) for number in range(count)]


async def test_at_speed_sixty_a_minute_of_the_fair_takes_a_second(clock: Clock) -> None:
    player = Player(MemorySink(), Pace(speed=60), clock=clock)
    assert await player.play(every_second(61)) == "complete"
    assert clock.now - 100 == pytest.approx(1, abs=0.01)


async def test_what_comes_before_the_beginning_of_the_pace_is_sent_at_once(clock: Clock) -> None:
    player = Player(MemorySink(), Pace(speed=1, from_ms=20_000), clock=clock)
    await player.play(every_second(24))
    assert clock.now - 100 == pytest.approx(3, abs=0.01)


async def test_a_cap_on_the_rate_holds_whatever_the_speed(clock: Clock) -> None:
    player = Player(MemorySink(), Pace(speed=0, rate=10), clock=clock)
    await player.play(every_second(31))
    assert clock.now - 100 == pytest.approx(3, abs=0.01)


async def test_as_fast_as_it_goes_sleeps_for_no_time_at_all(clock: Clock) -> None:
    player = Player(MemorySink(), Pace(speed=0), clock=clock)
    await player.play(every_second(1_000))
    assert sum(clock.naps) == 0


async def test_it_ends_after_the_number_asked_for(clock: Clock) -> None:
    sink = MemorySink()
    assert await Player(sink, Pace(events=7), clock=clock).play(every_second(20)) == "events"
    assert len(sink.records) == 7


async def test_it_ends_when_the_time_is_up_even_while_it_waits(clock: Clock) -> None:
    sink = MemorySink()
    assert await Player(sink, Pace(speed=0.01, seconds=5), clock=clock).play(every_second(20)) == "seconds"
    assert len(sink.records) == 1
    assert clock.now - 100 == pytest.approx(5, abs=0.21)


async def test_it_ends_soon_when_somebody_asks(clock: Clock) -> None:
    player = Player(MemorySink(), Pace(speed=0.01), clock=clock, tell=lambda progress: player.stop.set())
    assert await player.play(every_second(20)) == "stopped"
    assert player.progress.sent == 1


async def test_it_says_how_far_it_is_behind(clock: Clock) -> None:
    class SlowSink(MemorySink):
        async def send(self, record: object) -> None:
            clock.now += 3

    player = Player(SlowSink(), Pace(speed=1), clock=clock)
    await player.play(islice(every_second(20), 10))
    assert player.progress.behind_s == pytest.approx(18, abs=0.1)


def test_the_progress_line_gives_fair_time_at_the_venue(fair: Fair) -> None:
    progress = Progress(sent=12_345, fair_ms=1_761_375_600_000, behind_s=2.25)
    text = progress_text(progress, acknowledged=12_000, rate=999.6, zone=fair.zone)
    assert text == "Sat 09:00:00  sent 12,345  1,000/s  acknowledged 12,000  2.2 s behind"
