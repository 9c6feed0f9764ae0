"""What a row writes into the register: nothing that is there, and never a code of somebody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from producers.badges.book import Book, Registration
from producers.badges.change import Change, Effect, as_known, change_of, erasure, event_of, reprinted, worn_after
from producers.badges.tables import BadLine
from schemas.badges.register import WornCodes, code_hash, person_ref
from schemas.codes import BadgeRole, DenyReason
from schemas.wire import decode_strict, encode
from tests.support.builders import FAIR, badge, local
from tests.support.register import KEY, code, reading_of

ADA, BOB = person_ref(KEY, "ada"), person_ref(KEY, "bob")
A, B, C = (code_hash(KEY, code(number)) for number in (1, 2, 3))
MEDIA = Registration(2, BadgeRole.MEDIA, "DE")


@pytest.fixture
def book() -> Book:
    """Ada is registered with revision 2, and wears code 1."""
    found = Book()
    found.take_registration(ADA, MEDIA)
    found.take_codes(ADA, WornCodes((A,)))
    return found


def changed(folder: Path, book: Book, line: str, *, again: bool = False) -> Change | BadLine:
    reading = reading_of(folder, f"person,role,country,codes,revision,test,denied\n{line}\n")
    assert not reading.problems, reading.problems
    return change_of(reading.rows[0], book, again=again)


def test_a_new_person_is_registered_with_the_first_revision(tmp_path: Path, book: Book) -> None:
    change = changed(tmp_path, book, f"bob,delegate,,{code(2)},,,")
    assert change == Change(Effect.NEW, BOB, Registration(1, BadgeRole.DELEGATE), WornCodes((B,)), (B,))


@pytest.mark.parametrize("line", ["ada,media,DE,{A},,,", "ada,media,de,,,,", "ada,media,DE,{A},2,,"])
def test_a_line_that_says_what_is_there_writes_nothing(tmp_path: Path, book: Book, line: str) -> None:
    change = changed(tmp_path, book, line.format(A=code(1)))
    assert change == Change(Effect.UNCHANGED, ADA)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ada,media,US,,,,", Registration(3, BadgeRole.MEDIA, "US")),
        ("ada,media,,,,,", Registration(3, BadgeRole.MEDIA)),
        ("ada,vip_gov,DE,,9,,", Registration(9, BadgeRole.VIP_GOV, "DE")),
        ("ada,media,DE,,,,blocked", Registration(3, BadgeRole.MEDIA, "DE", denied=DenyReason.BLOCKED)),
    ],
)
def test_a_change_has_the_next_revision_or_the_one_that_is_named(
    tmp_path: Path, book: Book, line: str, expected: Registration
) -> None:
    assert changed(tmp_path, book, line) == Change(Effect.CHANGED, ADA, expected)


NOW = Registration(3, BadgeRole.EXHIBITOR_STAFF, "DE", "e1", consent=False, denied=DenyReason.UNPAID)


@pytest.mark.parametrize(
    ("file", "now"),
    [
        ("person,role,codes\nada,exhibitor_staff,\n", NOW),
        ("person,role,country\nada,exhibitor_staff,US\n", replace(NOW, revision=4, country="US")),
        ("person,role,country\nada,exhibitor_staff,\n", replace(NOW, revision=4, country=None)),
        ("person,role,exhibitor\nada,exhibitor_staff,\n", replace(NOW, revision=4, exhibitor=None)),
        ("person,role,consent\nada,exhibitor_staff,\n", replace(NOW, revision=4, consent=True)),
        ("person,role,denied\nada,exhibitor_staff,\n", replace(NOW, revision=4, denied=None)),
        ("person,role\nada,media\n", replace(NOW, revision=4, role=BadgeRole.MEDIA, exhibitor=None)),
        ('{"person": "ada", "role": "exhibitor_staff"}\n', NOW),
        ('{"person": "ada", "role": "exhibitor_staff", "country": null}\n', replace(NOW, revision=4, country=None)),
        ('{"person": "ada", "role": "exhibitor_staff", "denied": ""}\n', replace(NOW, revision=4, denied=None)),
    ],
)
def test_a_column_that_is_not_there_changes_nothing_and_an_empty_value_does(
    tmp_path: Path, book: Book, file: str, now: Registration
) -> None:
    book.take_registration(ADA, NOW)
    reading = reading_of(tmp_path, file)
    change = change_of(reading.rows[0], book)
    expected = Change(Effect.UNCHANGED, ADA) if now == NOW else Change(Effect.CHANGED, ADA, now)
    assert change == expected


def test_a_higher_revision_is_written_also_if_it_says_the_same(tmp_path: Path, book: Book) -> None:
    change = changed(tmp_path, book, "ada,media,DE,,7,,")
    assert change == Change(Effect.CHANGED, ADA, Registration(7, BadgeRole.MEDIA, "DE"))
    book.take_registration(ADA, Registration(7, BadgeRole.MEDIA, "DE"))
    assert changed(tmp_path, book, "ada,speaker,US,,5,,") == Change(Effect.OLDER, ADA), "an older file does not win"


def test_a_code_of_an_erased_person_is_refused_for_everybody(tmp_path: Path, book: Book) -> None:
    book.take_spent(B)
    for line in (f"bob,media,,{code(2)},,,", f"ada,media,DE,{code(1)} {code(2)},,,"):
        problem = changed(tmp_path, book, line)
        assert isinstance(problem, BadLine)
        assert "was on the badge of a person who was erased" in problem.text


def test_a_code_that_two_persons_claim_is_told_for_both(tmp_path: Path, book: Book) -> None:
    book.take_codes(BOB, WornCodes((A,)))
    book.take_registration(BOB, MEDIA)
    for person in ("ada", "bob"):
        assert isinstance(changed(tmp_path, book, f"{person},media,DE,{code(1)},,,"), BadLine)


def test_a_new_code_alone_makes_no_new_revision(tmp_path: Path, book: Book) -> None:
    change = changed(tmp_path, book, f"ada,media,DE,{code(1)} {code(2)},,,")
    assert change == Change(Effect.CHANGED, ADA, None, WornCodes((A, B)), (B,))


def test_a_line_with_an_older_revision_writes_nothing(tmp_path: Path, book: Book) -> None:
    assert changed(tmp_path, book, f"ada,vip_gov,US,{code(2)},1,,") == Change(Effect.OLDER, ADA)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ada,vip_gov,DE,,2,,", "revision 2 is in the register with other content; write a higher one"),
        ("bob,media,,{A},,,", "code 1 is on the badge of another person; a code is never given to a second one"),
        ("bob,media,,{B};{A},,,", "code 2 is on the badge of another person"),
        ("ada,media,DE,,,yes,", "the person is registered with the other value of test; `fairpulse badges erase` that"),
        ("ada,media,DE,{B},2,,", "revision 2 is in the register with other codes; write a higher one"),
    ],
)
def test_what_the_register_cannot_take_is_told_with_its_line(tmp_path: Path, book: Book, line: str, told: str) -> None:
    problem = changed(tmp_path, book, line.format(A=code(1), B=code(2)))
    assert isinstance(problem, BadLine)
    assert problem.line == 2
    assert told in problem.text


def test_a_code_that_was_replaced_is_never_given_to_a_second_person_either(tmp_path: Path, book: Book) -> None:
    book.take_codes(ADA, WornCodes((B,), (A,)))
    assert isinstance(changed(tmp_path, book, f"bob,media,,{code(1)},,,"), BadLine)


def test_the_last_revision_is_the_last(tmp_path: Path, book: Book) -> None:
    book.take_registration(ADA, Registration(1_000_000, BadgeRole.MEDIA))
    problem = changed(tmp_path, book, "ada,speaker,DE,,,,")
    assert isinstance(problem, BadLine)
    assert "the last revision" in problem.text


def test_a_person_who_was_erased_is_left_out_unless_again(tmp_path: Path, book: Book) -> None:
    book.take_registration(ADA, erasure(MEDIA))
    book.take_codes(ADA, None)
    line = f"ada,media,DE,{code(2)},,,"
    assert changed(tmp_path, book, line) == Change(Effect.ERASED, ADA)
    expected = Registration(4, BadgeRole.MEDIA, "DE")
    assert changed(tmp_path, book, line, again=True) == Change(Effect.CHANGED, ADA, expected, WornCodes((B,)), (B,))


@pytest.mark.parametrize(("revision", "then"), [(2, 4), (3, 4), (4, 4), (9, 9)])
def test_a_person_registered_again_has_a_revision_above_the_erasure(
    tmp_path: Path, book: Book, revision: int, then: int
) -> None:
    """The registration system does not know which revision the erasure has."""
    book.take_registration(ADA, erasure(MEDIA))
    book.take_codes(ADA, None)
    change = changed(tmp_path, book, f"ada,media,DE,{code(2)},{revision},,", again=True)
    said = Registration(then, BadgeRole.MEDIA, "DE")
    assert change == Change(Effect.CHANGED, ADA, said, WornCodes((B,)), (B,))


@pytest.mark.parametrize("was", [False, True], ids=["was not a test", "was a test"])
def test_a_wrong_value_of_test_is_corrected_by_an_erasure_and_a_new_code(tmp_path: Path, was: bool) -> None:
    book, wrong, right = Book(), person_ref(KEY, "ada", test=was), person_ref(KEY, "ada", test=not was)
    book.take_registration(wrong, erasure(MEDIA))
    line = f"ada,media,DE,{code(2)},,{'no' if was else 'yes'},"
    assert isinstance(changed(tmp_path, book, line), BadLine)
    said = Registration(1, BadgeRole.MEDIA, "DE")
    assert changed(tmp_path, book, line, again=True) == Change(Effect.NEW, right, said, WornCodes((B,)), (B,))


def test_a_file_without_the_column_test_means_the_person_that_is_there(tmp_path: Path) -> None:
    book, tested = Book(), person_ref(KEY, "ada", test=True)
    book.take_registration(tested, MEDIA)
    [row] = reading_of(tmp_path, f"person,role,country,codes\nada,media,DE,{code(2)}\n").rows
    assert change_of(as_known(row, book), book) == Change(Effect.CHANGED, tested, None, WornCodes((B,)), (B,))
    book.take_registration(tested, erasure(MEDIA))
    assert isinstance(change_of(as_known(row, book), book), BadLine), "not silently the erased one"
    [said] = reading_of(tmp_path, "person,role,country,test\nada,media,DE,no\n").rows
    assert isinstance(change_of(as_known(said, book), book), BadLine)


def test_an_import_that_was_interrupted_is_completed(tmp_path: Path, book: Book) -> None:
    """Who the persons are was written, and their codes were not."""
    book.take_registration(BOB, Registration(1, BadgeRole.DELEGATE))
    change = changed(tmp_path, book, f"bob,delegate,,{code(2)},,,")
    assert change == Change(Effect.CHANGED, BOB, None, WornCodes((B,)), (B,))


@pytest.mark.parametrize(
    ("before", "named", "after"),
    [
        (((), ()), (A,), ((A,), ())),
        (((A,), ()), (), ((A,), ())),
        (((A,), ()), (A, B), ((A, B), ())),
        (((A,), ()), (B,), ((B,), (A,))),
        (((A, B), ()), (B,), ((B,), (A,))),
        (((B,), (A,)), (A,), ((B,), (A,))),
        (((B,), (A,)), (A, B), ((B,), (A,))),
        (((B,), (A,)), (A, C), ((C,), (A, B))),
        (((A, B), ()), (B, A), ((A, B), ())),
        (((B, C), (A,)), (A, B), ((B, C), (A,))),
        (((B, C), (A,)), (B,), ((B,), (A, C))),
    ],
)
def test_codes_that_a_file_does_not_name_are_replaced_and_never_come_back(
    before: tuple[tuple[str, ...], tuple[str, ...]], named: tuple[str, ...], after: tuple[tuple[str, ...], ...]
) -> None:
    assert worn_after(WornCodes(*before), named) == WornCodes(*after)


def test_a_reprint_adds_a_code_and_keeps_the_old_one_as_replaced() -> None:
    assert reprinted(WornCodes((A, B), (C,)), A, badge("new")) == WornCodes((B, badge("new")), (C, A))


def test_an_erasure_keeps_what_is_counted() -> None:
    assert erasure(MEDIA) == Registration(3, BadgeRole.MEDIA, "DE", erased=True)


def test_a_person_with_the_highest_revision_can_be_erased() -> None:
    last = Registration(1_000_000, BadgeRole.VIP_GOV)
    said = erasure(last)
    assert said == Registration(1_000_000, BadgeRole.VIP_GOV, erased=True)
    assert decode_strict(encode(event_of(ADA, said, FAIR, local("09:00"))))
    for order in (last, said), (said, last):
        book = Book()
        for one in order:
            book.take_registration(ADA, one)
        assert book.registration(ADA) == said


def test_the_event_says_all_and_is_a_valid_one() -> None:
    said = Registration(3, BadgeRole.EXHIBITOR_STAFF, "JP", "e3", consent=False, denied=DenyReason.UNPAID)
    event = event_of(ADA, said, FAIR, local("09:00"))
    assert decode_strict(encode(event)) == event
    assert (event.terminal_id, event.badge_ref, event.revision) == ("registration", ADA, 3)
    assert event.event_id != event_of(ADA, said, FAIR, local("09:00")).event_id
