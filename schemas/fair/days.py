"""The days of a fair, in the time of its venue.

A fair day is the calendar date at the venue, even when the clocks change: on the day summer time ends it lasts
25 hours. All instants here are UTC.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class FairDay:
    """One day of the fair with its official opening hours.

    Attributes:
        opens: local time at which the fair opens; part of the opening hours.
        closes: local time at which it closes, on the same date and after `opens`; not part of the opening hours.
        zone: time zone of the venue.
    """

    date: date
    opens: time
    closes: time
    zone: ZoneInfo

    @property
    def opens_at(self) -> datetime:
        """The instant the fair opens on this day, in UTC."""
        return datetime.combine(self.date, self.opens, self.zone).astimezone(UTC)

    @property
    def closes_at(self) -> datetime:
        """The instant the fair closes on this day, in UTC."""
        return datetime.combine(self.date, self.closes, self.zone).astimezone(UTC)

    @property
    def starts_at(self) -> datetime:
        """Midnight at the venue, at which this date begins, in UTC."""
        return midnight(self.date, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The next midnight at the venue, in UTC: 23, 24 or 25 hours after `starts_at`."""
        return midnight(self.date + timedelta(days=1), self.zone)


class Timetable:
    """Look-ups for every event: the fair day of an instant, and whether the fair is open.

    Args:
        days: ascending by date, at least one.
        zone: time zone of the venue.
    """

    __slots__ = ("_dates", "_midnights", "_switches", "_zone")

    def __init__(self, days: Sequence[FairDay], zone: ZoneInfo) -> None:
        first, last = days[0].date, days[-1].date
        self._zone = zone
        self._dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self._midnights = [_epoch(midnight(day, zone)) for day in (*self._dates, last + timedelta(days=1))]
        self._switches = [_epoch(at) for day in days for at in (day.opens_at, day.closes_at)]

    def local_date(self, epoch_s: float) -> date:
        """Return the calendar date at the venue, for any instant in seconds since 1970 UTC.

        From the first to the last fair day this is one binary search; outside them it asks the time zone.
        """
        place = bisect_right(self._midnights, epoch_s)
        if 0 < place < len(self._midnights):
            return self._dates[place - 1]
        return datetime.fromtimestamp(epoch_s, self._zone).date()

    def is_open(self, epoch_s: float) -> bool:
        """Return whether the instant is within official opening hours: opening second included, closing second not."""
        # Every opening or closing before the instant switches the state once: an odd number means open.
        return bisect_right(self._switches, epoch_s) % 2 == 1


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant the date begins in the zone, in UTC; where midnight is skipped, the moment of the skip."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())
