"""An event that makes a server fail each time must not hold up all others for ever. Pure: the clock is an argument.

A proxy that fails, or a bug of the gateway, looks like a server that is not ready, and waiting is right. But after some
minutes one event may be the reason. So the oldest ones are then sent alone, and one that fails alone is passed by for a
trial: if the next one gets through, that event was the reason. If the next one fails too, nothing was proved.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

HELD_S: Final = 180.0
"""How long the same event must be the first of requests that fail, until it is suspected."""
TRIES: Final = 6
"""How often, at least."""


class Holds(Enum):
    """What to do about a request that failed."""

    WAIT = "send the same again"
    ALONE = "send the first event alone"
    NEXT = "send the next event, for a trial"
    RETURN = "nothing gets through: the event that was passed by is not the reason"


@dataclass(slots=True)
class Holding:
    """The search for an event that holds up the others. Times are seconds of one clock that never jumps.

    Attributes:
        suspect: the event that was passed by for a trial; 0 if none was.
    """

    suspect: int = 0
    _first: int = 0
    _tries: int = 0
    _since: float = 0
    _left: int = 0

    @property
    def is_searching(self) -> bool:
        """Whether events are sent alone."""
        return self._left > 0

    def failed(self, first: int, events: int, now: float) -> Holds:
        """Return what to do after a request that failed although an answer came.

        Args:
            first: the number of its first event.
            events: how many it had.
            now: the time.
        """
        if self.suspect:
            self._begin(0, now)
            return Holds.RETURN
        if self.is_searching and events == 1:
            self.suspect = first
            return Holds.NEXT
        if first != self._first:
            self._begin(first, now)
        self._tries += 1
        if self._tries < TRIES or now - self._since < HELD_S:
            return Holds.WAIT
        self._left = events
        if events == 1:
            self.suspect = first
            return Holds.NEXT
        return Holds.ALONE

    def passed(self, events: int, now: float) -> int:
        """Note a request that got through; return the event that is proved to be the reason, 0 if none is."""
        found, left = self.suspect, self._left
        if found:
            self._begin(0, now)
        elif left:
            self._left = max(0, left - events)
        else:
            self._first = 0
        return found

    def _begin(self, first: int, now: float) -> None:
        self.suspect, self._first, self._tries, self._since, self._left = 0, first, 0, now, 0
