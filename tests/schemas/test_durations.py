"""Lengths of time are written as people write them, and shown the same way."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.durations import MOST, BadDuration, duration, duration_text

S = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("30s", 30 * S),
        ("5m", 300 * S),
        ("2h", 7_200 * S),
        ("1d", 86_400 * S),
        ("500ms", S / 2),
        ("1h30m", 5_400 * S),
        ("1d2h3m4s5ms", 93_784.005 * S),
        ("1.5h", 5_400 * S),
        ("30", 30 * S),
        ("0.5", S / 2),
        ("0", 0 * S),
        ("PT30S", 30 * S),
        ("PT5M", 300 * S),
        ("P1DT12H", 129_600 * S),
        ("pt1h", 3_600 * S),
        (" 30s ", 30 * S),
        ("-30s", -30 * S),
        ("-PT1S", -1 * S),
    ],
)
def test_a_length_of_time_is_taken_as_people_write_it(text: str, means: timedelta) -> None:
    assert duration(text) == means


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("1 m", "has a blank inside"),
        ("m", "has no number before its unit"),
        ("1x", "has a unit that is not one of d, h, m, s, ms, or units out of that order"),
        ("30S", "has a unit that is not one of d, h, m, s, ms, or units out of that order"),
        ("30s5m", "has a unit that is not one of d, h, m, s, ms, or units out of that order"),
        ("4000d", "is longer than 3650d"),
        ("9" * 30, "is longer than 3650d"),
        *((text, "is not a length of time") for text in ("soon", "1e3", "nan", "inf", "PT", "P", "+5", "1:30", "--5")),
    ],
)
def test_what_is_not_a_length_of_time_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(BadDuration) as refused:
        duration(text)
    assert str(refused.value) == said


@given(st.timedeltas(timedelta(0), MOST))
def test_what_is_shown_can_be_typed_again(value: timedelta) -> None:
    to_the_millisecond = value // timedelta(milliseconds=1) * timedelta(milliseconds=1)
    assert duration(duration_text(to_the_millisecond)) == to_the_millisecond


@pytest.mark.parametrize(
    ("value", "shown"),
    [(30 * S, "30s"), (600 * S, "10m"), (5_400 * S, "1h30m"), (S / 10, "100ms"), (0 * S, "0s"), (-90 * S, "-1m30s")],
)
def test_a_length_of_time_is_shown_in_the_largest_units_that_fit(value: timedelta, shown: str) -> None:
    assert duration_text(value) == shown
