"""The programs of a demo under one eye: one that dies is started again at once, and it is told what happened."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from streams.local.parts import Part

TOO_OFTEN: Final = 3
"""A part that ends by itself this many times ..."""

WITHIN: Final = timedelta(seconds=60)
"""... within this time will not do better the next time. One that was killed by a signal always gets another start."""


@dataclass(slots=True)
class Loss:
    """A part that died.

    Attributes:
        at: the fair's time on the screen.
        how: `killed`, or `ended` by itself.
        since: when, by the monotonic clock.
        seconds: until it did its work again; None while it does not.
    """

    part: Part
    at: str
    how: str
    since: float
    seconds: float | None = None

    def told(self) -> str:
        """Return what happened and what goes on now, in one line."""
        if self.seconds is None:
            return f"{self.at}  {self.part.name} {self.how}: {self.part.meanwhile}"
        return f"{self.at}  {self.part.name} {self.how}; back after {self.seconds:.1f} s"


@dataclass(slots=True)
class Crew:
    """Parts that must run until the end.

    Attributes:
        losses: every part that died so far, oldest first.
    """

    parts: list[Part] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def look(self, at: str) -> None:
        """Start again what has died, and note what is back.

        Args:
            at: the fair's time on the screen.

        Raises:
            Unavailable: a part ends by itself again and again.
        """
        now = time.monotonic()
        for part in self.parts:
            code = part.popen.poll()
            if code is not None:
                self._lost(part, code, now, at)
        for loss in self.losses:
            if loss.seconds is None and loss.part.answers():
                loss.seconds = time.monotonic() - loss.since

    def is_away(self, part: Part) -> bool:
        """Return whether a part has died and is not back yet."""
        return any(loss.seconds is None for loss in self.losses if loss.part is part)

    def told(self) -> str:
        """Return every loss of the demo in one sentence; empty if there was none."""
        names = dict.fromkeys(loss.part.name for loss in self.losses)
        return "; ".join(self._told_of(name) for name in names)

    def _told_of(self, name: str) -> str:
        mine = [loss for loss in self.losses if loss.part.name == name]
        hows = " and ".join(dict.fromkeys(loss.how for loss in mine))
        times = {1: "once", 2: "twice"}.get(len(mine), f"{len(mine)} times")
        took = [loss.seconds for loss in mine if loss.seconds is not None]
        back = f" and came back after {max(took):.1f} s" if len(took) == len(mine) else ""
        at_most = " at most" if back and len(took) > 1 else ""
        return f"{name} {hows} {times}{back}{at_most}"

    def _lost(self, part: Part, code: int, now: float, at: str) -> None:
        if code >= 0:
            part.deaths = [death for death in part.deaths if now - death < WITHIN.total_seconds()] + [now]
            if len(part.deaths) >= TOO_OFTEN:
                raise part.ended()
        waiting = next((loss for loss in self.losses if loss.part is part and loss.seconds is None), None)
        if waiting is None:
            self.losses.append(Loss(part, at, "killed" if code < 0 else f"ended (exit code {code})", now))
        part.popen = part.again()
