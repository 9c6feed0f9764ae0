import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise

import pytest

from producers.play.fleet import terminals_of
from producers.play.run import opened_for
from producers.play.simulator.emission import (
    BadRecord,
    DealFact,
    Emission,
    MeetingFact,
    Passage,
    RegisteredAt,
    Touch,
    is_test,
)
from producers.play.simulator.scenarios import SCENARIOS, Scenario, day_weights, scenario_named
from producers.play.simulator.stream import emissions
from producers.play.simulator.writing import instant
from schemas.admission import admission
from schemas.cloud_events import headers_of
from schemas.codes import BadgeRole, MeetingStep, OutcomeKind, ScanKind
from schemas.errors import InvalidEvent
from schemas.events import VisitorScan, happened_ms
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.ids import is_test_badge
from schemas.times import epoch_ms, from_epoch_ms, instant_text, venue_ms
from schemas.topics import key_of, topic_of
from schemas.wire import decode_strict, decoder
from tests.play.conftest import Simulate

HOUR_MS = 3_600_000

DIGEST = """
from dataclasses import replace
from hashlib import sha256
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from schemas.fair.file import example_fair_path, load_fair
scenario = replace(scenario_named("fair_day"), visitors=200)
digest = sha256()
for emission in emissions(load_fair(example_fair_path("small")), scenario, 7):
    digest.update(b"%d %s %s " % (emission.at_ms, emission.topic.encode(), emission.key) + emission.value)
print(digest.hexdigest())
"""


def digest_in_a_new_process(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def digest(stream: "list[Emission] | tuple[Emission, ...]") -> str:
    return hashlib.sha256(b"".join(emission.value for emission in stream)).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_every_process_whatever_its_hash_seed() -> None:
    assert digest_in_a_new_process("0") == digest_in_a_new_process("4242")


def test_every_event_has_the_headers_of_its_cloudevent_and_what_is_no_event_has_none(
    fair: Fair, day: tuple[Emission, ...]
) -> None:
    sources = {terminal.terminal_id: terminal.source for terminal in terminals_of(fair)}
    for emission in day:
        if isinstance(emission.fact, BadRecord):
            assert emission.headers == ()
        else:
            event = decode_strict(emission.value)
            assert emission.headers == headers_of(event, sources[event.terminal_id])


def test_another_seed_gives_another_day(simulated: Simulate) -> None:
    assert digest(list(simulated(seed=1, visitors=50))) != digest(list(simulated(seed=2, visitors=50)))


def test_emissions_come_in_order_of_arrival(day: tuple[Emission, ...]) -> None:
    assert all(one.at_ms <= next_one.at_ms for one, next_one in pairwise(day))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_scenario_plays_on_the_fair_that_is_shipped(scenario: Scenario, ciftis: Fair) -> None:
    assert len(list(islice(emissions(ciftis, replace(scenario, visitors=60), 3), 400))) > 100


@pytest.mark.parametrize("scenario", [scenario.name for scenario in SCENARIOS])
def test_every_good_emission_is_an_event_that_the_fair_admits_with_the_key_and_topic_of_its_kind(
    scenario: str, simulated: Simulate, fair: Fair
) -> None:
    admit = admission(fair)
    count = 0
    for emission in simulated(scenario, visitors=150):
        if isinstance(emission.fact, BadRecord):
            continue
        event = decode_strict(emission.value)
        admit(event)
        assert emission.key == key_of(event)
        assert emission.topic == topic_of(event).name
        assert emission.event_id == event.event_id
        count += 1
    assert count > 200


def test_a_broken_record_is_refused_by_the_worker_for_the_booked_reason(
    day: tuple[Emission, ...], simulated: Simulate, fair: Fair
) -> None:
    admit = admission(fair)
    reasons = set()
    for emission in (*day, *simulated(visitors=300, broken=0.3, deals=200)):
        if isinstance(emission.fact, BadRecord):
            with pytest.raises(InvalidEvent) as refused:
                admit(decoder(emission.topic)(emission.value))
            assert refused.value.reason == emission.fact.reason
            reasons.add(emission.fact.reason)
    assert reasons == {
        "not_json", "empty", "unknown_place", "unknown_currency", "missing_field", "bad_value", "wrong_fair",
        "unknown_type",
    }  # fmt: skip


def test_a_broken_record_does_not_replace_the_good_one(day: tuple[Emission, ...]) -> None:
    good = {emission.event_id for emission in day if not isinstance(emission.fact, BadRecord)}
    assert {emission.event_id for emission in day if isinstance(emission.fact, BadRecord)} <= good


def test_a_copy_has_the_bytes_and_the_key_of_its_original_and_comes_later(day: tuple[Emission, ...]) -> None:
    originals: dict[str, Emission] = {}
    copies = 0
    for emission in day:
        if isinstance(emission.fact, BadRecord):
            continue
        original = originals.setdefault(emission.event_id, emission)
        if original is not emission:
            copies += 1
            assert (emission.topic, emission.key, emission.value) == (original.topic, original.key, original.value)
            assert 1_000 <= emission.at_ms - original.at_ms <= 15 * 60_000
            assert original.resent
    assert 0.002 < copies / len(day) < 0.02


def test_events_of_an_outage_arrive_after_it_in_the_order_they_happened(day: tuple[Emission, ...]) -> None:
    replayed = [decode_strict(emission.value) for emission in day if b'"offline_replay"' in emission.value]
    scans = [event for event in replayed if isinstance(event, VisitorScan)]
    late = [event for event in scans if epoch_ms(event.received_at) - happened_ms(event) > 10 * 60_000]
    assert len(late) > len(day) * 0.002
    assert max(epoch_ms(event.received_at) - happened_ms(event) for event in scans) > HOUR_MS


def test_the_server_stamps_each_event_with_its_arrival(day: tuple[Emission, ...]) -> None:
    first = {}
    for emission in day:
        if not isinstance(emission.fact, BadRecord) and emission.event_id not in first:
            first[emission.event_id] = emission
            assert f'"received_at":"{instant(emission.at_ms)}"'.encode() in emission.value


def test_a_terminal_counts_its_events_without_a_gap(day: tuple[Emission, ...]) -> None:
    numbers: dict[str, set[int]] = {}
    for emission in day:
        if not isinstance(emission.fact, BadRecord):
            event = decode_strict(emission.value)
            assert event.terminal_seq is not None
            numbers.setdefault(event.terminal_id, set()).add(event.terminal_seq)
    assert all(sent == set(range(1, len(sent) + 1)) for sent in numbers.values())


def test_some_clocks_are_so_wrong_that_the_arrival_counts(day: tuple[Emission, ...], fair: Fair) -> None:
    suspects = [emission for emission in day if emission.suspect]
    assert suspects
    assert all(emission.t_ms <= emission.at_ms for emission in suspects)


def test_a_day_has_the_proportions_of_a_busy_day_of_a_services_fair(day: tuple[Emission, ...], fair: Fair) -> None:
    visitors = {BadgeRole.VISITOR_PROFESSIONAL, BadgeRole.VISITOR_PUBLIC}
    passages = [
        emission.fact
        for emission in day
        if isinstance(emission.fact, Passage) and emission.fact.role in visitors and emission.fact.accepted
    ]
    kinds = Counter(fact.kind for fact in passages)
    people = {fact.person: fact for fact in passages if fact.kind is ScanKind.ENTRY}
    visits = len(people)
    touches = sum(isinstance(emission.fact, Touch) for emission in day)
    professional = sum(fact.role is BadgeRole.VISITOR_PROFESSIONAL for fact in people.values()) / visits
    abroad = sum(fact.country not in ("", fair.host_country) for fact in people.values()) / visits
    assert visits == pytest.approx(2_500, abs=10)
    assert kinds[ScanKind.ENTRY] / visits == pytest.approx(1.25, abs=0.08)
    assert kinds[ScanKind.ZONE_IN] / visits == pytest.approx(4, abs=0.5)
    assert kinds[ScanKind.BOOTH] / visits == pytest.approx(3.6, abs=0.5)
    assert touches / visits == pytest.approx(5, abs=0.6)
    assert professional == pytest.approx(0.29, abs=0.04)
    assert abroad == pytest.approx(0.204, abs=0.04)
    assert len({fact.country for fact in people.values()}) > 50
    assert 17 < len(day) / visits < 22


def test_a_third_of_the_visitors_come_in_the_first_hour_and_few_after_four(
    day: tuple[Emission, ...], fair: Fair
) -> None:
    opens = epoch_ms(fair.days[0].opens_at)
    hours: Counter[int] = Counter()
    seen = set()
    for emission in day:
        fact = emission.fact
        if isinstance(fact, Passage) and fact.kind is ScanKind.ENTRY and fact.accepted and fact.person not in seen:
            seen.add(fact.person)
            if fact.role in fair.profile.visitors:
                event = decode_strict(emission.value)
                hours[(happened_ms(event) - opens) // HOUR_MS] += 1
    assert 0.25 < hours[0] / hours.total() < 0.5
    assert hours[1] > hours[3] > 0
    assert hours[7] / hours.total() < 0.05


def test_outcomes_come_in_the_shares_of_the_fair_of_2022(simulated: Simulate) -> None:
    deals = {
        emission.fact.deal: emission.fact
        for emission in simulated(visitors=0, deals=3_000)
        if isinstance(emission.fact, DealFact) and emission.fact.stands
    }
    kinds = Counter(deal.outcome for deal in deals.values())
    assert kinds[OutcomeKind.TRANSACTION] / len(deals) == pytest.approx(513 / 1_339, abs=0.04)
    assert kinds[OutcomeKind.ALLIANCE_PLATFORM] / len(deals) == pytest.approx(26 / 1_339, abs=0.01)
    assert len({deal.currency for deal in deals.values() if deal.currency}) == 3


def test_some_deals_change_before_their_signing_arrives_some_twice_under_one_revision_some_end(
    simulated: Simulate,
) -> None:
    arrived: dict[str, list[DealFact]] = {}
    for emission in simulated(visitors=0, deals=400, resent=0, resent_after_outage=0):
        if isinstance(emission.fact, DealFact):
            arrived.setdefault(emission.fact.deal, []).append(emission.fact)
    assert any(deal[0].revision > 1 and deal[-1].revision < deal[0].revision for deal in arrived.values())
    assert any(max(Counter(state.revision for state in deal).values()) > 1 for deal in arrived.values())
    assert any(not state.stands for deal in arrived.values() for state in deal)


def test_a_ceremony_signs_most_of_its_deals_within_ten_minutes(simulated: Simulate, fair: Fair) -> None:
    signed = [
        emission.fact.signed_ms
        for emission in simulated("ceremony_burst", visitors=0)
        if isinstance(emission.fact, DealFact) and emission.fact.stands and emission.fact.revision == 1
    ]
    start = epoch_ms(fair.days[0].opens_at) + HOUR_MS
    assert sum(start <= at < start + 10 * 60_000 for at in signed) >= 500


def test_most_terminals_send_what_piled_up_within_half_a_minute(simulated: Simulate, fair: Fair) -> None:
    stream = list(simulated("reconnect_flush", visitors=1_500))
    back = epoch_ms(fair.days[0].opens_at) + 75 * 60_000
    flushed = sum(back <= emission.at_ms < back + 31_000 for emission in stream)
    before = sum(back - 10 * 60_000 <= emission.at_ms < back - 10 * 60_000 + 31_000 for emission in stream)
    assert flushed > 10 * before


def test_visitors_return_on_the_next_day_of_the_whole_fair(simulated: Simulate, fair: Fair) -> None:
    people: dict[str, set[int]] = {}
    for emission in simulated("whole_fair"):
        fact = emission.fact
        if isinstance(fact, Passage) and fact.role in fair.profile.visitors and fact.person is not None:
            people.setdefault(fair.local_date(emission.t_ms / 1_000).isoformat(), set()).add(fact.person)
    first, second = (people[day.date.isoformat()] for day in fair.days)
    assert 0.2 < len(first & second) / len(first) < 0.5


def test_nothing_arrives_before_the_start_that_was_asked_for(simulated: Simulate, fair: Fair) -> None:
    noon = epoch_ms(fair.days[1].opens_at) + 2 * HOUR_MS
    stream = list(simulated(visitors=200, starts_ms=noon))
    assert stream[0].at_ms >= noon
    assert fair.local_date(stream[0].at_ms / 1_000) == fair.days[1].date


def test_the_first_event_of_a_huge_fair_comes_without_making_the_day(simulated: Simulate) -> None:
    tracemalloc.start()
    stream = simulated("whole_fair", visitors=1_000_000)
    assert next(stream).value
    for _ in islice(stream, 2_000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_fair_without_visitors_and_deals_is_empty(simulated: Simulate) -> None:
    assert list(simulated(visitors=0, deals=0)) == []


def test_instants_are_written_as_the_schemas_write_them() -> None:
    for ms in (0, 946_684_800_001, 1_757_466_000_999, 1_761_440_399_000):
        assert instant(ms) == instant_text(from_epoch_ms(ms))


def test_the_middle_day_of_a_fair_is_the_busiest() -> None:
    assert day_weights(5) == pytest.approx((0.68, 0.84, 1, 0.84, 0.68))
    assert day_weights(1) == (1.0,)


@pytest.mark.parametrize(
    ("minutes", "first", "from_"),
    [
        (50, "2025-10-25T06:00", "2025-10-25T09:50"),
        (0, "2025-10-25T06:00", "2025-10-25T09:00"),
        (50, "2025-10-25T09:30", "2025-10-25T10:20"),
        (50, "2025-10-25T20:00", "2025-10-26T10:50"),
        (600, "2025-10-25T06:00", "2025-10-25T11:15"),
        (50, "2025-10-25T17:20", "2025-10-25T17:30"),
    ],
    ids=["before the opening", "none", "opened before", "the next day", "at most a quarter of the day", "of its rest"],
)
def test_a_head_start_ends_when_the_fair_has_been_open_for_some_minutes(minutes: int, first: str, from_: str) -> None:
    fair = load_fair(example_fair_path("small"))
    assert opened_for(minutes, venue_ms(first, fair.zone), fair) == venue_ms(from_, fair.zone)


def test_at_a_fair_with_a_register_every_event_is_admitted_and_no_badge_says_who_wears_it(
    registered: tuple[Emission, ...], register_fair: Fair
) -> None:
    admit = admission(register_fair)
    for emission in registered:
        if isinstance(emission.fact, BadRecord):
            continue
        event = decode_strict(emission.value)
        admit(event)
        assert (emission.key, emission.topic) == (key_of(event), topic_of(event).name)
        if isinstance(event, VisitorScan):
            assert event.badge_role is event.residence_country is None


def registrations(stream: tuple[Emission, ...]) -> dict[int, list[Emission]]:
    """Return the different registrations of each person, in order of arrival."""
    found: dict[int, dict[str, Emission]] = {}
    for emission in stream:
        if isinstance(emission.fact, RegisteredAt):
            found.setdefault(emission.fact.person, {}).setdefault(emission.event_id, emission)
    return {person: list(known.values()) for person, known in found.items()}


def first_scans(stream: tuple[Emission, ...]) -> dict[int, Emission]:
    """Return the first scan of each person."""
    found: dict[int, Emission] = {}
    for emission in stream:
        if isinstance(emission.fact, Passage) and emission.fact.person is not None:
            found.setdefault(emission.fact.person, emission)
    return found


def test_most_people_are_registered_before_their_first_scan_some_after_it_and_a_few_never(
    registered: tuple[Emission, ...],
) -> None:
    known, scans = registrations(registered), first_scans(registered)
    late = [one for one in scans.keys() & known.keys() if known[one][0].at_ms > scans[one].at_ms]
    assert 0 < len(scans.keys() - known.keys()) < len(scans) * 0.03
    assert len(scans) * 0.02 < len(late) < len(scans) * 0.1


def test_some_registrations_are_corrected_in_role_or_country_under_revision_2(
    registered: tuple[Emission, ...],
) -> None:
    people = registrations(registered).values()
    pairs = [
        (first.fact, later.fact)
        for first, *rest in people
        for later in rest
        if isinstance(first.fact, RegisteredAt) and isinstance(later.fact, RegisteredAt)
        if (first.fact.revision, later.fact.revision) == (1, 2)
    ]
    assert any(before.role is not after.role for before, after in pairs)
    assert any(before.country != after.country for before, after in pairs)
    assert any(after.exhibitor and not before.exhibitor for before, after in pairs)
    assert len(pairs) > len(people) * 0.05


def test_the_register_says_of_some_that_gates_deny_them_of_others_that_they_are_not_tracked(
    registered: tuple[Emission, ...],
) -> None:
    facts = [one[0].fact for one in registrations(registered).values()]
    assert any(isinstance(fact, RegisteredAt) and fact.denied for fact in facts)
    assert any(isinstance(fact, RegisteredAt) and not fact.consent for fact in facts)
    assert any(isinstance(fact, RegisteredAt) and not fact.country for fact in facts)


def test_a_fair_that_begins_in_the_middle_has_the_register_as_it_was_by_then(register_fair: Fair) -> None:
    noon = epoch_ms(register_fair.days[0].opens_at) + 3 * HOUR_MS
    stream = tuple(emissions(register_fair, replace(scenario_named("fair_day"), visitors=400), 1, noon))
    known, scans = registrations(stream), first_scans(stream)
    assert stream[0].at_ms == noon
    assert len(scans.keys() - known.keys()) < len(scans) * 0.05


def test_a_test_badge_is_known_by_its_pseudonym_and_is_never_anonymous_at_a_booth(
    registered: tuple[Emission, ...],
) -> None:
    tests = [emission for emission in registered if is_test(emission.fact)]
    assert {type(emission.fact) for emission in tests} == {Passage, Touch, RegisteredAt}
    for emission in registered:
        assert is_test_badge(emission.key.decode()) == is_test(emission.fact) or isinstance(emission.fact, BadRecord)


@pytest.mark.parametrize("word", [b'"source_type":"manual"', b'"source_type":"ble_rollup"', b'"forced":true'])
def test_some_codes_are_typed_some_badges_seen_by_beacons_and_some_people_forced_in(
    word: bytes, day: tuple[Emission, ...], registered: tuple[Emission, ...]
) -> None:
    assert any(word in emission.value for emission in day)
    assert any(word in emission.value for emission in registered)


def test_who_is_forced_in_was_denied_before(registered: tuple[Emission, ...]) -> None:
    denied = {one.fact.person for one in registered if isinstance(one.fact, Passage) and not one.fact.accepted}
    forced = {one.fact.person for one in registered if isinstance(one.fact, Passage) and one.fact.forced}
    assert forced
    assert forced <= denied


def test_a_meeting_is_invited_then_accepted_or_declined_and_only_an_accepted_one_is_held(
    day: tuple[Emission, ...],
) -> None:
    meetings: dict[str, set[MeetingStep]] = {}
    for emission in day:
        if isinstance(emission.fact, MeetingFact):
            meetings.setdefault(emission.fact.meeting, set()).add(emission.fact.step)
    invited, accepted, declined, held = MeetingStep
    assert {frozenset(steps) for steps in meetings.values()} == {
        frozenset({invited, accepted}), frozenset({invited, declined}), frozenset({invited, accepted, held}),
    }  # fmt: skip


def test_no_event_says_how_long_a_badge_was_in_a_hall(day: tuple[Emission, ...]) -> None:
    assert not any(b"dwell" in emission.value for emission in day)
