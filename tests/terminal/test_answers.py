"""How long to wait, from what the server asked and what failed before."""

from email.utils import formatdate

import pytest

from producers.terminal.answers import Then, judge
from producers.terminal.backoff import LONGEST_S, wait_s
from producers.terminal.spool import Waiting
from producers.terminal.status import clock_text

SENT = [Waiting(1, "a", b"{}"), Waiting(2, "b", b"{}")]
NOW_S = 1_700_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("-7", 0),
        ("soon", 0),
        ("", 0),
        ("99999999999999", 300),
        ("\N{ARABIC-INDIC DIGIT FIVE}", 0),
        (formatdate(NOW_S + 20, usegmt=True), 20),
        (formatdate(NOW_S - 20, usegmt=True), 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_silences_a_booth(header: str, seconds: float) -> None:
    verdict = judge(503, {"Retry-After": header}, b"", SENT, NOW_S)
    assert (verdict.then, verdict.wait_s) == (Then.WAIT, seconds)


def test_the_jitter_is_full_doubles_and_has_a_ceiling() -> None:
    assert [wait_s(failures, lambda: 1.0) for failures in (1, 2, 3, 4)] == [0.5, 1, 2, 4]
    assert wait_s(1_000_000, lambda: 1.0) == LONGEST_S
    assert wait_s(5, lambda: 0.0) == 0
    assert wait_s(5, lambda: 0.0, asked_s=3) == 3


def test_a_result_is_believed_only_if_index_and_id_agree() -> None:
    body = b'{"results":[{"index":1,"id":"a","outcome":"accepted"},{"index":true,"id":"b","outcome":"accepted"}]}'
    verdict = judge(207, {}, body, SENT, NOW_S)
    assert (verdict.delivered, verdict.then) == ((), Then.ALERT)
    verdict = judge(207, {}, b'{"results":[{"index":1,"id":"b","outcome":"accepted"}]}', SENT, NOW_S)
    assert (verdict.delivered, verdict.then) == ((2,), Then.ALERT)


@pytest.mark.parametrize(
    ("offset_ms", "text"),
    [
        (None, ""),
        (1_500, "clock correct"),
        (-3_000, "clock 3 s fast"),
        (180_000, "clock 3 min slow"),
        (86_400_000, "clock 24 h slow"),
        (-40 * 86_400_000, "clock 40 d fast"),
    ],
)
def test_a_wrong_clock_is_told_in_words(offset_ms: int | None, text: str) -> None:
    assert clock_text(offset_ms) == text
