"""The newest closed window is shown: the events' own time or the wall clock closes it, and late events reach it."""

from collections.abc import Sequence

import pytest

from schemas.events import Event
from schemas.times import epoch_ms
from streams.fold.state import PartitionState
from streams.shown.view import View
from tests.support import builders
from tests.support.streams_of import ENGINE, parsed


def state_of(events: Sequence[Event]) -> PartitionState:
    state = PartitionState()
    for (_, topic), log in parsed(builders.records(events)).items():
        ENGINE.apply(state, ENGINE.fold(state, topic, log))
    return state


def view_of(*events: Event, now: str | None = None) -> View:
    state = state_of(events)
    clock = None if now is None else (lambda: epoch_ms(builders.local(now)))
    return View(ENGINE, lambda: {0: state}, clock)


def shown(view: View, kpi: str, window: str) -> int:
    series = view.report([kpi])["kpis"][kpi]["windows"][window]
    return sum(one["value"] for one in series)


def test_before_the_first_event_nothing_is_closed_and_no_window_is_shown() -> None:
    view = view_of()
    assert (view.end_minute(), view.today()) == (None, None)
    assert view.report()["window_end"] is None


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("11:05", "live"),
        ("23:59:59", "live"),
        ("2025-10-26 15:59:59", "live"),
        ("2025-10-26 23:59:59.999", "live"),
        ("2025-10-27 00:00:00", "finished"),
        ("2025-11-30 12:00:00", "finished"),
    ],
)
def test_a_fair_is_finished_once_its_last_day_has_ended(now: str, status: str) -> None:
    assert view_of(builders.scan("ada"), now=now).report()["status"] == status


def test_without_a_clock_the_newest_event_says_whether_the_fair_goes_on() -> None:
    assert view_of().report()["status"] == "live"
    assert view_of(builders.scan("ada")).report()["status"] == "live"
    assert view_of(builders.scan("ada"), builders.scan("bob", at="2025-10-27 00:10")).report()["status"] == "finished"


def test_a_minute_is_shown_once_the_newest_event_of_any_topic_is_later_by_the_lateness() -> None:
    entries = [builders.scan("ada", at="11:00:10"), builders.scan("bob", at="11:00:50")]
    assert shown(view_of(*entries, builders.touch("ada", at="11:01:29.999")), "gate_passages", "1m") == 0
    assert shown(view_of(*entries, builders.touch("ada", at="11:01:30")), "gate_passages", "1m") == 2
    assert shown(view_of(*entries, builders.touch("ada", at="11:02:30")), "gate_passages", "1m") == 0


def test_sliding_windows_cover_the_minutes_before_their_end() -> None:
    events = [builders.scan(f"p{minute}", at=f"11:{minute:02d}") for minute in range(30)]
    view = view_of(*events, builders.scan("last", at="11:30:30"))
    assert [shown(view, "gate_passages", window) for window in ("1m", "5m", "15m")] == [1, 5, 15]


def test_a_distinct_count_of_a_sliding_window_counts_a_visitor_of_two_minutes_once() -> None:
    events = [builders.touch("ada", at="11:00"), builders.touch("ada", at="11:01"), builders.touch("bob", at="11:01")]
    assert shown(view_of(*events, builders.touch("cy", at="11:03:30")), "exhibit_visitors", "15m") == 2


def test_under_the_wall_clock_a_quiet_partition_does_not_freeze_its_windows() -> None:
    event = builders.scan("ada", at="11:00:10")
    assert shown(view_of(event, now="11:01:30"), "gate_passages", "1m") == 1
    assert shown(view_of(event, now="11:02:30"), "gate_passages", "1m") == 0
    assert shown(view_of(event, now="11:05:30"), "gate_passages", "5m") == 1


def test_a_late_event_reaches_its_pane_while_a_window_needs_it_and_always_the_day_and_the_fair() -> None:
    newest = builders.scan("ada", at="12:00:30")
    late = builders.scan("bob", at="11:50", received="12:00:31")
    too_late = builders.scan("cy", at="11:20", received="12:00:31")
    view = view_of(newest, late, too_late)
    assert shown(view, "gate_passages", "15m") == 1
    assert shown(view, "gate_passages", "fair") == 3
    assert shown(view, "late_events", "fair") == 2


def test_a_terminal_with_a_fast_clock_does_not_close_windows_early() -> None:
    fast = builders.scan("ada", at="11:04", received="11:00")
    assert view_of(fast).time_ms() == epoch_ms(builders.local("11:00"))


def test_days_are_all_reported_and_visits_add_up_to_the_fair_but_visitors_do_not() -> None:
    view = view_of(builders.scan("ada", at="11:00"), builders.scan("ada", at="2025-10-26 11:00"))
    visits = view.report(["visits"])["kpis"]["visits"]["windows"]
    assert {day: series[0]["value"] for day, series in visits["day"].items()} == {"2025-10-25": 1, "2025-10-26": 1}
    assert shown(view, "visits", "fair") == 2
    assert shown(view, "unique_visitors", "fair") == 1
    assert view.today() == "2025-10-26"
