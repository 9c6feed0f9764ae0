"""Prometheus gets help and unit for every family, bounded labels, one series per group, and not too many series."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from producers.play.simulator.emission import Emission
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.fair.file import example_fair_path, load_fair
from schemas.wire import decoder
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import fair_values, quantile
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.deals import CONTRACT_VALUE
from streams.kpis.labels import Label
from streams.shown.collector import KpiCollector, metric_name
from streams.shown.health import Health
from streams.shown.view import View
from tests.support.promtool import promtool

PARTITIONS = 8
MOST_SERIES = 10_000
MORE_LABELS = {"window", "partition", "le", "topic", "phase"}
FAIR = load_fair(example_fair_path())


def busy_states() -> dict[int, PartitionState]:
    """Return the states after an afternoon in which somebody came to every booth and every exhibit."""
    engine, admit, place = Engine(FAIR, timedelta(seconds=30)), admission(FAIR), DefaultPartitioner()
    states = {number: PartitionState() for number in range(PARTITIONS)}
    logs: dict[tuple[int, str], list[Any]] = {}

    def put(topic: str, key: bytes, value: bytes) -> None:
        log = logs.setdefault((place(key, list(states), list(states)), topic), [])
        try:
            event: Any = decoder(topic)(value)
            admit(event)
        except InvalidEvent as error:
            event = error
        log.append((len(log), event))

    played = [e for _, e in zip(range(40_000), emissions(FAIR, scenario_named("fair_day"), seed=5), strict=False)]
    signed = [
        e for e in emissions(FAIR, replace(scenario_named("ceremony_burst"), visitors=50), seed=6) if "deals" in e.topic
    ]
    for emission in [*played, *everywhere(played), *signed]:
        put(emission.topic, emission.key, emission.value)
    for (partition, topic), log in logs.items():
        engine.apply(states[partition], engine.fold(states[partition], topic, log))
    return states


def everywhere(played: list[Emission]) -> Iterator[Emission]:
    """Copy one booth scan to every booth and one touch to every exhibit of the fair, at the end of the day."""
    scan = next(e for e in reversed(played) if b'"scan_kind":"booth"' in e.value and b'"badge_ref"' in e.value)
    touch = next(e for e in reversed(played) if e.topic == "fair.interactions" and b'"badge_ref"' in e.value)
    for number, booth in enumerate(FAIR.booths):
        yield altered(scan, number, {"booth_id": booth})
    for number, exhibit in enumerate(FAIR.exhibits.values()):
        yield altered(touch, number, {"exhibit_id": exhibit.exhibit_id, "exhibitor_id": exhibit.exhibitor})


def altered(emission: Emission, number: int, fields: dict[str, str]) -> Emission:
    badge = f"{number:032x}"
    text = emission.value.decode()
    for name, value in {**fields, "badge_ref": badge, "event_id": f"0199e000-0000-7000-8000-{number:012x}"}.items():
        text = re.sub(f'"{name}":"[^"]*"', f'"{name}":"{value}"', text)
    return emission._replace(key=badge.encode(), value=text.encode())


@pytest.fixture(scope="module")
def states() -> dict[int, PartitionState]:
    return busy_states()


@pytest.fixture(scope="module")
def exposition(states: dict[int, PartitionState]) -> str:
    registry = CollectorRegistry()
    Health(registry)
    view = View(Engine(FAIR, timedelta(seconds=30)), lambda: states)
    registry.register(KpiCollector(view, lambda: {("fair.scans", 0): 3}))
    return generate_latest(registry).decode()


def test_every_kpi_is_a_family_with_help_and_unit(exposition: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(exposition)}
    for kpi in ALL_KPIS:
        assert families[metric_name(kpi)].documentation.startswith(kpi.question)
        assert re.search(r"\(unit: [a-z ]+\)$", families[metric_name(kpi)].documentation)
    assert all(family.documentation for family in families.values())


def test_there_are_at_most_ten_thousand_series_when_every_booth_of_two_thousand_is_busy(exposition: str) -> None:
    series = [line for line in exposition.splitlines() if line and not line.startswith("#")]
    booths = sum(line.startswith("fair_booth_visitors{") for line in series)
    print(f"{len(series)} series, {booths} of them visitors of booths")
    assert booths >= len(FAIR.booths) > 1_500
    assert len(series) <= MOST_SERIES


def test_no_series_stands_twice(exposition: str) -> None:
    names = [line.rpartition(" ")[0] for line in exposition.splitlines() if not line.startswith("#")]
    assert len(set(names)) == len(names)


def test_labels_are_those_of_the_catalogue_and_never_a_badge_a_deal_or_an_event(
    exposition: str, states: dict[int, PartitionState]
) -> None:
    samples = [sample for family in text_string_to_metric_families(exposition) for sample in family.samples]
    assert {label for sample in samples for label in sample.labels} <= MORE_LABELS | set(Label)
    shown = {value for sample in samples for value in sample.labels.values()}
    hidden = {name for state in states.values() for name in (*state.numbers, *state.deals)}
    assert hidden
    assert not shown & hidden
    assert not any(re.search(r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}", value) for value in shown)


def test_a_narrow_kpi_shows_every_partition_and_a_wide_one_their_sum(exposition: str) -> None:
    for family in text_string_to_metric_families(exposition):
        for kpi in ALL_KPIS:
            if metric_name(kpi) == family.name and family.samples:
                assert ("partition" in family.samples[0].labels) is not kpi.wide, kpi.name


def test_money_is_shown_in_units_of_its_currency(exposition: str, states: dict[int, PartitionState]) -> None:
    minor: dict[tuple[str, str], int] = {}
    for state in states.values():
        for (section, currency), value in fair_values(state, CONTRACT_VALUE).items():
            minor[section, currency] = minor.get((section, currency), 0) + value
    [family] = [f for f in text_string_to_metric_families(exposition) if f.name == "fair_contract_value"]
    shown = {
        (sample.labels["section"], sample.labels["currency"]): sample.value
        for sample in family.samples
        if sample.labels["window"] == "fair"
    }
    assert minor
    assert shown == {at: value / 10 ** FAIR.currencies[at[1]].minor_units for at, value in minor.items()}


@promtool
def test_promtool_finds_nothing_to_say(exposition: str) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition, text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr


@pytest.mark.parametrize(
    ("counts", "q", "expected"),
    [
        ([0, 0, 0, 0], 0.5, None),
        ([10, 0, 0, 0], 0.5, 50.0),
        ([0, 10, 0, 0], 0.5, 150.0),
        ([5, 5, 0, 0], 0.9, 180.0),
        ([1, 1, 1, 1], 0.9, 400.0),
    ],
)
def test_a_quantile_is_that_of_prometheus(counts: list[int], q: float, expected: float | None) -> None:
    assert quantile((100, 200, 400), [*counts, 0], q) == expected
