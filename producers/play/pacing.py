"""When to send: fair time against real time, a cap on the rate, and when to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Literal, Protocol

from producers.play.sinks import EventSink
from producers.records import Record

NAP_S: Final = 0.2
"""Longest sleep in one piece, so that a stop is noticed soon."""

SHORTEST_NAP_S: Final = 0.002
"""Waiting for less costs more than being early by it."""

BREATH: Final = 128
"""After this number of records the client of the sink gets a turn, even when there is nothing to wait for."""


class Timed(Record, Protocol):
    """A record that has its time."""

    @property
    def at_ms(self) -> int:
        """When the server gets it, in fair time, ms since 1970."""
        ...


Ending = Literal["complete", "seconds", "events", "stopped"]
"""Why sending ended: nothing left, one of two limits, or somebody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast to send, and how much.

    Attributes:
        speed: seconds of fair time in one real second; 0 is as fast as possible.
        rate: most records per second; None for no limit.
        seconds: real seconds after which to stop; None for never.
        events: records after which to stop; None for never.
        from_ms: fair time from which the speed counts, in ms since 1970; what arrives before is sent at once. None
            for the first record's.
    """

    speed: float = 0
    rate: float | None = None
    seconds: float | None = None
    events: int | None = None
    from_ms: int | None = None


@dataclass(slots=True)
class Progress:
    """How far sending has come.

    Attributes:
        fair_ms: fair time of the last record, in ms since 1970; 0 before the first.
        behind_s: real seconds between when the last record was due and when it was sent.
        elapsed_s: real seconds since the first record was asked for.
    """

    sent: int = 0
    fair_ms: int = 0
    behind_s: float = 0
    elapsed_s: float = 0


@dataclass(slots=True)
class Player:
    """Sends a stream at a pace.

    Args:
        tell: called after every few records and before every nap, with the progress so far.
        stop: set it to end sending after the current record.
        clock: seconds that only go forward.
        before: asked before each record whether to send it; no is as good as `stop`.
    """

    sink: EventSink
    pace: Pace
    tell: Callable[[Progress], None] = lambda _: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], float] = monotonic
    before: Callable[[Any], Awaitable[bool]] | None = None
    progress: Progress = field(default_factory=Progress)

    async def play(self, stream: Iterable[Timed]) -> Ending:
        """Send the stream in its order and return why it ended. What is under way is not waited for.

        Raises:
            Unavailable: the sink could not deliver.
        """
        emissions: Iterator[Timed] = iter(stream)
        began = self.clock()
        first_ms: int | None = None
        progress, pace = self.progress, self.pace
        for emission in emissions:
            if first_ms is None:
                first_ms = pace.from_ms or emission.at_ms
            due = began
            if pace.speed > 0:
                due += max(0, emission.at_ms - first_ms) / 1_000 / pace.speed
            if pace.rate is not None:
                due = max(due, began + progress.sent / pace.rate)
            ending = await self._wait_until(due, began)
            if ending is not None:
                return ending
            if self.before is not None and not await self.before(emission):
                return "stopped"
            await self.sink.send(emission)
            progress.sent += 1
            progress.fair_ms = emission.at_ms
            if progress.sent % BREATH == 0:
                await asyncio.sleep(0)
                self.tell(progress)
            if progress.sent == pace.events:
                return "events"
        return "complete"

    async def _wait_until(self, due: float, began: float) -> Ending | None:
        """Wait until a record is due; return why to stop instead, or None."""
        pace, progress = self.pace, self.progress
        while True:
            now = self.clock()
            progress.elapsed_s = now - began
            if self.stop.is_set():
                return "stopped"
            if pace.seconds is not None and progress.elapsed_s >= pace.seconds:
                return "seconds"
            early = due - now
            if early <= SHORTEST_NAP_S:
                as_fast_as_it_goes = pace.speed <= 0 and pace.rate is None
                progress.behind_s = 0 if as_fast_as_it_goes else max(0.0, -early)
                return None
            if pace.seconds is not None:
                early = min(early, max(SHORTEST_NAP_S, began + pace.seconds - now))
            self.tell(progress)
            await asyncio.sleep(min(early, NAP_S))
