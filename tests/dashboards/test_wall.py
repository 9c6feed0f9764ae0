"""The wall when there is little to say: all is well, no worker, or a scrape that failed."""

from pathlib import Path

import pytest

from dashboards.boards.shared import AGE_NOW, START_A_WORKER, urgent
from tests.dashboards.test_totals import says
from tests.support.promtool import promtool

pytestmark = promtool
ENDED, NEWEST = "fair_window_end_timestamp_seconds", "fair_watermark_timestamp_seconds{partition='0'}"
FULL = "ALERTS{alertname='HallFull', alertstate='firing', severity='critical', hall='h1'}"
NOTICE = "ALERTS{alertname='HallFillsUp', alertstate='firing', severity='notice', hall='h1'}"


@pytest.mark.parametrize(
    ("what", "series"),
    [
        (START_A_WORKER, {}),
        (START_A_WORKER, {NOTICE: "1x20"}),
        ("all is well", {ENDED: "1x20"}),
        ("all is well", {ENDED: "1x20", NOTICE: "1x20"}),
        ("all is well", {ENDED: "1 1 1 1 stale"}),
        ("HallFull h1 ", {ENDED: "1x20", FULL: "1x20"}),
        ("HallFull h1 ", {FULL: "1x20"}),
    ],
)
def test_the_wall_always_says_one_thing_about_what_needs_attention(
    tmp_path: Path, what: str, series: dict[str, str]
) -> None:
    assert says(tmp_path, series, f"count by (what) ({urgent()})", "75s", 1, f'{{what="{what}"}}') == ""


def test_the_wall_says_no_worker_when_the_last_one_has_been_gone_for_a_while(tmp_path: Path) -> None:
    gone = {ENDED: "1 1 stale"}
    assert says(tmp_path, gone, f"count by (what) ({urgent()})", "180s", 1, f'{{what="{START_A_WORKER}"}}') == ""


def test_a_scrape_that_failed_leaves_the_age_of_a_simulated_fair_as_it_is(tmp_path: Path) -> None:
    series = {ENDED: "1000 1000 stale", NEWEST: "1090 1090 stale"}
    long_after = f"({AGE_NOW.replace('time()', '1e9')})"
    assert says(tmp_path, series, long_after, "45s", 90, "{}") == ""
    assert says(tmp_path, series, long_after, "180s", None, "{}") == ""
