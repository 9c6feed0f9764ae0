"""Figures of people on the boards: each with the name of its profile, and with how many are unknown."""

from pathlib import Path

from dashboards.boards.shared import by_profile, counted, from_abroad, or_no_value, unknown_group, with_unknown
from dashboards.queries import fill, fill_bars, total
from dashboards.rules import RULES
from streams.kpis.definition import Window
from streams.kpis.labels import Label
from streams.kpis.meetings import MEETINGS
from streams.kpis.visits import VISITS, VISITS_BY_GROUP
from tests.dashboards.test_totals import says
from tests.support.promtool import promtool

pytestmark = promtool
WORKER = {"fair_window_end_timestamp_seconds{instance='a'}": "60x10"}
AT = "window='day', partition='0', instance='a'"
VISITED = {f"fair_visits{{{AT}}}": "4x10"}
PROFILES = {
    "fair_profile_info{profile='fkm', title='FKM visitor admissions', headline='no'}": "1x10",
    "fair_profile_info{profile='abc', title='ABC Unique Attendance', headline='yes'}": "1x10",
}
ABROAD = with_unknown(from_abroad(VISITS_BY_GROUP, Window.DAY), unknown_group(VISITS_BY_GROUP, Window.DAY))
SHOWN = by_profile(fill(total(VISITS, Window.DAY)))
FIGURE = counted(Window.FAIR)
MET = fill_bars(total(MEETINGS, Window.DAY, Label.STEP), Label.STEP, "no meeting")


def groups(**counts: int) -> dict[str, str]:
    return {f"fair_visits_by_group{{group='{group}', {AT}}}": f"{count}x10" for group, count in counts.items()}


def test_a_share_from_abroad_is_one_of_the_known_and_says_how_many_are_unknown(tmp_path: Path) -> None:
    series = {**WORKER, **groups(foreign=1, domestic=3, unknown=6)}
    assert says(tmp_path, series, ABROAD, "30s", 0.25, '{unknown="6"}') == ""


def test_nobody_from_abroad_is_a_share_of_zero_and_nobody_unknown_a_zero(tmp_path: Path) -> None:
    assert says(tmp_path, {**WORKER, **groups(domestic=3)}, ABROAD, "30s", 0, '{unknown="0"}') == ""


def test_without_a_known_country_there_is_no_share_but_the_number_of_the_unknown(tmp_path: Path) -> None:
    series = {**WORKER, **groups(unknown=3)}
    assert says(tmp_path, series, from_abroad(VISITS_BY_GROUP, Window.DAY), "30s", None) == ""
    assert says(tmp_path, series, unknown_group(VISITS_BY_GROUP, Window.DAY), "30s", 3, "{}") == ""
    named = f"count by (unknown) ({ABROAD} != {ABROAD})"  # NaN: shown as a text, under its name
    assert says(tmp_path, series, named, "30s", 1, '{unknown="3"}') == ""


def test_the_headline_is_what_its_profile_counts_not_the_visits(tmp_path: Path) -> None:
    at = "window='fair', partition='0', instance='a'"
    figures = {f"fair_counted_by_profile{{profile='{name}', {at}}}": f"{n}x10" for name, n in (("abc", 1), ("fkm", 2))}
    series = {**WORKER, f"fair_visits{{{at}}}": "2x10", **PROFILES}
    assert says(tmp_path, {**series, **figures}, FIGURE, "30s", 1, '{profile="abc"}') == ""
    assert says(tmp_path, series, FIGURE, "30s", 0, '{profile="abc"}') == ""
    assert says(tmp_path, {**WORKER, **figures}, FIGURE, "30s", None) == "", "whose figure is not known yet"


def test_a_share_without_visits_keeps_the_name_of_the_profile(tmp_path: Path) -> None:
    share = f"count by (profile) ({by_profile(or_no_value(from_abroad(VISITS_BY_GROUP, Window.DAY)))})"
    assert says(tmp_path, {**WORKER, **PROFILES}, share, "30s", 1, '{profile="abc"}') == ""


def test_visits_bear_the_name_of_the_headlines_profile(tmp_path: Path) -> None:
    assert says(tmp_path, {**WORKER, **VISITED, **PROFILES}, SHOWN, "30s", 4, '{profile="abc"}') == ""


def test_visits_are_shown_before_the_facts_are_scraped(tmp_path: Path) -> None:
    assert says(tmp_path, {**WORKER, **VISITED}, SHOWN, "30s", 4, '{profile="-"}') == ""


def test_an_unknown_country_is_not_a_country(tmp_path: Path) -> None:
    at = "window='fair', instance='a'"
    series = {f"fair_visitors_by_country{{country='{country}', {at}}}": "2x10" for country in ("DE", "JP", "unknown")}
    assert says(tmp_path, series, RULES["fair:countries"], "30s", 2, "{}") == ""


def test_before_the_first_meeting_a_bar_says_so(tmp_path: Path) -> None:
    assert says(tmp_path, WORKER, MET, "30s", 0, '{step="no meeting"}') == ""
    met = {f"fair_meetings{{step='held', {AT}}}": "2x10"}
    assert says(tmp_path, {**WORKER, **met}, MET, "30s", 2, '{step="held"}') == ""
