"""The calendar: which times are believed, which day it is, and whether the fair is open."""

from datetime import datetime

import pytest

from schemas.times import epoch_ms
from streams.fold.calendar import MINUTE_MS, Calendar
from tests.support.streams_of import FAIR

CALENDAR = Calendar(FAIR)
NOON = epoch_ms(datetime.fromisoformat("2025-10-25T12:00:00+02:00"))
AHEAD_MS = 300_000


@pytest.mark.parametrize(
    ("ahead_ms", "believed"), [(0, True), (AHEAD_MS, True), (AHEAD_MS + 1, False), (-(10**7), True)]
)
def test_a_clock_is_believed_up_to_five_minutes_ahead_of_the_server(ahead_ms: int, believed: bool) -> None:
    assert CALENDAR.is_believable(NOON + ahead_ms, NOON) is believed


@pytest.mark.parametrize(
    ("local", "believed"),
    [
        ("2025-10-24T00:00:00+02:00", True),
        ("2025-10-23T23:59:59.999+02:00", False),
        ("2025-10-27T23:59:59.999+01:00", True),
        ("2025-10-28T00:00:00+01:00", False),
        ("2000-01-01T00:00:00+00:00", False),
    ],
)
def test_a_time_is_believed_up_to_a_day_around_the_fair(local: str, believed: bool) -> None:
    happened = epoch_ms(datetime.fromisoformat(local))
    assert CALENDAR.is_believable(happened, happened) is believed


@pytest.mark.parametrize(
    ("local", "day", "is_open"),
    [
        ("2025-10-25T08:59:00+02:00", "2025-10-25", False),
        ("2025-10-25T09:00:00+02:00", "2025-10-25", True),
        ("2025-10-25T18:00:00+02:00", "2025-10-25", False),
        ("2025-10-25T23:59:00+02:00", "2025-10-25", False),
        ("2025-10-26T00:00:00+02:00", "2025-10-26", False),
        ("2025-10-26T15:59:00+01:00", "2025-10-26", True),
        ("2025-10-27T11:00:00+01:00", "2025-10-27", False),
    ],
)
def test_days_are_the_venues_and_opening_includes_its_first_minute_only(local: str, day: str, is_open: bool) -> None:
    minute = epoch_ms(datetime.fromisoformat(local)) // MINUTE_MS
    assert (CALENDAR.day(minute), CALENDAR.is_open(minute)) == (day, is_open)
