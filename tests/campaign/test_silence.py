"""The law "not silent" by itself: which times of wrong numbers count, and which of them nobody told of."""

from collections.abc import Sequence
from math import inf

import pytest

from dashboards.alerts import ALERTS
from tests.campaign.silence import (
    LASTING,
    LIMIT_S,
    TRUTH,
    Firing,
    Look,
    State,
    Untold,
    prove_something,
    silent,
    untold,
)


def looks(text: str) -> list[Look]:
    """Return one look per second: e(qual), w(rong), t(old), u(nread)."""
    states: dict[str, State] = {"e": "equal", "w": "wrong", "t": "told", "u": "unread"}
    return [Look(at, states[letter]) for at, letter in enumerate(text)]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("", []),
        ("eeee", []),
        ("eewwwee", [(2, 4)]),
        ("eewtwwe", [(2, 2), (4, 5)]),  # a worker that is not ready tells
        ("eewuwe", [(2, 4)]),  # a look that proves nothing does not tell
        ("wwuuee", [(0, 1)]),
        ("wwewww", [(0, 1), (3, 5)]),
    ],
)
def test_wrong_numbers_count_from_the_first_look_that_shows_them_to_the_last(
    text: str, times: list[tuple[int, int]]
) -> None:
    assert [(one.start, one.end) for one in untold(looks(text))] == times


@pytest.mark.parametrize(
    ("text", "since"), [("eew", 1), ("tw", 0), ("w", -inf), ("euuw", 0), ("ewwww", 0), ("wwtew", 3)]
)
def test_numbers_became_wrong_after_the_last_look_that_proves_something_else(text: str, since: float) -> None:
    assert untold(looks(text))[-1].since == since


@pytest.mark.parametrize(
    ("seconds", "alert", "moments", "is_silent"),
    [
        (30, "", (), False),
        (31, "", (), True),
        (31, "LogShorter", (1_030,), False),
        (31, "LogShorter", (1_031,), True),  # too late
        (31, "LogShorter", (999,), True),  # it is over before
        (600, "LogShorter", (1_000, 1_001), False),
        (600, "TopicsWrong", range(900, 1_600), False),  # it still holds
        (600, "EventsFell", range(900, 1_600), True),  # it tells of something before, for a quarter of an hour
        (600, "EventsMisplaced", range(900, 1_600), True),
        (600, "EventsMisplaced", range(996, 1_600), False),  # Prometheus was faster than the look
        (600, "EventsMisplaced", range(1_020, 1_600), False),
        (600, "EventsFell", range(1_031, 1_600), True),  # too late
        (600, "EventsFell", (*range(900, 1_010), *range(1_015, 1_600)), True),  # a break between two scrapes
        (600, "EventsFell", (*range(900, 950), *range(1_010, 1_600)), False),
    ],
)
def test_a_time_is_silent_if_it_is_long_and_no_alert_tells_of_it_soon(
    seconds: int, alert: str, moments: Sequence[float], is_silent: bool
) -> None:
    one = Untold(1_000, 1_000 + seconds, "a number", since=995)
    fired = [Firing(alert, moments)] if alert else []
    assert (silent([one], fired, limit_s=30) == [one]) is is_silent


@pytest.mark.parametrize(("text", "proves"), [("", False), ("ttuu", False), ("tte", True), ("uw", True)])
def test_looks_at_workers_that_were_never_all_ready_prove_nothing(text: str, proves: bool) -> None:
    assert prove_something(looks(text)) is proves


def test_an_alert_that_looks_back_in_time_counts_only_when_it_begins() -> None:
    """One whose condition holds for as long as the fault does, counts at any moment."""
    looks_back = {
        alert.name for alert in ALERTS if alert.name in TRUTH and ("[15m]" in alert.expr or "offset" in alert.expr)
    }
    assert looks_back == set(LASTING)


def test_the_limit_is_the_longest_wait_of_the_alerts_that_tell_and_two_shipped_evaluations() -> None:
    assert set(TRUTH) <= {alert.name for alert in ALERTS}
    assert {alert.wait for alert in ALERTS if alert.name in TRUTH} == {"0s"}
    assert LIMIT_S == 30
