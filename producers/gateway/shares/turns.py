"""One party's share of the gateway's processor time. Beyond it, what the party wants done waits for its turn.

It waits in one of two lines, which are served in alternation: newcomers in one, connections known already in the other.
A party may be the address of a whole venue, so a flood over kept connections must not keep newcomers out.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

AT_ONCE_S: Final = 0.03
"""Processor time that a party may use at once after a quiet time. Others wait for it, so it is well below the 50 ms by
which one party may delay them."""
OWED_MOST_S: Final = 0.3
"""Most processor time that a party can owe. Accepting a connection cannot wait for a turn; after thousands of them a
party, which may be the address of a whole venue, is served again within seconds."""
STEP_S: Final = 0.001
"""Shortest pause between two turns of a party in line: one turn is charged before the next one begins."""
SERIES_S: Final = 2.0
"""Waits that are at most so far apart belong to one series."""
LONG_S: Final = 10.0
"""A party that has waited again and again for this long is over its share; a shorter series is a burst."""
SPREAD_EVERY_S: Final = 1.0
"""Pause between two looks at the time that the whole thread used."""
SPREAD_LEAST: Final = 0.25
SPREAD_MOST: Final = 4.0


class Meter:
    """Turns measured time into processor time. Work that no party is charged for (event loop, Kafka) is spread.

    The wall clock measures, because the processor's is eight times slower to read. It also runs while another program
    has the processor, so the factor may be below 1.

    Attributes:
        factor: processor time of the thread per measured second.
    """

    def __init__(self) -> None:
        self.factor = 2.0
        self._measured_s = 0.0
        self._looked_s, self._used_s = time.monotonic(), time.thread_time()

    def count(self, seconds: float) -> float:
        """Return what a party is charged for processor time that was measured."""
        self._measured_s += seconds
        if self._measured_s > 0.05:  # fewer measurements would say little
            now_s = time.monotonic()
            if now_s - self._looked_s >= SPREAD_EVERY_S:
                used_s = time.thread_time()
                self.factor = min(max((used_s - self._used_s) / self._measured_s, SPREAD_LEAST), SPREAD_MOST)
                self._looked_s, self._used_s, self._measured_s = now_s, used_s, 0.0
        return seconds * self.factor


class ProcessorTurns:
    """The processor time of one party, as a bucket of seconds that may be overdrawn, and two lines that wait for it.

    Args:
        share: seconds of processor time per second.
        meter: knows what a measured second costs.
        waited_long: called when the party has had to wait again and again for `LONG_S`.
    """

    __slots__ = (
        "_at_s",
        "_last_wait_s",
        "_left_s",
        "_meter",
        "_newcomers",
        "_newcomers_next",
        "_series_s",
        "_share",
        "_timer",
        "_usual",
        "_waited_long",
    )

    def __init__(self, share: float, meter: Meter, waited_long: Callable[[], None]) -> None:
        self._share, self._meter, self._waited_long = share, meter, waited_long
        self._left_s = AT_ONCE_S
        self._at_s = time.monotonic()
        self._newcomers: deque[asyncio.Future[None]] = deque()
        self._usual: deque[asyncio.Future[None]] = deque()
        self._newcomers_next = True
        self._timer: asyncio.TimerHandle | None = None
        self._series_s = self._last_wait_s = float("-inf")

    def charge(self, seconds: float) -> None:
        """Charge the time of a piece of work, as `time.perf_counter` measures it."""
        self._left_s = max(self._left_s - self._meter.count(seconds), -OWED_MOST_S)

    @property
    def must_wait(self) -> bool:
        """Whether the party is over its share, or already waits for a turn."""
        return self._is_lined_up or (self._left_s <= 0 and self._refilled() <= 0)

    @property
    def is_full(self) -> bool:
        """Whether nothing would be lost if this were forgotten."""
        return not self._is_lined_up and self._refilled() >= AT_ONCE_S

    def turn(self, *, first: bool = False) -> asyncio.Future[None]:
        """Return a future that is done when it is its turn. Cancel it to leave the line.

        Args:
            first: wait in the line of newcomers.
        """
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._newcomers if first else self._usual).append(mine)
        now_s = time.monotonic()
        if now_s - self._last_wait_s > SERIES_S:
            self._series_s = now_s
        self._last_wait_s = now_s
        if now_s - self._series_s > LONG_S:
            self._waited_long()
        if self._timer is None:
            self._wait()
        return mine

    def _wait(self) -> None:
        pause_s = max(STEP_S, -self._refilled() / self._share)
        self._timer = asyncio.get_running_loop().call_later(pause_s, self._next)

    def _next(self) -> None:
        self._timer = None
        if self._refilled() > 0:
            self._serve_one()
        if self._is_lined_up:
            self._wait()

    @property
    def _is_lined_up(self) -> bool:
        return bool(self._newcomers or self._usual)

    def _serve_one(self) -> None:
        lines = (self._newcomers, self._usual) if self._newcomers_next else (self._usual, self._newcomers)
        for line in lines:
            while line:
                first = line.popleft()
                if not first.done():  # else it has left the line
                    first.set_result(None)
                    self._newcomers_next = line is self._usual
                    return

    def _refilled(self) -> float:
        now_s = time.monotonic()
        self._left_s = min(AT_ONCE_S, self._left_s + (now_s - self._at_s) * self._share)
        self._at_s = now_s
        return self._left_s


async def metered(work: Coroutine[Any, Any, None], charge: Callable[[float], None]) -> None:
    """Run a coroutine, and charge the time of each of its steps.

    Args:
        work: the coroutine.
        charge: called with the seconds of each step.
    """
    await _Metered(work, charge)


class _Metered:
    def __init__(self, work: Coroutine[Any, Any, None], charge: Callable[[float], None]) -> None:
        self._work, self._charge = work, charge

    def __await__(self) -> Generator[Any, Any, None]:
        work, charge, clock = self._work, self._charge, time.perf_counter
        thrown: BaseException | None = None
        while True:
            began_s = clock()
            try:
                waits_for = work.send(None) if thrown is None else work.throw(thrown)
            except StopIteration:
                return
            finally:
                charge(clock() - began_s)
            thrown = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - a cancellation, for example: the coroutine decides
                thrown = error
