"""One day with everything that a register makes possible, in a thousand orders of arrival: the digits stay the same."""

import random
from collections.abc import Callable
from functools import cache

import pytest

from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.partitioning import partition_of
from schemas.topics import key_of, topic_of
from tests.support.builders import SECOND_DAY, annulled, meeting, numbered_id, registered, scan, touch
from tests.truth.playing import PARTITIONS, Found, Play, fair_file, fair_in, fold_logs, recounted, stored

ORDERS = 1_000
ORDERS_OF_THE_RECOUNT = 12
BLOCKS = 10
PEOPLE = tuple(f"person-{number}" for number in range(16))
ROLES = ("visitor_public", "visitor_professional", "visitor_public", "exhibitor_staff", "media", "delegate")
COUNTRIES = ("DE", "US", "NO", "JP", "HK", None)
TEST_BADGE = "7e57" + "fedcba9876543210" * 2
FAIR_FILE = fair_file(register=True)


@cache
def day() -> tuple[Event, ...]:
    """Return about 150 events of one day, and some of the next morning."""
    chance = random.Random(16)
    events: list[Event] = []
    for number, who in enumerate(PEOPLE):
        role, country = ROLES[number % len(ROLES)], chance.choice(COUNTRIES)
        if number % 8 != 7:  # the others late, by a correction, or never
            events.append(registered(who, role, country=country, at=chance.choice(("08:00", "17:30"))))
        if number % 3 == 0:  # corrected, once under the same revision
            events.append(registered(who, chance.choice(ROLES), country=chance.choice(COUNTRIES), revision=2))
            events.append(registered(who, chance.choice(ROLES), country=chance.choice(COUNTRIES), revision=2))
        events += visit_of(who, number, chance)
    events += [meeting(f"m-{n % 4}", ("invited", "accepted", "held")[n % 3], at=f"1{n}:00") for n in range(8)]
    events += [scan(TEST_BADGE, role=None), scan(TEST_BADGE, "booth", role=None), touch(TEST_BADGE)]
    events += [scan("person-1", role=None, test=True), registered(TEST_BADGE)]
    events += [annulled("person-1"), touch(None), scan(None, "booth", role=None)]
    return (*events, *chance.sample(events, 12))  # what was sent twice


def visit_of(who: str, number: int, chance: random.Random) -> list[Event]:
    """Return what a person does: two badges, gates that count and one that does not, booths, exhibits."""

    def time() -> str:
        return f"{chance.randrange(8, 19):02}:{chance.randrange(60):02}:{chance.randrange(60):02}"

    source = chance.choice(("qr", "qr", "manual", "ble_rollup"))
    gate = chance.choice(("north", "north", "goods"))
    events: list[Event] = [
        scan(who, role=None, at=time(), terminal="gate-1", gate=gate, source_type=source),
        scan(who, role=None, at=time(), terminal="gate-2", forced=number % 5 == 0, received="18:30"),
        scan(who, "exit", role=None, at=time(), terminal="gate-2"),
        *(scan(who, "booth", role=None, at=f"10:{chance.randrange(12):02}") for _ in range(2)),
        touch(who, chance.choice(("demo_started", "lead_captured")), at=time()),
    ]
    if number % 4 == 1:
        events.append(scan(who, role=None, at=time(), result="denied", reason="revoked"))
    if number % 4 == 2:
        events.append(scan(who, role=None, at=f"{SECOND_DAY} 10:30", event_id=numbered_id(2 * 10**6 + number)))
    return events


def shuffled(seed: int) -> tuple[list[Event], int]:
    """Return the day in another order, and a number of partitions."""
    events = list(day())
    random.Random(seed).shuffle(events)
    return events, PARTITIONS[seed % len(PARTITIONS)]


def folded_in_order(seed: int) -> Found:
    """Fold the day in the order of a seed. The events are not decoded again and again: another test does that."""
    events, partitions = shuffled(seed)
    logs: dict[tuple[int, str], list[tuple[int, Event | InvalidEvent]]] = {}
    for event in events:
        log = logs.setdefault((partition_of(key_of(event), partitions), topic_of(event).name), [])
        log.append((len(log), event))
    return fold_logs(fair_in(FAIR_FILE), logs, partitions, random.Random(seed))


def recounted_in_order(seed: int) -> Found:
    events, partitions = shuffled(seed)
    return recounted(FAIR_FILE, Play(stored(events, partitions), partitions, seed))


def must_stay(first: Found, numbers: Callable[[int], Found], seeds: range) -> None:
    for seed in seeds:
        found = numbers(seed)
        apart = [name for name in first.keys() | found.keys() if filled(first, name) != filled(found, name)]
        assert not apart, f"seed {seed}: {[(name, first.get(name), found.get(name)) for name in sorted(apart)]}"


def filled(found: Found, name: str) -> dict[str, object]:
    """Return the windows of a KPI that have a number."""
    return {window: numbers for window, numbers in found.get(name, {}).items() if numbers}


def test_the_day_has_what_it_should_have() -> None:
    numbers = recounted_in_order(0)
    assert 130 <= len(day()) <= 180
    empty = {name for name, windows in numbers.items() if not any(windows.values())}
    deals = {name for name in numbers if name.startswith(("contract_", "intended_", "service_", "outcomes", "deals"))}
    assert empty - deals == {"rejected_events", "hall_occupancy"}


def test_no_order_of_arrival_changes_a_digit_of_the_recount() -> None:
    must_stay(recounted_in_order(0), recounted_in_order, range(1, ORDERS_OF_THE_RECOUNT))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_order_of_arrival_changes_a_digit_of_the_fold(block: int) -> None:
    size = ORDERS // BLOCKS
    must_stay(recounted_in_order(0), folded_in_order, range(block * size, (block + 1) * size))
