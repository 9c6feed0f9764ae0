"""Worked cases of KPIs of people in the simulator's books: day 1, the countable gate `north`, the stand h1-001."""

from datetime import datetime
from typing import Any

import pytest

from producers.play.simulator.emission import TEST_FROM, Emission, MeetingFact, Passage, RegisteredAt, Touch
from producers.play.simulator.ledger import Ledger
from schemas.codes import BadgeRole, InteractionKind, MeetingStep, ScanKind, SourceType
from schemas.fair.model import Fair
from schemas.times import epoch_ms


class Book:
    """The books of a fair with a register, filled by hand."""

    def __init__(self, fair: Fair) -> None:
        self.ledger = Ledger(fair)
        self._numbers = iter(range(10_000))

    def at(self, time: str, fact: Passage | Touch | MeetingFact | RegisteredAt, day: str = "2025-10-25") -> None:
        """Book that something happened at a local time of Berlin."""
        t_ms = epoch_ms(datetime.fromisoformat(f"{day}T{time}:00{'+02:00' if day < '2025-10-26' else '+01:00'}"))
        self.ledger.book(Emission(t_ms, "fair.scans", b"", b"", fact, f"id-{next(self._numbers)}", t_ms))

    def value(self, name: str, day: str = "", **labels: str) -> int:
        """Return a number of the fair, or of a day; 0 if there is none."""
        windows = self.ledger.kpis()[name]
        cells = windows["day"].get(day, []) if day else windows["fair"]
        return sum(cell["value"] for cell in cells if cell["labels"] == labels)


DAY_1, DAY_2 = "2025-10-25", "2025-10-26"


@pytest.fixture
def book(register_fair: Fair) -> Book:
    return Book(register_fair)


def entry(person: int, **changes: Any) -> Passage:
    return Passage(ScanKind.ENTRY, "north", person, None, "", accepted=True)._replace(**changes)


def at_stand(person: int | None, **changes: Any) -> Passage:
    return Passage(ScanKind.BOOTH, "h1-001", person, None, "", accepted=True)._replace(**changes)


def registration(
    person: int, role: BadgeRole = BadgeRole.VISITOR_PUBLIC, country: str = "", revision: int = 1
) -> RegisteredAt:
    return RegisteredAt(person, revision, role, country, "", consent=True)


def test_a_person_counts_as_the_register_says_now_whatever_came_first(book: Book) -> None:
    ada, bob, others = 1, 2, (3, 4, 5)
    book.at("09:10", entry(ada))
    book.at("09:30", entry(bob))
    book.at("14:00", registration(ada, country="US", revision=2))
    book.at("09:00", registration(ada, country="DE"))
    book.at("09:00", registration(bob))
    book.at("12:00", registration(bob, BadgeRole.EXHIBITOR_STAFF, revision=2))
    for one in others:
        book.at("10:00", registration(one))
        book.at("10:05", entry(one))
    assert book.value("visits") == 4
    assert book.value("visitors_by_country", country="US") == 1
    assert book.value("visitors_by_country", country="unknown") == 3
    assert book.value("visitors_by_country", country="DE") == 0
    assert book.value("international_visitors") == 1
    assert book.value("visitors_by_group", group="unknown") == 3
    assert book.value("attendance") == 5
    assert book.value("counted_by_profile", profile="a762_1") == 5
    assert book.value("gate_entries_by_role", gate="north", role="exhibitor_staff") == 1


def test_a_badge_that_the_register_lacks_is_present_and_no_visit(book: Book) -> None:
    book.at("09:10", entry(1))
    book.at("09:20", at_stand(1))
    assert book.value("visits") == book.value("booth_visitors", booth="h1-001") == 0
    assert book.value("attendance_by_role", role="unknown") == 1
    assert book.value("unregistered_badges") == 1
    book.at("12:00", registration(1))
    assert book.value("visits") == book.value("booth_visitors", booth="h1-001") == 1
    assert book.value("unregistered_badges") == 0
    assert book.value("registered_badges", role="visitor_public") == 1


def test_two_visitors_and_six_stand_staff_at_a_booth_are_an_audience_of_two(book: Book) -> None:
    for person in range(8):
        role = BadgeRole.VISITOR_PUBLIC if person < 2 else BadgeRole.EXHIBITOR_STAFF
        book.at("08:00", registration(person, role))
        book.at("09:10", entry(person))
        book.at("10:00", at_stand(person))
    assert book.value("booth_audience") == book.value("visits") == 2
    assert book.value("booth_visitors", booth="h1-001") == 2
    assert book.value("booth_scans", DAY_1, booth="h1-001") == 8


def test_a_beacon_makes_no_visit_to_a_booth_and_a_typed_code_does(book: Book) -> None:
    for person, source in ((1, SourceType.BLE_ROLLUP), (2, SourceType.MANUAL)):
        book.at("08:00", registration(person))
        book.at("09:10", entry(person))
        book.at("10:00", at_stand(person, source=source))
    assert book.value("booth_audience") == book.value("booth_scans", DAY_1, booth="h1-001") == 1
    assert book.value("scans_by_source", DAY_1, source="ble_rollup") == 1
    assert book.value("scans_by_source", DAY_1, source="manual") == 1
    assert book.value("scans_by_source", DAY_1, source="qr") == 2


def test_scans_of_one_badge_at_one_booth_five_minutes_apart_are_one(book: Book) -> None:
    for time in ("10:00", "10:00", "10:05", "10:10", "10:16"):
        book.at(time, at_stand(1))
    for _ in range(3):
        book.at("10:00", at_stand(None))
    assert book.value("booth_scans", DAY_1, booth="h1-001") == 2 + 3


def test_the_steps_of_the_funnel_lie_inside_each_other_and_a_meeting_counts_once_per_step(book: Book) -> None:
    for person in (1, 2, 3):
        book.at("08:00", registration(person))
        book.at("09:10", entry(person))
    book.at("10:00", at_stand(1))
    book.at("10:00", at_stand(2))
    for person in (1, 3):
        book.at("11:00", Touch(InteractionKind.LEAD_CAPTURED, "x-e1", "e1", person))
    for time, step in (("11:00", MeetingStep.INVITED), ("11:01", MeetingStep.INVITED), ("12:00", MeetingStep.HELD)):
        book.at(time, MeetingFact("m-1", step))
    steps = [book.value("funnel", step=step) for step in ("visit", "booth", "exhibit", "lead")]
    assert steps == [3, 2, 1, 1]
    assert book.value("lead_audience") == 2
    assert [book.value("meetings", step=step) for step in ("invited", "accepted", "held")] == [1, 0, 1]


def test_a_step_of_a_meeting_counts_on_the_first_day_on_which_it_was_reported(book: Book) -> None:
    book.at("11:00", MeetingFact("m-1", MeetingStep.INVITED), DAY_2)
    book.at("11:00", MeetingFact("m-1", MeetingStep.INVITED))
    book.at("12:00", MeetingFact("m-1", MeetingStep.HELD), DAY_2)
    assert [book.value("meetings", day, step="invited") for day in (DAY_1, DAY_2, "")] == [1, 0, 1]
    assert [book.value("meetings", day, step="held") for day in (DAY_1, DAY_2, "")] == [0, 1, 1]


def test_somebody_who_comes_on_two_days_is_two_visits_and_one_visitor(book: Book) -> None:
    book.at("08:00", registration(1, country="US"))
    book.at("09:30", entry(1))
    book.at("12:00", entry(1, forced=True))
    book.at("10:30", entry(1), DAY_2)
    assert book.value("visits") == 2
    assert book.value("unique_visitors") == book.value("repeat_visits") == book.value("international_visitors") == 1
    assert book.value("visits_by_group", group="foreign") == 2
    assert book.value("counted_by_profile", profile="abc") == 1
    assert book.value("counted_by_profile", profile="fkm") == 2
    assert book.value("forced_passages", DAY_1, gate="north") == 1


def test_a_test_badge_is_counted_as_a_test_and_nowhere_else(book: Book) -> None:
    book.at("08:00", registration(TEST_FROM))
    book.at("09:10", entry(TEST_FROM))
    book.at("10:00", at_stand(TEST_FROM))
    filled = {name for name, windows in book.ledger.kpis().items() if any(windows.get("day", {}).values())}
    assert filled == {"test_events"}
    assert book.value("test_events", DAY_1, topic="fair.scans") == 2
    assert book.value("registered_badges", role="visitor_public") == book.value("unregistered_badges") == 0


def test_a_denial_without_a_reason_is_unstated(book: Book) -> None:
    book.at("09:10", entry(1, accepted=False))
    book.at("09:11", entry(1, accepted=False, reason="unpaid"))
    assert book.value("gate_denials", DAY_1, gate="north", reason="unstated") == 1
    assert book.value("gate_denials", DAY_1, gate="north", reason="unpaid") == 1
    assert book.value("attendance_by_role", role="unknown") == 0
