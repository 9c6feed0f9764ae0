"""A scrape is one reading: events that are folded while the page is written change none of its numbers."""

import asyncio
from itertools import count

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.fold.state import PartitionState
from streams.shown.collector import KpiCollector
from streams.shown.pages import scrape
from streams.shown.view import View
from tests.support import builders
from tests.support.streams_of import ENGINE

PARTITIONS = 3
SCANS = "fair.scans"
ALL_EQUAL = ("fair_events", "fair_gate_passages", "fair_scans_by_source", "fair_worker_remembered_events")
"""Every event is the accepted entry of somebody new: each of these families counts all of them."""


def enter(states: dict[int, PartitionState], number: int) -> None:
    """Fold the entry of somebody new into every partition."""
    for partition, state in states.items():
        event = builders.scan(f"visitor-{partition}-{number}", at="11:00")
        ENGINE.apply(state, ENGINE.fold(state, SCANS, [(number, event)]))


def totals(page: str, family: str) -> dict[str, float]:
    """Return the sum of a family by partition; of windows, the day."""
    found: dict[str, float] = {}
    for one in text_string_to_metric_families(page):
        for sample in one.samples if one.name == family else ():
            if sample.labels.get("window", "day") == "day":
                at = sample.labels["partition"]
                found[at] = found.get(at, 0) + sample.value
    return found


async def test_all_families_of_a_scrape_come_from_one_state_per_partition_while_the_fold_goes_on() -> None:
    states = {number: PartitionState() for number in range(PARTITIONS)}
    enter(states, 0)
    numbers = count(1)

    async def fold() -> None:
        while True:
            enter(states, next(numbers))
            await asyncio.sleep(0)

    kpis = KpiCollector(View(ENGINE, lambda: states), dict)
    folding = asyncio.create_task(fold())
    page = (await scrape(CollectorRegistry(), kpis, generate_latest)).decode()
    folding.cancel()
    first, *others = (totals(page, family) for family in ALL_EQUAL)
    assert len(first) == PARTITIONS
    assert all(other == first for other in others), dict(zip(ALL_EQUAL, [first, *others], strict=True))
    assert next(numbers) - 1 > max(first.values()), "nothing was folded while the page was written"


async def test_a_partition_that_moves_away_during_a_scrape_is_in_all_of_its_families_or_in_none() -> None:
    states = {number: PartitionState() for number in range(PARTITIONS)}
    enter(states, 0)
    reading = KpiCollector(View(ENGINE, lambda: states), dict).reading()
    steps = reading.steps()
    assert next(steps) == 0
    del states[0], states[1]
    assert list(steps) == [2]
    found = {number for kpi in ENGINE.kpis for window in kpi.scraped for number, _ in reading.parts(kpi, window)}
    assert found == {0, 2} == set(reading.watermarks) == set(reading.remembered)
