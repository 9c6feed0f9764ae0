"""Everything else is compared with the oracle, so its own numbers are worked out by hand here."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from schemas.events import Event
from schemas.fair.file import example_fair_path
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle, Recounted
from tests.support.builders import LATENESS, RawRecord, amended, cancelled, deal, numbered_id, records, scan, touch

SMALL = example_fair_path("small")
SATURDAY, SUNDAY = "2025-10-25", "2025-10-26"


def oracle(events: Iterable[Event], lateness: timedelta = LATENESS) -> Oracle:
    return Oracle(SMALL, lateness).read(records(events))


def cell(events: Iterable[Event], name: str, window: str = "fair", **labels: str) -> Recounted:
    """Return one number; 0 if the oracle has none."""
    return oracle(events).kpis()[name].get(window, {}).get(frozenset(labels.items()), 0)


def test_a_badge_is_one_visit_per_day_and_one_visitor_of_the_fair() -> None:
    events = [
        scan("ada"),
        scan("ada", at="15:00"),
        scan("ada", at=f"{SUNDAY} 11:00"),
        scan("bob", role="visitor_public"),
    ]
    assert cell(events, "visits", SATURDAY) == 2
    assert cell(events, "visits") == 3
    assert cell(events, "professional_visits") == 2
    assert cell(events, "unique_visitors") == 2


@pytest.mark.parametrize(
    "event",
    [
        scan("ada", role="exhibitor_staff"),
        scan("ada", gate="goods"),
        scan("ada", result="denied"),
        scan("ada", "exit"),
        scan("ada", at="08:59:59.999"),
        scan("ada", at="18:00"),
        scan("ada", at="2025-10-24 12:00"),
    ],
)
def test_staff_goods_refused_leaving_and_closed_make_no_visit(event: Event) -> None:
    assert cell([event], "visits") == cell([event], "unique_visitors") == 0


def test_opening_time_belongs_to_the_opening_hours() -> None:
    assert cell([scan("ada", at="09:00")], "visits") == 1
    assert cell([scan("ada", at=f"{SUNDAY} 15:59:59.999")], "visits", SUNDAY) == 1


def test_international_visitors_of_the_fair_are_not_the_sum_of_the_days() -> None:
    events = [scan("ada", residence_country="NO"), scan("ada", at=f"{SUNDAY} 11:00", residence_country="NO")]
    events += [scan("bob", residence_country="DE"), scan("eve")]
    assert cell(events, "international_visitors", SATURDAY) == 1
    assert cell(events, "international_visitors") == 1
    assert cell(events, "visitors_by_country", country="DE") == 1


def test_people_in_a_hall_start_from_zero_every_day() -> None:
    events = [scan("ada", "zone_in"), scan("bob", "zone_in"), scan("ada", "zone_out", at="12:00", dwell_ms=7_200_001)]
    events += [scan("bob", "zone_out", at=f"{SUNDAY} 10:30")]
    assert cell(events, "hall_occupancy", SATURDAY, hall="h1") == 1
    assert cell(events, "hall_occupancy", SUNDAY, hall="h1") == -1


def test_leads_are_pairs_of_exhibitor_and_badge_counted_by_section() -> None:
    events = [touch("ada", "lead_captured"), touch("ada", "lead_captured"), touch(None, "lead_captured")]
    events += [touch("ada", "lead_captured", exhibit="x-e1", exhibitor="e1")]
    assert cell(events, "leads", section="travel") == 1
    assert cell(events, "leads", section="finance") == 1
    assert cell(events, "interactions", kind="lead_captured") == 4
    assert cell(events, "exhibit_visitors", SATURDAY, exhibit="night-train") == 1


def test_the_highest_revision_is_the_deal_whatever_arrives_last() -> None:
    events: list[Event] = [
        amended("d-1", 3, value=300, binding=True),
        deal("d-1", value=100),
        amended("d-1", 2, value=200),
    ]
    assert cell(events, "contract_value", section="finance", currency="EUR") == 300
    assert cell(events, "intended_value", section="finance", currency="EUR") == 0
    assert cell(events, "outcomes", kind="transaction") == 1
    gone: list[Event] = [*events, cancelled("d-1", 4)]
    assert cell(gone, "contract_value", section="finance", currency="EUR") == 0
    assert cell(gone, "deals_cancelled") == 1


def test_an_intended_value_is_that_of_one_year_half_to_even_and_a_contract_value_is_not() -> None:
    # 101 * 12 / 24 = 50.5 -> 50; 103 * 12 / 24 = 51.5 -> 52
    for value, year in [(101, 50), (103, 52)]:
        assert (
            cell([deal("d-1", value=value, term_months=24)], "intended_value", section="finance", currency="EUR")
            == year
        )
    contract = [deal("d-1", value=101, term_months=24, binding=True)]
    assert cell(contract, "contract_value", section="finance", currency="EUR") == 101


def test_money_is_converted_at_the_rate_of_the_signing_date() -> None:
    # 1,000 yen at 0.0056 = 5.60 euros; from Sunday at 0.0057. One dinar has 1,000 fils: 1 fils = 0.0028125 euros.
    for signed, cents in [("2025-10-20 12:00", 560), ("11:00", 560), (f"{SUNDAY} 12:00", 570)]:
        yen = [deal("d-1", value=1_000, currency="JPY", binding=True, signed=signed)]
        assert cell(yen, "contract_value_reported", section="finance") == cents
    fils = [deal("d-1", value=1_600, currency="KWD", binding=True)]
    assert cell(fils, "contract_value_reported", section="finance") == 450


def test_a_retry_is_a_duplicate_and_the_same_id_of_another_terminal_is_not() -> None:
    once = numbered_id(10**9)
    events = [scan("ada", event_id=once), scan("ada", event_id=once), scan("ada", event_id=once, terminal="t-2")]
    assert cell(events, "events", topic="fair.scans") == 2
    assert cell(events, "duplicate_events", SATURDAY, topic="fair.scans") == 1


def test_the_servers_clock_is_used_if_a_terminals_clock_is_wrong() -> None:
    events = [
        scan("ada", at="11:05:00.001", received="11:00"),  # more than five minutes ahead
        scan("ada", at="11:05:00", received="11:00"),  # just believed
        scan("ada", at="2025-10-23 23:59", received="11:00"),  # more than a day before the fair
        scan("ada", at="2025-10-24 00:00", received="11:00"),
        scan("ada", at="11:10", received="11:00", clock_offset_ms=-600_000),
    ]
    assert cell(events, "clock_suspects", SATURDAY, topic="fair.scans") == 2
    assert cell(events, "event_lag", SATURDAY)[:2] == (4, 0)  # type: ignore[index]  # a histogram
    assert cell(events, "events", "2025-10-24", topic="fair.scans") == 1


def test_an_event_is_late_if_its_minute_was_published_when_the_server_received_it() -> None:
    # With 30 s of lateness the minute 11:00 is published at 11:01:30, no matter what was seen before.
    in_time = scan("ada", at="11:00:59.999", received="11:01:29.999")
    straggler = scan("eve", at="11:00:59.999", received="11:01:30")
    for order in ([in_time, straggler], [straggler, in_time]):
        assert cell(order, "late_events", topic="fair.scans") == 1
        assert cell(order, "visits") == 2


def test_a_window_of_minutes_ends_before_its_end_and_forgets_what_expired() -> None:
    events = [scan("ada", at="11:00:59.999"), scan("bob", at="11:01"), scan("eve", "exit", at="11:02")]
    end = 29_356_383  # 11:03 on 25 October 2025 in Berlin, in minutes since 1970
    entries, exits = (frozenset({("gate", "north"), ("direction", way)}) for way in ("entry", "exit"))
    assert oracle(events).window("gate_passages", 15, end) == {entries: 2, exits: 1}
    assert oracle(events).window("gate_passages", 1, end - 1) == {entries: 1}
    assert oracle(events).window("gate_passages", 1, end + 1) == {}
    # 15 minutes, and one started minute of lateness, before 11:30 is 11:14.
    late = [
        scan("ada", at="11:30"),
        scan("bob", at="11:13:59", received="11:31"),
        scan("eve", at="11:14", received="11:31"),
    ]
    assert oracle(late).window("gate_passages", 5, end + 14) == {entries: 1}


def test_bad_records_count_by_topic_and_reason_and_as_nothing_else() -> None:
    raw: list[RawRecord] = [
        ("fair.deals", 0, 0, None, None),
        ("fair.deals", 0, 1, b"d", b"{"),
        ("fair.deals", 0, 2, b"d", b"{"),
    ]
    kpis = Oracle(SMALL, LATENESS).read(raw).kpis()
    assert kpis["rejected_events"]["fair"] == {
        frozenset({("topic", "fair.deals"), ("reason", "empty")}): 1,
        frozenset({("topic", "fair.deals"), ("reason", "not_json")}): 2,
    }
    assert kpis["events"] == {}


def shown(name: str, windows: dict[str, Any]) -> dict[str, Any]:
    return {"window_end": None, "kpis": {name: {"windows": windows}}}


def test_the_answers_of_workers_are_added_up_before_they_are_compared() -> None:
    events = [scan("ada"), scan("bob")]
    one = [{"labels": {}, "value": 1}]
    half = shown("visits", {"day": {SATURDAY: one}, "fair": one})
    found = [str(each) for each in differences(oracle(events), [half, half]) if each.name == "visits"]
    assert found == []


def test_a_difference_names_kpi_window_labels_and_both_numbers() -> None:
    three = [{"labels": {"gate": "north", "reason": "unstated"}, "value": 3}]
    answer = shown("gate_denials", {"day": {SATURDAY: three}})
    found = [str(each) for each in differences(oracle([scan("ada", result="denied")]), [answer])]
    assert f"gate_denials{{gate=north, reason=unstated}} [{SATURDAY}]: live 3, recomputed 1, +2" in found


def test_a_zero_cell_and_an_absent_one_are_equal() -> None:
    zero = [{"labels": {"gate": "north", "reason": "unstated"}, "value": 0}]
    empty = [{"labels": {}, "value": {"count": 0, "sum": 0, "buckets": [0] * 12}}]
    answers = [shown("gate_denials", {"day": {SATURDAY: zero}}), shown("event_lag", {"fair": empty})]
    assert differences(oracle([]), answers) == []
