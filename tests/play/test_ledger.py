import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from producers.play.simulator.emission import DealFact, Emission
from producers.play.simulator.ledger import LABELS, Ledger, yearly_value
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from schemas.fair.file import example_fair_path
from schemas.fair.model import Fair
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.deals import OUTCOMES
from streams.kpis.definition import Kpi
from streams.kpis.gates import GATE_PASSAGES
from streams.kpis.labels import Label
from streams.kpis.visits import RETURNING_VISITORS
from streams.shown.answers import Number
from tests.play.conftest import Simulate
from tests.support.builders import LATENESS
from tests.support.remedies import LEDGER, ledger_remedy, recount_remedy, told_of_ledger

SMALL = example_fair_path("small")

OF_A_REGISTER = {"registered_badges", "unregistered_badges"}
"""KPIs that a fair without a register of badges never has."""

BY_ARRIVAL = {"event_lag", "late_events"}
"""What no ledger can know: it depends on how records reach their partitions."""


def booked(fair: Fair, stream: Iterable[Emission]) -> Ledger:
    ledger = Ledger(fair)
    for emission in stream:
        ledger.book(emission)
    return ledger


def must_equal_a_recount(ledger: Ledger, stream: list[Emission], fair_file: Path = SMALL) -> None:
    """Fail with the numbers in which the ledger and the oracle, which reads only the bytes, part."""
    records = [
        (emission.topic, sum(emission.key) % 8, offset, emission.key, emission.value)
        for offset, emission in enumerate(stream)
    ]
    oracle = Oracle(fair_file, LATENESS).read(records)
    answers = [
        {"window_end": None, "kpis": {name: {"windows": windows} for name, windows in ledger.kpis().items()}},
        {"window_end": "2025-10-25T09:00:00.000Z", "kpis": {}},  # different ends: minutes are not compared
    ]
    found = [one for one in differences(oracle, answers) if one.name not in BY_ARRIVAL]
    assert not found, told_of_ledger(found)


@pytest.mark.parametrize("seed", [1, 20_250_910])
@pytest.mark.parametrize("scenario", ["fair_day", "whole_fair", "ceremony_burst", "gate_outage"])
def test_the_ledger_equals_a_recount_of_the_bytes(scenario: str, seed: int, simulated: Simulate, fair: Fair) -> None:
    stream = list(simulated(scenario, seed, broken=0.002, resent=0.02))
    must_equal_a_recount(booked(fair, stream), stream)


def test_the_ledger_equals_a_recount_at_the_fair_with_two_thousand_exhibitors(ciftis: Fair) -> None:
    stream = list(emissions(ciftis, replace(scenario_named("reconnect_flush"), visitors=800), 2))
    must_equal_a_recount(booked(ciftis, stream), stream, example_fair_path("ciftis"))


def test_the_ledger_equals_a_recount_at_a_fair_with_a_register_of_badges(
    registered: tuple[Emission, ...], register_fair: Fair, register_file: Path
) -> None:
    must_equal_a_recount(booked(register_fair, registered), list(registered), register_file)


def test_the_ledger_of_a_part_of_a_fair_with_a_register_equals_a_recount(
    registered: tuple[Emission, ...], register_fair: Fair, register_file: Path
) -> None:
    part = list(registered[len(registered) // 3 :: 2])
    must_equal_a_recount(booked(register_fair, part), part, register_file)


def test_the_ledger_of_a_run_that_was_cut_short_equals_a_recount_of_what_was_sent(
    simulated: Simulate, fair: Fair
) -> None:
    stream = list(simulated(resent=0.05))
    part = stream[len(stream) // 3 :: 2]
    must_equal_a_recount(booked(fair, part), part)


def test_the_order_of_acknowledgements_does_not_matter(simulated: Simulate, fair: Fair) -> None:
    stream = list(simulated(visitors=150))
    assert booked(fair, stream).kpis() == booked(fair, reversed(stream)).kpis()


def test_the_order_of_acknowledgements_does_not_matter_at_a_fair_with_a_register(
    registered: tuple[Emission, ...], register_fair: Fair
) -> None:
    assert booked(register_fair, registered).kpis() == booked(register_fair, reversed(registered)).kpis()


def test_every_kpi_of_a_busy_day_has_a_value(day: tuple[Emission, ...], fair: Fair) -> None:
    must_all_have_values(booked(fair, day).kpis(), but=OF_A_REGISTER)


def test_every_kpi_of_a_fair_with_a_register_has_a_value(registered: tuple[Emission, ...], register_fair: Fair) -> None:
    must_all_have_values(booked(register_fair, registered).kpis(), but=set())


def must_all_have_values(kpis: dict[str, Any], but: set[str]) -> None:
    assert set(kpis) == set(LABELS)
    empty = {
        name for name, windows in kpis.items() if not windows.get("fair") and not any(windows.get("day", {}).values())
    }
    assert empty == but, [ledger_remedy(kpi) for kpi in ALL_KPIS if kpi.name in empty ^ but]


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_every_kpi_is_booked_with_its_labels_and_windows(kpi: Kpi[Any, Any], fair: Fair) -> None:
    if kpi.name in BY_ARRIVAL:
        return
    assert LABELS.get(kpi.name) == kpi.labels, ledger_remedy(kpi)
    windows = {window.value for window in kpi.windows if not window.minutes}
    assert set(Ledger(fair).kpis()[kpi.name]) == windows, f"in {LEDGER} correct FAIR_ONLY and DAY_ONLY"


@pytest.mark.parametrize(
    ("kpi", "said"),
    [
        (
            replace(GATE_PASSAGES, labels=(Label.GATE, Label.DIRECTION)),
            "LABELS say \"gate_passages\": ('gate', 'direction'), and count it where its fact is booked",
        ),
        (replace(OUTCOMES, labels=(Label.KIND,)), "LABELS say \"outcomes\": ('kind',), and count it in _settle_deals"),
        (RETURNING_VISITORS, 'LABELS say "returning_visitors": (), and count it from its persons'),
    ],
)
def test_the_remedy_names_the_place_for_its_sort_of_kpi(kpi: Kpi[Any, Any], said: str) -> None:
    assert said in ledger_remedy(kpi)


def test_a_number_that_parts_says_which_is_the_ledgers_and_how_either_book_is_put_right() -> None:
    told = told_of_ledger([Number("outcomes", "fair", "kind=transaction", 3, 4)])
    assert "outcomes{kind=transaction} [fair]: the ledger gives 3, the recount gives 4" in told
    assert f"if the recount is right, {ledger_remedy(OUTCOMES)}; " in told
    assert f"if the ledger is right, {recount_remedy(OUTCOMES)}" in told


def test_no_kpi_is_booked_that_is_gone() -> None:
    assert LABELS.keys() <= {kpi.name for kpi in ALL_KPIS}, f"take it out of LABELS in {LEDGER}"


def test_an_empty_ledger_names_every_kpi_and_no_cell(fair: Fair) -> None:
    kpis = Ledger(fair).kpis()
    assert all(not windows.get("fair") and not windows.get("day") for windows in kpis.values())


@pytest.mark.parametrize(
    ("value", "months", "yearly", "expected"),
    [
        (1_000, 0, False, 1_000),
        (1_000, 12, False, 1_000),
        (1_000, 24, False, 500),
        (1_000, 24, True, 1_000),
        (1, 24, False, 0),  # 0.5, to even
        (3, 24, False, 2),  # 1.5, to even
        (7, 18, False, 5),  # 4.67
    ],
)
def test_the_value_of_a_year_is_rounded_half_to_even(value: int, months: int, *, yearly: bool, expected: int) -> None:
    deal = DealFact("d", 1, stands=True, value_minor=value, yearly=yearly, term_months=months)
    assert yearly_value(deal) == expected


def test_the_file_is_replaced_as_a_whole(tmp_path: Path, day: tuple[Emission, ...], fair: Fair) -> None:
    path = tmp_path / "ledger.json"
    path.write_text("old")
    booked(fair, day[:500]).write(path, seed=1, scenario="fair_day")
    written = json.loads(path.read_text())
    assert written["fair"] == fair.fair_id
    assert written["records"] == 500
    assert written["kpis"]["events"]["day"]
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.json"]
