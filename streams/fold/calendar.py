"""The fair's calendar: the day of a minute, whether the fair is open then, and which times are believable."""

from datetime import timedelta

from schemas.fair.model import Fair
from schemas.times import epoch_ms

MINUTE_MS = 60_000
AHEAD = timedelta(minutes=5)
"""How far a corrected terminal clock may be ahead of the server and still be believed."""
AROUND = timedelta(hours=24)
"""How far outside the fair an event may lie: build-up and dismantling are accepted, the year 1970 is not."""


class Calendar:
    """Looks up minutes (since 1970), and remembers the answers."""

    def __init__(self, fair: Fair) -> None:
        self._fair = fair
        self._days: dict[int, str] = {}
        self._open: dict[int, bool] = {}
        self.earliest_ms = epoch_ms(fair.days[0].starts_at - AROUND)
        self.latest_ms = epoch_ms(fair.days[-1].ends_at + AROUND)

    def day(self, minute: int) -> str:
        """Return the venue-local date of a minute, for example 2025-09-10."""
        day = self._days.get(minute)
        if day is None:
            day = self._days[minute] = self._fair.local_date(minute * 60).isoformat()
        return day

    def is_open(self, minute: int) -> bool:
        """Return whether the fair was open at that minute (opening times are whole minutes)."""
        open_ = self._open.get(minute)
        if open_ is None:
            open_ = self._open[minute] = self._fair.is_open(minute * 60)
        return open_

    def is_believable(self, happened_ms: int, received_ms: int) -> bool:
        """Return whether a corrected terminal time can be true, given when the server received the event."""
        return self.earliest_ms <= happened_ms < self.latest_ms and happened_ms - received_ms <= _AHEAD_MS


_AHEAD_MS = AHEAD // timedelta(milliseconds=1)
