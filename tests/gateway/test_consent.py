"""Whether an event names its person follows from the consent at the event's own time, whatever is registered later."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from producers.badges.book import Book, Registration
from producers.badges.change import event_of
from producers.gateway.events.badge_codes import BadgeCodes
from producers.gateway.events.intake import Intake
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from producers.gateway.register.release import release_of
from producers.terminal.clock import new_event_id
from schemas.api.terminals import PlaceKind, Terminal
from schemas.badges.register import WornCodes, code_hash, person_ref
from schemas.codes import BadgeRole
from schemas.times import epoch_ms, instant_text
from tests.gateway.test_resolving import ANNULLED, AT_EXHIBIT, FAIR, KEY, touch
from tests.support.builders import local
from tests.support.gateway import BOOTH, DESK, FAIR_ID, GATE, HALL, event

ADA = person_ref(KEY, "ada")
CODE = code_hash(KEY, "A-1")
RECEIVED = local("17:00")
"""When all posts of these tests arrive."""


class Entered(NamedTuple):
    """A registration of Ada: when it was entered, and what it says."""

    at: str
    consent: bool
    revision: int
    role: BadgeRole = BadgeRole.MEDIA


def book_of(*entered: Entered) -> Book:
    book = Book()
    book.take_codes(ADA, WornCodes((CODE,)))
    for one in entered:
        said = Registration(one.revision, one.role, consent=one.consent)
        book.take_badge(event_of(ADA, said, FAIR_ID, local(one.at)))
    return book


def key_of(post: dict[str, Any], terminal: Terminal, book: Book, offset_ms: int = 0) -> tuple[str, str]:
    """Return the topic and the key under which a gateway with this book, and no memory, stores a post."""
    intake = Intake(FAIR, Remembered(9), BadgeCodes(KEY, None), book)
    posting = read_posting(json.dumps(post).encode(), terminal, instant_text(RECEIVED))
    (record,) = intake.judge(replace(posting, clock_offset_ms=offset_ms)).records
    return record.topic, record.key.decode()


def scan_at(time: str, terminal: Terminal = BOOTH, **data: Any) -> dict[str, Any]:
    kind = {PlaceKind.BOOTH: "booth", PlaceKind.HALL: "zone_in", PlaceKind.GATE: "entry", PlaceKind.DESK: "session"}
    return event(
        terminal,
        time=instant_text(local(time)),
        data={"scan_kind": kind[terminal.place], "badge_code": "A-1", **data},
    )


NO_AT_NOON = (Entered("10:00", True, 1), Entered("12:00", False, 2))
YES_AT_NOON = (Entered("10:00", False, 1), Entered("12:00", True, 2))


@pytest.mark.parametrize(
    ("entered", "time", "named"),
    [
        (NO_AT_NOON, "2025-10-25 11:59:59.999", True),
        (NO_AT_NOON, "12:00", False),
        (NO_AT_NOON, "09:30", True),
        (YES_AT_NOON, "11:59", False),
        (YES_AT_NOON, "12:00", True),
        (YES_AT_NOON, "09:30", False),
        ((*NO_AT_NOON, Entered("13:00", True, 3)), "11:00", True),
        ((*NO_AT_NOON, Entered("13:00", True, 3)), "12:30", False),
        ((*NO_AT_NOON, Entered("13:00", True, 3)), "13:00", True),
        ((*NO_AT_NOON, Entered("13:00", False, 3, BadgeRole.SPEAKER)), "12:30", False),
        ((*NO_AT_NOON, Entered("13:00", False, 3, BadgeRole.SPEAKER)), "11:30", True),
        ((Entered("10:00", True, 1), Entered("12:00", False, 3), Entered("13:00", True, 2)), "14:00", False),
        ((Entered("10:00", True, 1), Entered("12:00", False, 2), Entered("11:00", True, 3)), "12:00", True),
        ((Entered("10:00", True, 1), Entered("12:00", False, 2), Entered("11:00", True, 3)), "11:30", True),
        ((Entered("10:00", False, 1), Entered("12:00", True, 1)), "11:00", False),
        ((Entered("10:00", False, 1), Entered("12:00", True, 1)), "12:00", True),
    ],
    ids=[
        "a moment before the withdrawal",
        "in the moment of the withdrawal",
        "before the first registration",
        "before the consent",
        "in the moment of the consent",
        "before the first registration, without consent",
        "before two changes",
        "between two changes",
        "after two changes",
        "another change in between, after",
        "another change in between, before",
        "a lower revision that came later never counts",
        "a clock that went back, from the change on",
        "a clock that went back, before the change",
        "two contents under one revision, before the greater",
        "two contents under one revision, from the greater on",
    ],
)
def test_the_consent_at_the_time_of_the_event_decides(entered: Sequence[Entered], time: str, named: bool) -> None:
    assert key_of(scan_at(time), BOOTH, book_of(*entered))[1] == (ADA if named else BOOTH.terminal_id)


@pytest.mark.parametrize(("offset_ms", "named"), [(-3_600_000, True), (0, False), (3_600_000, False)])
def test_the_time_of_the_event_is_that_of_the_corrected_clock(offset_ms: int, named: bool) -> None:
    key = key_of(scan_at("12:30"), BOOTH, book_of(*NO_AT_NOON), offset_ms)[1]
    assert key == (ADA if named else BOOTH.terminal_id)


def annulled_at(time: str, target: str, terminal: Terminal = BOOTH) -> dict[str, Any]:
    data = {"target": target, "target_type": "fair.visitor.scanned.v1", "why": "mistake", "badge_code": "A-1"}
    return event(terminal, type=ANNULLED, time=instant_text(local(time)), data=data)


AT_ELEVEN = instant_text(local("11:00"))


@pytest.mark.parametrize(
    ("post", "terminal"),
    [
        (scan_at("11:00"), BOOTH),
        (scan_at("11:00", HALL), HALL),
        (scan_at("11:00", HALL, scan_kind="zone_out"), HALL),
        (scan_at("11:00", GATE), GATE),
        (scan_at("11:00", DESK), DESK),
        ({**touch(badge_code="A-1"), "time": AT_ELEVEN}, AT_EXHIBIT),
        (annulled_at("11:00", "0199313c-a804-4c4e-9d31-5b8f20c1e604"), BOOTH),
        (annulled_at("11:00", new_event_id(epoch_ms(local("10:59")))), BOOTH),
    ],
    ids=["booth", "hall, in", "hall, out", "gate", "desk", "interaction", "annulment", "annulment of a dated id"],
)
@pytest.mark.parametrize("entered", [NO_AT_NOON, YES_AT_NOON], ids=["withdrawn at noon", "given at noon"])
def test_a_post_repeated_after_a_change_is_stored_where_it_was_before(
    post: dict[str, Any], terminal: Terminal, entered: Sequence[Entered]
) -> None:
    """Another gateway, or one that was started again, has no memory of the first post: only the key can tell."""
    assert key_of(post, terminal, book_of(entered[0])) == key_of(post, terminal, book_of(*entered))


@pytest.mark.parametrize("entered", [NO_AT_NOON, YES_AT_NOON], ids=["withdrawn at noon", "given at noon"])
@pytest.mark.parametrize(
    ("scanned", "annulled", "dated", "together"),
    [
        ("11:59:30", "12:00:20", True, True),
        ("11:50", "12:05", True, True),
        ("12:01", "12:02", True, True),
        ("11:58", "11:59", False, True),
        ("11:59:30", "12:00:20", False, False),
        ("11:40", "12:05", True, False),
    ],
    ids=[
        "over the change",
        "over the change, at the last moment",
        "after the change",
        "before the change, an id without a time",
        "over the change, an id without a time",
        "too late to take anything back",
    ],
)
def test_an_annulment_decides_as_its_scan_did(
    entered: Sequence[Entered], scanned: str, annulled: str, dated: bool, together: bool
) -> None:
    scanned, annulled = (f"2025-10-25 {text if len(text) > 5 else text + ':00'}" for text in (scanned, annulled))
    post = scan_at(scanned)
    if dated:
        post["id"] = new_event_id(epoch_ms(local(scanned)))
    keys = {key_of(one, BOOTH, book_of(*entered)) for one in (post, annulled_at(annulled, post["id"]))}
    assert (len(keys) == 1) is together


def test_a_waiting_event_is_released_by_the_consent_at_its_own_time() -> None:
    waiting = scan_at("11:00")
    intake = Intake(FAIR, Remembered(9), BadgeCodes(KEY, None), Book())
    (record,) = intake.judge(read_posting(json.dumps(waiting).encode(), BOOTH, instant_text(RECEIVED))).records
    assert record.topic == "fair.unresolved"
    for entered, key in ((NO_AT_NOON, ADA), (YES_AT_NOON, BOOTH.terminal_id)):
        found = release_of(record.key, record.value, (), book_of(*entered), RECEIVED + timedelta(hours=1))
        assert found is not None
        assert found.event.key.decode() == key
