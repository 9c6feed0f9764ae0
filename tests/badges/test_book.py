"""The register in memory: any order of records gives the same answers, and a code has one person."""

import random
from itertools import permutations
from typing import Any

import pytest

from producers.badges.book import Book, Registration
from producers.badges.change import event_of
from schemas.badges.register import WornCodes
from schemas.codes import BadgeRole, DenyReason
from schemas.events import BadgeRegistered
from tests.support.builders import FAIR, badge, local

ADA, BOB = badge("ada"), badge("bob")
OLD, NEW, OTHER = badge("code 1"), badge("code 2"), badge("code 3")


def registered(person: str, revision: int, **said: Any) -> BadgeRegistered:
    words = {"role": BadgeRole.VISITOR_PUBLIC, **said}
    return event_of(person, Registration(revision, **words), FAIR, local("09:00"))


def test_the_highest_revision_counts_in_every_order() -> None:
    events = [
        registered(ADA, 1, country="DE"),
        registered(ADA, 2, country="US"),
        registered(ADA, 3, role=BadgeRole.MEDIA, denied=DenyReason.BLOCKED),
    ]
    for order in permutations(events):
        book = Book()
        changed = [book.take_badge(event) for event in order]
        assert book.registration(ADA) == Registration(3, BadgeRole.MEDIA, denied=DenyReason.BLOCKED)
        assert changed == [all(one.revision > before.revision for before in order[:at]) for at, one in enumerate(order)]
        assert len(book) == 1


@pytest.mark.parametrize(
    ("less", "greater"),
    [
        ({"role": BadgeRole.MEDIA}, {"role": BadgeRole.SPEAKER}),
        ({"country": None}, {"country": "AD"}),
        ({"country": "DE"}, {"country": "US"}),
        ({"role": BadgeRole.EXHIBITOR_STAFF}, {"role": BadgeRole.EXHIBITOR_STAFF, "exhibitor": "e1"}),
        ({"consent": False}, {"consent": True}),
        ({"denied": None}, {"denied": DenyReason.UNPAID}),
        ({"erased": False}, {"erased": True}),
        ({"role": BadgeRole.VIP_GOV, "country": "US"}, {"role": BadgeRole.MEDIA, "erased": True}),
        ({"role": BadgeRole.MEDIA, "country": "US"}, {"role": BadgeRole.SPEAKER, "country": "DE"}),
    ],
)
def test_of_two_contents_under_one_revision_the_greater_counts_in_every_order(
    less: dict[str, Any], greater: dict[str, Any]
) -> None:
    for order in permutations([registered(ADA, 2, **less), registered(ADA, 2, **greater)]):
        book = Book()
        for event in order:
            book.take_badge(event)
        assert book.registration(ADA) == Registration(2, **({"role": BadgeRole.VISITOR_PUBLIC} | greater))


def test_a_code_leads_to_its_person_also_after_a_reprint() -> None:
    book = Book()
    assert book.take_codes(ADA, WornCodes((OLD,))) == ()
    assert (book.person_of(OLD), book.is_replaced(OLD)) == (ADA, False)
    book.take_codes(ADA, WornCodes((NEW,), (OLD,)))
    assert (book.person_of(OLD), book.is_replaced(OLD)) == (ADA, True)
    assert (book.person_of(NEW), book.is_replaced(NEW)) == (ADA, False)
    assert book.codes_of(ADA) == WornCodes((NEW,), (OLD,))


def test_what_the_register_lacks_is_nobody() -> None:
    book = Book()
    assert book.person_of(OLD) is None
    assert book.registration(ADA) is None
    assert book.codes_of(ADA) == WornCodes(())
    assert not book.is_person(ADA)
    assert not book.is_replaced(OLD)


def test_a_code_that_several_persons_claim_has_the_same_person_in_every_order() -> None:
    first, second, third = sorted((ADA, BOB, badge("cem")))
    claims = {first: WornCodes((NEW,), (OLD,)), second: WornCodes((OLD,)), third: WornCodes((OTHER, OLD))}
    for order in permutations(claims):
        book = Book()
        told = [book.take_codes(person, claims[person]) for person in order]
        assert told == [(), (OLD,), (OLD,)]
        assert (book.person_of(OLD), book.is_replaced(OLD), book.clashes) == (first, True, 1)
        assert {person: book.codes_of(person) for person in claims} == claims
        for losing in permutations(claims):
            again, left = Book(), set(claims)
            for person in order:
                again.take_codes(person, claims[person])
            for person in losing:
                again.take_codes(person, None)
                left.remove(person)
                assert again.person_of(OLD) == min(left, default=None)
                assert again.is_replaced(OLD) == (first in left)
                assert again.clashes == (len(left) > 1)


def test_a_code_is_claimed_by_others_or_not() -> None:
    book = Book()
    assert not book.is_claimed(OLD, besides=ADA)
    book.take_codes(ADA, WornCodes((OLD,)))
    assert (book.is_claimed(OLD, besides=ADA), book.is_claimed(OLD, besides=BOB)) == (False, True)
    book.take_codes(BOB, WornCodes((OLD,)))
    assert book.is_claimed(OLD, besides=ADA)
    assert book.is_claimed(OLD, besides=BOB)


def test_a_spent_code_leads_to_nobody_whatever_was_read_first() -> None:
    def take_codes(book: Book) -> None:
        book.take_codes(ADA, WornCodes((NEW,), (OLD,)))

    def take_spent(book: Book) -> None:
        book.take_spent(OLD)

    for order in permutations((take_codes, take_spent)):
        book = Book()
        for take in order:
            take(book)
        assert (book.person_of(OLD), book.is_replaced(OLD), book.is_spent(OLD)) == (None, False, True)
        assert (book.person_of(NEW), book.is_spent(NEW)) == (ADA, False)
        assert not book.is_person(OLD)


def test_an_erased_person_has_no_codes_and_is_still_counted() -> None:
    book = Book()
    book.take_badge(registered(ADA, 1))
    book.take_codes(ADA, WornCodes((NEW,), (OLD,)))
    book.take_badge(registered(ADA, 2, erased=True))
    assert book.take_codes(ADA, None) == ()
    assert book.person_of(OLD) is book.person_of(NEW) is None
    assert not book.is_replaced(OLD)
    assert book.is_person(ADA)
    registration = book.registration(ADA)
    assert registration is not None
    assert registration.erased
    assert len(book) == 1


def test_a_person_whose_codes_came_first_is_a_person_and_not_yet_registered() -> None:
    book = Book()
    book.take_codes(ADA, WornCodes((OLD,)))
    assert book.is_person(ADA)
    assert book.registration(ADA) is None
    assert len(book) == 0
    assert not book.is_person(OLD)


def test_a_book_answers_as_a_plain_list_of_codes_would_after_a_thousand_records() -> None:
    chance, book, worn = random.Random(3), Book(), dict[str, WornCodes]()
    persons, codes = [badge(f"person {n}") for n in range(20)], [badge(f"code {n}") for n in range(60)]
    for _ in range(1_000):
        person = chance.choice(persons)
        free = [one for one in codes if not any(one in (*w.codes, *w.replaced) for p, w in worn.items() if p != person)]
        some = chance.sample(free, min(len(free), chance.randrange(5)))
        cut = chance.randrange(len(some) + 1)
        said = None if not some else WornCodes(tuple(some[:cut]), tuple(some[cut:]))
        assert book.take_codes(person, said) == ()
        worn.pop(person, None)
        if said is not None:
            worn[person] = said
    owners = {one: person for person, w in worn.items() for one in (*w.codes, *w.replaced)}
    assert {one: book.person_of(one) for one in codes} == {one: owners.get(one) for one in codes}
    assert {one for one in codes if book.is_replaced(one)} == {one for w in worn.values() for one in w.replaced}
    assert {person: book.codes_of(person) for person in worn} == worn


def test_a_test_badge_has_a_longer_reference_and_is_kept_like_others() -> None:
    book, person = Book(), "7e57" + ADA
    book.take_badge(registered(person, 1))
    book.take_codes(person, WornCodes((OLD,)))
    assert book.person_of(OLD) == person
    assert not book.is_person(ADA)
