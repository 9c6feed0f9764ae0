"""Gateway, worker and recount agree on which of two registrations of a person counts."""

import json
from collections.abc import Sequence
from itertools import permutations, product

from producers.badges.book import Book, Registration
from producers.badges.change import event_of
from schemas.codes import BadgeRole, DenyReason
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import BADGES
from schemas.wire import encode
from streams.audit.recount.fair import OracleFair
from streams.audit.recount.people import Persons
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.kpis.register import Content
from tests.support.builders import FAIR, LATENESS, badge, local

ADA = badge("ada")
ALL = [
    Registration(2, role, country, consent=consent, denied=denied, erased=erased)
    for role, country, consent, denied, erased in product(
        (BadgeRole.MEDIA, BadgeRole.VIP_GOV), (None, "DE"), (False, True), (None, DenyReason.UNPAID), (False, True)
    )
]


def in_book(order: Sequence[Registration]) -> Registration | None:
    book = Book()
    for one in order:
        book.take_registration(ADA, one)
    return book.registration(ADA)


def in_worker(engine: Engine, order: Sequence[Registration]) -> Content:
    state = PartitionState()
    events = [(at, event_of(ADA, one, FAIR, local("09:00"))) for at, one in enumerate(order)]
    engine.apply(state, engine.fold(state, BADGES.name, events))
    [content] = state.register.contents.values()
    return state.register.known[content]


def in_recount(people: Persons, order: Sequence[Registration]) -> Content:
    people.register.clear()
    for one in order:
        people.take_registration(json.loads(encode(event_of(ADA, one, FAIR, local("09:00")))))
    found = people.register[ADA]
    return Content(
        erased=found.get("erased", False),
        role=found["role"],
        country=found.get("residence_country", ""),
        exhibitor="",
        tracking_consent=found.get("tracking_consent", True),
        denied=found.get("denied", ""),
    )


def test_all_three_choose_the_same_and_an_erasure_before_all_else() -> None:
    engine = Engine(load_fair(example_fair_path("small")), LATENESS)
    people = Persons(OracleFair.read(example_fair_path("small")))
    for order in permutations(ALL, 2):
        chosen = in_book(order)
        assert chosen is not None
        assert chosen.erased == any(one.erased for one in order)
        content = in_worker(engine, order)
        assert content == in_recount(people, order)
        assert (content.erased, content.role, content.country, content.tracking_consent, content.denied) == (
            chosen.erased, chosen.role, chosen.country or "", chosen.consent, chosen.denied or "",
        )  # fmt: skip
