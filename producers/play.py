"""Play emissions into a sink at a chosen speed, until they end, a limit is reached or somebody interrupts."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from producers.simulator.emission import Emission
from producers.sinks import EventSink

TICK_S = 0.5
"""How often progress is told."""
NAP_S = 0.002
"""Shorter waits are not worth a nap: the event loop would do nothing else."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and how long.

    Attributes:
        speed: fair time a second; 0 is as fast as possible.
        plays_from_ms: what arrives before this fair time is sent at once; None for the first emission's.
        rate: most events a second; None for no cap.
        seconds: real seconds until it stops; None for no limit.
        events: emissions until it stops; None for no limit.
    """

    speed: float = 1.0
    plays_from_ms: int | None = None
    rate: float | None = None
    seconds: float | None = None
    events: int | None = None


@dataclass(slots=True)
class Progress:
    """How far it is.

    Attributes:
        fair_ms: fair time of the last emission, in ms since 1970; None before the first.
        behind_s: real seconds behind the schedule.
        elapsed_s: real seconds since the start.
    """

    sent: int = 0
    acknowledged: int = 0
    fair_ms: int | None = None
    behind_s: float = 0.0
    elapsed_s: float = 0.0


async def play(
    emissions: Iterable[Emission],
    sink: EventSink,
    pace: Pace,
    stop: asyncio.Event,
    tell: Callable[[Progress], None],
) -> Progress:
    """Send emissions and return how far it got. Everything sent is acknowledged when it returns.

    Raises:
        Unavailable: the sink could not deliver.
    """
    loop = asyncio.get_running_loop()
    began, told = loop.time(), 0.0
    progress = Progress()
    plays_from = pace.plays_from_ms
    for emission in emissions:
        if plays_from is None:
            plays_from = emission.at_ms
        due = max(0.0, (emission.at_ms - plays_from) / 1_000 / pace.speed) if pace.speed else 0.0
        if pace.rate:
            due = max(due, progress.sent / pace.rate)
        now = loop.time() - began
        progress.behind_s = max(0.0, now - due) if pace.speed else 0.0
        if pace.seconds is not None and max(now, due) >= pace.seconds:
            await _nap(stop, pace.seconds - now)
            break
        if due - now > NAP_S:
            await _nap(stop, due - now)
        if stop.is_set() or (pace.events is not None and progress.sent >= pace.events):
            break
        await sink.send(emission)
        progress.sent, progress.fair_ms = progress.sent + 1, emission.at_ms
        if now - told >= TICK_S:
            told, progress.elapsed_s, progress.acknowledged = now, now, sink.acknowledged
            tell(progress)
            await asyncio.sleep(0)
    await sink.flush()
    progress.elapsed_s, progress.acknowledged = loop.time() - began, sink.acknowledged
    tell(progress)
    return progress


async def _nap(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until somebody interrupts."""
    if seconds > 0:
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            return
