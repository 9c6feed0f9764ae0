"""Waiting events as a gateway remembers them, and the records that release them once the register has their badge."""

import json
from typing import Any

import pytest

from producers.badges.book import Book, Registration
from producers.gateway.register.release import release_of
from producers.gateway.register.waiting import WaitingEvents
from schemas.badges.register import WornCodes, code_hash, person_ref
from schemas.codes import BadgeRole
from schemas.dead_letters import DeadLetter, read_letter
from schemas.errors import InvalidEvent
from tests.support.gateway import NOW

KEY = b"0123456789abcdef0123456789abcdef"
ADA = person_ref(KEY, "ada")
A, B = code_hash(KEY, "A-1").encode(), code_hash(KEY, "B-1").encode()
HEADERS = (("ce_id", b"as posted"),)


def event_id(number: int) -> str:
    return f"0199e000-0000-7000-8000-{number:012}"


def scan(number: int = 1, badge: bytes = A, **more: Any) -> bytes:
    said = {
        "event_id": event_id(number),
        "fair_id": "small-2025",
        "terminal_id": "stand-1",
        "occurred_at": "2025-10-25T09:00:00.000Z",
        "received_at": "2025-10-25T09:00:01.000Z",
        "type": "fair.visitor.scanned.v1",
        "scan_kind": "booth",
        "booth_id": "h1-001",
        "badge_ref": badge.decode(),
        **more,
    }
    return json.dumps(said).encode()


def mark(number: int = 1) -> bytes:
    return json.dumps(
        {"terminal_id": "stand-1", "event_id": event_id(number), "released_at": "2025-10-25T10:00:00.000Z"}
    ).encode()


def waiting_with(*records: tuple[int, bytes, bytes]) -> WaitingEvents:
    made = WaitingEvents()
    made.begin([0])
    for offset, key, value in records:
        made.take(0, offset, key, value)
    return made


def test_an_event_waits_until_its_mark() -> None:
    waiting = waiting_with((5, A, scan(1)), (6, A, scan(2)), (7, B, scan(3, B)))
    assert (waiting.counts, waiting.offsets(0, A), waiting.begins()) == ({0: 3}, [5, 6], {0: 5})
    waiting.take(0, 8, A, mark(1))
    assert (waiting.counts, waiting.offsets(0, A), waiting.begins()) == ({0: 2}, [6], {0: 6})
    waiting.drop(0, 6)
    waiting.drop(0, 6)
    assert (waiting.counts, waiting.begins()) == ({0: 1}, {0: 7})
    waiting.take(0, 9, B, mark(3))
    assert (waiting.counts, waiting.begins()) == ({0: 0}, {0: 10})


def test_a_mark_under_another_key_or_of_another_terminal_releases_nothing() -> None:
    other = mark(1).replace(b"stand-1", b"stand-2")
    assert waiting_with((1, A, scan(1)), (2, B, mark(1)), (3, A, other), (4, A, mark(2))).counts == {0: 1}


def test_every_record_of_an_event_waits_for_they_may_differ_and_a_mark_is_about_those_before_it() -> None:
    waiting = waiting_with((1, A, scan(1)), (2, A, scan(1, scan_kind="entry")), (3, A, mark(1)), (4, A, scan(1)))
    assert (waiting.counts, waiting.offsets(0, A)) == ({0: 1}, [4])
    waiting.take(0, 3, A, mark(1))
    assert (waiting.counts, waiting.offsets(0, A)) == ({0: 1}, [4])
    both = waiting_with((1, A, scan(1)), (2, A, scan(1)))
    assert both.offsets(0, A) == [1, 2]
    both.drop(0, 1)
    assert (both.offsets(0, A), both.begins()) == ([2], {0: 2})


@pytest.mark.parametrize(
    ("key", "value"), [(None, scan()), (b"", scan()), (b"A-1", scan()), (A, None), (A, b"{}"), (A, b"[1]"), (A, b"x")]
)
def test_another_record_counts_for_nothing(key: bytes | None, value: bytes | None) -> None:
    waiting = WaitingEvents()
    waiting.begin([0])
    waiting.take(0, 3, key, value)
    assert (waiting.counts, waiting.begins()) == ({0: 0}, {0: 4})


def test_badges_take_turns_and_those_that_are_gone_are_left_out() -> None:
    waiting = waiting_with((1, A, scan(1)), (2, B, scan(2, B)), (3, A, scan(3)))
    assert [badge for _, badge in waiting.ask(1)] == [B]
    assert [badge for _, badge in waiting.ask(1)] == [A]
    waiting.take(0, 4, B, mark(2))
    assert [badge for _, badge in waiting.ask(9)] == [A]


def test_badges_are_asked_about_partition_by_partition_so_that_each_log_is_read_in_one_go() -> None:
    waiting = WaitingEvents()
    waiting.begin((0, 1))
    for number in range(6):
        waiting.take(number % 2, number, code_hash(KEY, str(number)).encode(), scan(number))
    first, second = waiting.ask(3), waiting.ask(3)
    assert [{partition for partition, _ in asked} for asked in (first, second)] == [{0}, {1}]
    assert len({*first, *second}) == 6
    assert len(waiting.ask(9)) == 6  # what is few is asked about at once


def test_a_partition_that_was_taken_away_is_forgotten_and_its_late_records_count_for_nothing() -> None:
    waiting = waiting_with((1, A, scan(1)))
    waiting.begin([1])
    waiting.take(0, 2, A, scan(2))
    assert (waiting.counts, waiting.ask(9), waiting.begins()) == ({1: 0}, [], {})


def test_those_that_wait_the_longest_are_forgotten_when_there_are_too_many_and_read_again() -> None:
    waiting = WaitingEvents(most=2)
    waiting.begin([0])
    for number in range(4):
        waiting.take(0, number, A, scan(number))
    assert waiting.make_room() == 2
    assert waiting.make_room() == 0
    assert (waiting.offsets(0, A), waiting.begins()) == ([2, 3], {0: 0})
    assert waiting.read_again() == {0: 0}
    assert (waiting.read_again(), waiting.begins()) == ({}, {0: 0})
    waiting.take(0, 0, A, scan(0))
    assert (waiting.offsets(0, A), waiting.begins()) == ([0, 2, 3], {0: 0})
    waiting.drop(0, 0)
    assert waiting.begins() == {0: 1}
    for number in range(1, 4):
        waiting.take(0, number, A, scan(number))
    assert waiting.offsets(0, A) == [1, 2, 3]


def test_a_new_record_is_asked_about_first_so_that_it_is_not_forgotten_unasked() -> None:
    waiting = waiting_with((1, A, scan(1)), (2, B, scan(2, B)))
    assert [badge for _, badge in waiting.ask(1)] == [B]


# the release


def book_with(consent: bool = True) -> Book:
    made = Book()
    made.take_codes(ADA, WornCodes((A.decode(),)))
    made.take_registration(ADA, Registration(1, BadgeRole.VISITOR_PUBLIC, consent=consent))
    return made


@pytest.mark.parametrize(("consent", "key"), [(True, ADA), (False, "stand-1")])
def test_an_event_is_released_with_its_id_its_headers_and_the_key_of_its_person(consent: bool, key: str) -> None:
    released = release_of(A, scan(), HEADERS, book_with(consent), NOW)
    assert released is not None
    said = json.loads(released.event.value)
    assert (released.event.topic, released.event.key, released.event.headers) == ("fair.scans", key.encode(), HEADERS)
    assert (said["event_id"], said["received_at"]) == (event_id(1), "2025-10-25T09:00:01.000Z")
    assert said.get("badge_ref") == (ADA if consent else None)
    assert (released.mark.topic, released.mark.key) == ("fair.unresolved", A)
    assert json.loads(released.mark.value)["event_id"] == event_id(1)


def test_an_event_whose_badge_is_gone_again_goes_on_waiting() -> None:
    assert release_of(B, scan(badge=B), (), book_with(), NOW) is None


def test_an_event_whose_person_was_erased_becomes_a_dead_letter_of_its_own_and_is_marked() -> None:
    book = book_with()
    book.take_spent(A.decode())
    released = release_of(A, scan(), HEADERS, book, NOW)
    assert released is not None
    assert released.is_refused
    assert released == release_of(A, scan(), HEADERS, book, NOW), "a letter that is written again is the same letter"
    letter = read_letter(released.event.value)
    assert isinstance(letter, DeadLetter)
    assert (released.event.topic, letter.topic, letter.reason) == ("fair.rejected", "fair.unresolved", "badge_erased")
    assert (letter.raw, letter.record_headers, letter.terminal) == (scan(), list(HEADERS), "stand-1")
    assert (released.mark.topic, released.mark.key) == ("fair.unresolved", A)
    assert json.loads(released.mark.value or b"")["event_id"] == event_id(1)


@pytest.mark.parametrize("value", [scan(type="fair.other.v1"), b"{}", b"", scan(scan_kind="swim")])
def test_an_event_that_this_version_cannot_read_is_not_released(value: bytes) -> None:
    with pytest.raises(InvalidEvent):
        release_of(A, value, (), book_with(), NOW)
