"""The simulated fair: the same for the same seed, like a real one, and broken only where it says so."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from producers.simulator.emission import DealState, Emission, Passage, Refused, Touch
from producers.simulator.scenarios import SCENARIOS, Scenario, scenario_named
from producers.simulator.stream import emissions
from schemas.admission import admission
from schemas.codes import ScanKind
from schemas.errors import InvalidEvent
from schemas.events import DealAmended, DealCancelled, DealSigned
from schemas.fair_file import example_fair_path, load_fair
from schemas.topics import DEALS, key_of, topic_of
from schemas.wire import decode_strict, decoder

FAIR = load_fair(example_fair_path())
DAY = replace(scenario_named("fair_day"), visitors=1_500)


@pytest.fixture(scope="module")
def day() -> list[Emission]:
    return list(emissions(FAIR, DAY, seed=7))


def test_the_same_seed_gives_the_same_bytes_under_any_hash_seed(day: list[Emission]) -> None:
    program = (
        "import hashlib; from dataclasses import replace; from producers.simulator.stream import emissions;"
        "from producers.simulator.scenarios import scenario_named; from schemas.fair_file import *;"
        "fair = load_fair(example_fair_path()); digest = hashlib.sha256();"
        "[digest.update(e.value) for e in emissions(fair, replace(scenario_named('fair_day'), visitors=1_500), 7)];"
        "print(digest.hexdigest())"
    )
    digest = hashlib.sha256(b"".join(emission.value for emission in day)).hexdigest()
    for seed in ("0", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == digest


def test_another_seed_gives_another_day(day: list[Emission]) -> None:
    assert [e.value for e in islice(emissions(FAIR, DAY, seed=8), 100)] != [e.value for e in day[:100]]


def test_every_good_emission_is_a_valid_event_of_this_fair_in_its_topic_under_its_key(day: list[Emission]) -> None:
    admit = admission(FAIR)
    for emission in day:
        if not isinstance(emission.fact, Refused):
            event = decode_strict(emission.value)
            admit(event)
            assert (topic_of(event).name, key_of(event)) == (emission.topic, emission.key)
            assert event.event_id == emission.event_id


def test_every_broken_emission_is_refused_for_the_reason_the_simulator_knows(day: list[Emission]) -> None:
    admit = admission(FAIR)
    broken = [emission for emission in day if isinstance(emission.fact, Refused)]
    assert broken
    for emission in broken:
        assert isinstance(emission.fact, Refused)
        with pytest.raises(InvalidEvent) as refused:
            admit(decoder(emission.topic)(emission.value))
        assert refused.value.reason == emission.fact.reason


def test_emissions_come_in_order_of_arrival(day: list[Emission]) -> None:
    arrivals = [emission.at_ms for emission in day]
    assert arrivals == sorted(arrivals)


def test_a_copy_has_the_same_bytes_and_the_same_key(day: list[Emission]) -> None:
    copies: dict[str, set[tuple[bytes, bytes]]] = {}
    for emission in day:
        if emission.resent:
            copies.setdefault(emission.event_id, set()).add((emission.key, emission.value))
    assert copies
    assert all(len(forms) == 1 for forms in copies.values())


def test_some_changes_of_deals_arrive_before_the_signing(day: list[Emission]) -> None:
    first: dict[str, object] = {}
    for emission in day:
        if isinstance(emission.fact, DealState):
            first.setdefault(emission.fact.deal, decoder(DEALS.name)(emission.value))
    kinds = Counter(type(event) for event in first.values())
    assert kinds[DealSigned] > 0
    assert kinds[DealAmended] + kinds[DealCancelled] > 0


def test_terminals_that_were_offline_bring_their_events_late(day: list[Emission]) -> None:
    held = [e for e in day if b'"capture":"offline_replay"' in e.value and e.at_ms - e.t_ms > 5 * 60_000]
    assert len(held) > len(day) * 0.005


def test_a_day_has_the_proportions_of_a_fair(day: list[Emission]) -> None:
    kinds = Counter(e.fact.kind for e in day if isinstance(e.fact, Passage))
    touches = sum(isinstance(e.fact, Touch) for e in day)
    visits = len({e.fact.person for e in day if isinstance(e.fact, Passage) and e.fact.kind is ScanKind.ENTRY})
    assert 1_500 * 0.95 < visits < 1_500 * 1.2  # staff and guests enter as well
    assert 2 < kinds[ScanKind.BOOTH] / 1_500 < 6
    assert 3 < touches / 1_500 < 7
    assert 6 < kinds[ScanKind.ZONE_IN] / 1_500 + kinds[ScanKind.ZONE_OUT] / 1_500 < 11


def test_a_stream_begins_without_making_the_whole_fair_first() -> None:
    whole = replace(scenario_named("whole_fair"), visitors=500_000)
    assert len(list(islice(emissions(FAIR, whole, seed=1), 50))) == 50


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_scenario_plays_on_every_shipped_fair(scenario: Scenario) -> None:
    for name in ("ciftis", "small"):
        played = list(
            islice(emissions(load_fair(example_fair_path(name)), replace(scenario, visitors=60), seed=3), 400)
        )
        assert played
