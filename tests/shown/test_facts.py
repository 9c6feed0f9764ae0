"""/facts shows the fair file, and /metrics is made family by family."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from schemas.fair.file import example_fair_path, load_fair, parse_fair
from streams.shown.facts import facts_page
from streams.shown.pages import SLICE, exposition
from tests.support.streams_of import FAIR

CIFTIS = load_fair(example_fair_path())


def facts(page: bytes) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values by name and label values, with labels sorted by name."""
    return {
        family.name: {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in family.samples
        }
        for family in text_string_to_metric_families(page.decode())
    }


def test_halls_gates_and_hours_are_those_of_the_fair_file() -> None:
    shown = facts(facts_page(FAIR))
    assert shown["fair_hall_capacity_persons"] == {("h1",): 3000, ("h2",): 1800}
    assert shown["fair_hall_area_square_meters"] == {("h1",): 4000, ("h2",): 2500}
    assert shown["fair_gate_lanes"] == {("north",): 6, ("goods",): 1}
    assert shown["fair_gate_info"] == {("yes", "north", "North gate"): 1, ("no", "goods", "Goods gate"): 1}
    opened = [day.opens_at.timestamp() for day in FAIR.days]
    assert list(shown["fair_opens_timestamp_seconds"].values()) == opened


def test_every_profile_is_named_and_one_is_the_headline() -> None:
    shown = facts(facts_page(FAIR))["fair_profile_info"]
    assert shown == {
        ("yes", "fkm", "FKM visitor admissions"): 1,
        ("no", "abc", "ABC Unique Attendance"): 1,
        ("no", "a762_1", "Attendance after article A762-1"): 1,
    }
    small = example_fair_path("small").read_text(encoding="utf-8")
    own = small.replace("host_country: DE", "host_country: CN") + "regions_abroad: no\n"
    shown = facts(facts_page(parse_fair(own, "small.yaml")))["fair_profile_info"]
    assert ("yes", "own", "the fair's own rule, otherwise as FKM visitor admissions") in shown
    assert len(shown) == 4


def test_exhibitors_are_counted_by_country_and_type() -> None:
    shown = facts(facts_page(FAIR))["fair_exhibitors"]
    assert shown == {("DE", "main"): 1, ("NO", "co"): 1, ("JP", "main"): 1}


def test_a_booth_has_its_main_exhibitor_and_an_exhibit_its_booth() -> None:
    shown = facts(facts_page(FAIR))
    assert ("h1-001", "e1", "h1", "Example Bank", "finance") in shown["fair_booth_info"]
    assert ("h2-001", "night-train", "e3", "Night train cabin") in shown["fair_exhibit_info"]


def test_every_booth_exhibit_and_hall_of_a_large_fair_is_there_once() -> None:
    shown = facts(facts_page(CIFTIS))
    assert len(shown["fair_booth_info"]) == len(CIFTIS.booths)
    assert len(shown["fair_exhibit_info"]) == len(CIFTIS.exhibits)
    assert len(shown["fair_hall_info"]) == len(CIFTIS.halls)


def registry_of(families: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    for number in range(families):
        Counter(f"fair_made_up_{number}", "Made up.", ["hall"], registry=registry).labels("h1").inc(number)
    return registry


@pytest.mark.parametrize("encode", [generate_latest, generate_openmetrics])
async def test_a_page_made_family_by_family_is_the_page_made_at_once(encode: object) -> None:
    registry = registry_of(4)
    many = Counter("fair_many", "More than a slice.", ["booth"], registry=registry)
    for number in range(2 * SLICE + 1):
        many.labels(f"b{number} # \n").inc(number)
    assert await exposition(registry.collect(), encode) == encode(registry)  # type: ignore[arg-type, operator]


async def test_other_tasks_run_between_two_families() -> None:
    turns = 0

    async def fold() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    folding = asyncio.create_task(fold())
    await exposition(registry_of(10).collect(), generate_latest)
    folding.cancel()
    assert turns >= 10
