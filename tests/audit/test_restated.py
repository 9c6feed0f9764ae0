"""Restatement: by how much a figure of a day moved after the day had closed. Numbers by hand."""

import random
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from schemas.events import Event
from streams.audit.recount.closings import FIGURES
from streams.audit.recount.counts import WINDOWS
from streams.audit.recount.oracle import Oracle
from streams.audit.restated import MOST_LINES, Restated, RestatedGauges, restated_lines, restated_rows
from streams.shown.answers import Number
from tests.support.builders import FIRST_DAY, LATENESS, SECOND_DAY, deal, records, registered, scan, touch
from tests.support.stories import fair_file_of
from tests.support.streams_of import FAIR_FILE

NEXT_MORNING = f"{SECOND_DAY} 09:55"


def figures(events: Sequence[Event], file: object = FAIR_FILE) -> dict[tuple[str, str], tuple[int, int]]:
    """Return at close and now, by KPI and day, of what is not zero."""
    oracle = Oracle(file, LATENESS).read(records(events))  # type: ignore[arg-type]
    return {(one.name, one.day): (one.at_close, one.now) for one in oracle.restated() if one.at_close or one.now}


EVENTS = [
    scan("ada", at="10:00"),
    scan("bob", at="17:59", received="17:59:59.999"),  # the first day closes at 18:00
    scan("cy", at="10:00", received="18:00"),  # the terminal was offline until then
    scan("dee", at="11:00", received=NEXT_MORNING),
    scan("ada", "booth", at="10:05"),
    scan("ada", "booth", at="10:06", received=NEXT_MORNING),  # the same scan still
    scan("bob", "booth", at="12:00", received=NEXT_MORNING),
    touch("ada", at="10:30"),
    deal("d-1", value=100_00, at="12:00", signed_at="2025-10-25T12:00:00+02:00"),
    deal("d-2", value=50_00, at="12:00", received=NEXT_MORNING, signed_at="2025-10-25T12:00:00+02:00"),
]
MOVED = {
    ("gate_passages", FIRST_DAY): (2, 4),
    ("visits", FIRST_DAY): (2, 4),
    ("professional_visits", FIRST_DAY): (2, 4),
    ("attendance", FIRST_DAY): (2, 4),
    ("booth_scans", FIRST_DAY): (1, 2),
    ("booth_visitors", FIRST_DAY): (1, 2),
    ("booth_audience", FIRST_DAY): (1, 2),
    ("interactions", FIRST_DAY): (1, 1),
    ("exhibit_visitors", FIRST_DAY): (1, 1),
    ("exhibit_audience", FIRST_DAY): (1, 1),
    ("outcomes", FIRST_DAY): (1, 2),
    ("events", FIRST_DAY): (5, 10),
}


def test_only_what_came_before_the_close_is_in_the_figure_of_that_time_in_any_order() -> None:
    for seed in range(20):
        mixed = list(EVENTS)
        random.Random(seed).shuffle(mixed)
        found = figures(mixed)
        assert {place: both for place, both in found.items() if not place[0].endswith("reported")} == MOVED


def test_a_day_that_is_still_open_has_no_figure_yet() -> None:
    assert figures([scan("ada", at="10:00")]) == {}
    assert set(figures([scan("ada", at="10:00"), scan("bob", at="18:00")])) == {
        (name, FIRST_DAY) for name in ("gate_passages", "visits", "professional_visits", "attendance", "events")
    }


def test_a_correction_of_the_register_moves_both_so_it_is_no_restatement() -> None:
    events = [
        scan("ada", role=None, at="10:00"),
        registered("ada", received="09:00", at="09:00"),
        registered("bob", revision=1, received=NEXT_MORNING, at=NEXT_MORNING),
        scan("bob", role=None, at="10:00"),
        scan("cy", role=None, at=NEXT_MORNING),
    ]
    file = fair_file_of({"fair": {"# badge_register: yes": "badge_register: yes"}})
    assert figures(events, file)["visits", FIRST_DAY] == (2, 2)


def test_every_figure_has_days_and_one_unit() -> None:
    assert all("day" in WINDOWS[name].split() for name in FIGURES)
    assert not {"contract_value", "intended_value", "counted_by_profile", "funnel"} & set(FIGURES)


def test_rows_and_lines_say_by_how_much() -> None:
    told = [
        Restated("visits", FIRST_DAY, 80, 82),
        Restated("leads", FIRST_DAY, 0, 3),
        Restated("events", FIRST_DAY, 5, 5),
    ]
    assert [row[2:] for row in restated_rows(told)] == [(80, 82, 2, "2.50"), (0, 3, 3, ""), (5, 5, 0, "0.00")]
    assert restated_lines(told) == [
        "MOVED  visits [2025-10-25]: 80 when the day closed, 82 now",
        "MOVED  leads [2025-10-25]: 0 when the day closed, 3 now",
    ]
    many = [Restated("visits", str(number), 0, 1) for number in range(MOST_LINES + 2)]
    assert restated_lines(many)[-1] == "... and 2 more; --out writes all of them to restated.csv"


@pytest.mark.parametrize(("live", "apart"), [((4, 4), 0), ((5, 3), 2)])
def test_the_gauges_show_what_moved_and_what_differs_by_kpi_and_day(live: tuple[int, int], apart: int) -> None:
    numbers = [Number("visits", FIRST_DAY, f"gate={number}", one, 4) for number, one in enumerate(live)]
    numbers += [Number("visits", "fair", "", 9, 8), Number("leads", FIRST_DAY, "", 3, 3)]
    registry = CollectorRegistry()
    registry.register(RestatedGauges([Restated("visits", FIRST_DAY, 6, 8)], numbers))
    place = {"kpi": "visits", "day": FIRST_DAY}
    found = [
        registry.get_sample_value(f"fair_audit_{name}", place) for name in ("restated", "at_close", "unreconciled")
    ]
    assert found == [2, 6, apart]
    assert registry.get_sample_value("fair_audit_unreconciled", {**place, "kpi": "leads"}) is None
