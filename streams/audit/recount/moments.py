"""When an event counts: its own time if that can be believed, else its arrival; and which windows it still reaches."""

from typing import NamedTuple

from streams.audit.recount.fair import OracleFair

LONGEST_PANES = 15
FUTURE_MS = 300_000


class When(NamedTuple):
    """The time at which an event counts: milliseconds, minute and venue-local date.

    Attributes:
        suspect: whether it is the time of arrival, because the event's own cannot be believed.
        expired: whether it came too late for any window of minutes.
    """

    ms: int
    suspect: bool
    minute: int
    day: str
    expired: bool = False


class Timing:
    """Knows the time of each event, and in each partition the newest time that was reached.

    Args:
        fair: whose days are meant.
        lateness_ms: how long windows wait for late events.
    """

    def __init__(self, fair: OracleFair, lateness_ms: int) -> None:
        self._fair = fair
        self._kept = LONGEST_PANES - -lateness_ms // 60_000
        self._newest: dict[tuple[str, int], int] = {}
        self._days: dict[int, str] = {}

    def moment(self, ms: int, received: int) -> When:
        """Return when an event counts that says it happened at `ms`."""
        suspect = ms > received + FUTURE_MS or not self._fair.first_ms <= ms < self._fair.end_ms
        ms = received if suspect else ms
        minute = ms // 60_000
        day = self._days.get(minute)
        if day is None:
            day = self._days[minute] = self._fair.local_day(minute * 60_000)
        return When(ms, suspect, minute, day)

    def reach(self, place: tuple[str, int], at: When, received: int) -> When:
        """Note that a partition of a topic has come to an event; return its time, expired if it lies too far back."""
        newest = self._newest.get(place)
        expired = newest is not None and at.minute < newest // 60_000 - self._kept
        reached = min(at.ms, received)
        self._newest[place] = reached if newest is None else max(newest, reached)
        return at._replace(expired=True) if expired else at
