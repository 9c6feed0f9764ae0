"""How far a simulation is, in a file that other programs read: its stage, its clock, and what waits at terminals."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from schemas.errors import Unavailable
from schemas.times import wall_ms

EVERY_S: Final = 0.25
"""Between two writings."""

AHEAD_MS: Final = 1_000
"""Longest real time for which the fair's clock is carried on without news of it."""


class PlayStage(StrEnum):
    """What a simulation is doing."""

    HEAD_START = "head start"
    OPENING = "opening terminals"
    LIVE = "live"
    SENDING_REST = "sending the rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayStatus:
    """What the file says.

    Attributes:
        events: different events of the fair that have arrived; tests and registrations are none.
        waiting: events that a terminal has saved and that were not answered yet.
        terminals: how many terminals the fair has; 0 without a gateway.
        fair_ms: the fair's time, in ms since 1970, at `wall_ms`; 0 before the first event.
        speed: fair seconds per real second, 0 while the fair's clock stands still.
    """

    stage: PlayStage = PlayStage.HEAD_START
    events: int = 0
    waiting: int = 0
    terminals: int = 0
    fair_ms: int = 0
    wall_ms: int = 0
    speed: float = 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what a file says.

        Raises:
            Unavailable: there is no such file yet, or it is not one.
        """
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise Unavailable(f"{path}: no simulation writes there", hint="start it with --status") from error

    def now_ms(self, wall: int) -> int:
        """Return the fair's time at a wall time, both in ms since 1970."""
        return self.fair_ms + int(self.speed * min(max(0, wall - self.wall_ms), AHEAD_MS))


@asynccontextmanager
async def told(path: Path | None, look: Callable[[], PlayStatus]) -> AsyncIterator[None]:
    """Write what `look` returns into a file, again and again, until the end of the block; nothing without a path."""
    if path is None:
        yield
        return
    _write(path, look())
    task = asyncio.create_task(_again(path, look))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        _write(path, look())


async def _again(path: Path, look: Callable[[], PlayStatus]) -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        _write(path, look())


def _write(path: Path, status: PlayStatus) -> None:
    """Replace the file: a reader sees the old one or the new one, never half of it."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(asdict(status) | {"wall_ms": status.wall_ms or wall_ms()}), encoding="utf-8")
    beside.replace(path)
