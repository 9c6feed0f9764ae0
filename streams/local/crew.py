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

SILENT_SECONDS: Final = 2
"""A part that answers again before this time was busy, which is not worth a line."""


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
class Silence:
    """A part that runs and does not answer, as one that is frozen.

    Attributes:
        at: the fair's time on the screen.
        since: when it last answered, by the monotonic clock.
        ended: when it answered again or died, by the same clock; None while it does neither.
    """

    part: Part
    at: str
    since: float
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return (time.monotonic() if self.ended is None else self.ended) - self.since

    def told(self) -> str:
        """Return what happened and what goes on now, in one line."""
        if self.ended is None:
            return f"{self.at}  {self.part.name} does not answer: is it frozen?"
        return f"{self.at}  {self.part.name} did not answer for {self.seconds:.1f} s"


@dataclass(slots=True)
class Crew:
    """Parts that must run until the end.

    Attributes:
        losses: every part that died so far, oldest first.
        silences: every part that ran and did not answer, oldest first.
    """

    parts: list[Part] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)

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

    def ask(self, part: Part, at: str, *, answered: bool) -> None:
        """Note whether a part has answered a question just now. One that has died is not silent.

        Args:
            part: one of the crew.
            at: the fair's time on the screen.
            answered: whether it did.
        """
        now = time.monotonic()
        silence = next((one for one in self.silences if one.part is part and one.ended is None), None)
        if answered or self.is_away(part):
            part.heard = now
            if silence is not None:
                silence.ended = now
        elif silence is None:
            self.silences.append(Silence(part, at, part.heard))

    def happened(self) -> list[str]:
        """Return a line for everything that happened, oldest first."""
        events: list[Loss | Silence] = [*self.losses, *self._long_silences()]
        return [one.told() for one in sorted(events, key=lambda one: one.since)]

    def is_away(self, part: Part) -> bool:
        """Return whether a part has died and is not back yet."""
        return any(loss.seconds is None for loss in self.losses if loss.part is part)

    def told(self) -> str:
        """Return every loss and silence of the demo in one sentence; empty if there was none."""
        lost = dict.fromkeys(loss.part.name for loss in self.losses)
        silent = dict.fromkeys(silence.part.name for silence in self._long_silences())
        return "; ".join([*map(self._told_of, lost), *map(self._told_of_silence, silent)])

    def _long_silences(self) -> list[Silence]:
        return [one for one in self.silences if one.seconds >= SILENT_SECONDS]

    def _told_of_silence(self, name: str) -> str:
        took = [one.seconds for one in self._long_silences() if one.part.name == name]
        times = f" at most, {_times(len(took))}" if len(took) > 1 else ""
        return f"{name} did not answer for {max(took):.1f} s{times}"

    def _told_of(self, name: str) -> str:
        mine = [loss for loss in self.losses if loss.part.name == name]
        hows = " and ".join(dict.fromkeys(loss.how for loss in mine))
        took = [loss.seconds for loss in mine if loss.seconds is not None]
        back = f" and came back after {max(took):.1f} s" if len(took) == len(mine) else ""
        at_most = " at most" if back and len(took) > 1 else ""
        return f"{name} {hows} {_times(len(mine))}{back}{at_most}"

    def _lost(self, part: Part, code: int, now: float, at: str) -> None:
        if code >= 0:
            part.deaths = [death for death in part.deaths if now - death < WITHIN.total_seconds()] + [now]
            if len(part.deaths) >= TOO_OFTEN:
                raise part.ended()
        self.losses.append(Loss(part, at, "killed" if code < 0 else f"ended (exit code {code})", now))
        part.popen = part.again()


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
