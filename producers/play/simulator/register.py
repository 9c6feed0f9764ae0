"""The register of badges as the organiser's registration fills it: once per person, some late, some corrected.

It writes straight to Kafka, since a registration does not come from a terminal. Nobody is kept here: a person is
registered on the first day that the person comes.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from producers.play.simulator.emission import Happening, Reader, RegisteredAt
from producers.play.simulator.population import ABROAD, STAFF_FROM, STRANGERS_FROM, Person
from producers.play.simulator.scenarios import Scenario
from producers.play.simulator.writing import HOUR_MS, MINUTE_MS, chance_of
from schemas.codes import BadgeRole
from schemas.events import BadgeRegistered, type_of
from schemas.fair.model import Fair
from schemas.topics import BADGES

LEAD_MS: Final = 40 * MINUTE_MS
"""How long before the first scan of a person the registration is written, at most; half of it at least."""

LATE_MS: Final = (2 * MINUTE_MS, 2 * HOUR_MS)
"""How long after the first scan a late one is."""

DOUBLED: Final = 0.1
"""Corrections that two desks make at once, with two contents under one revision."""

TYPE: Final = type_of(BadgeRegistered)


class RegistrationDesk:
    """Where people are registered and corrected. Keeps nothing about them."""

    def __init__(self, fair: Fair, reader: Reader, scenario: Scenario, seed: int) -> None:
        self._reader = reader
        self._scenario = scenario
        self._seed = seed
        self._exhibitors = tuple(fair.exhibitors)
        self._countries = (fair.host_country, *ABROAD)

    def entries(self, who: Person, arrives: int) -> Iterator[Happening]:
        """Yield what is registered of a person who comes at `arrives`, in ms since 1970; nothing for some."""
        scenario, chance = self._scenario, chance_of(self._seed, "register", who.number)
        draw = chance.random
        # A badge that gates turn away is known to the register.
        if not who.denied and who.number < STRANGERS_FROM and draw() < scenario.unregistered:
            return
        at = arrives - LEAD_MS + int(draw() * LEAD_MS / 2)
        if draw() < scenario.registered_late:
            at = arrives + LATE_MS[0] + int(draw() * (LATE_MS[1] - LATE_MS[0]))
        fact = self._first(who, chance)
        yield self._entry(at, who, fact)
        if draw() < scenario.corrected:
            at = max(at, arrives) + int(draw() * 5 * HOUR_MS)
            yield self._entry(at, who, self._corrected(fact, chance))
            if draw() < DOUBLED:
                yield self._entry(at + MINUTE_MS, who, self._corrected(fact, chance))

    def _first(self, who: Person, chance: Random) -> RegisteredAt:
        exhibitor = self._exhibitor(chance) if who.role is BadgeRole.EXHIBITOR_STAFF else ""
        return RegisteredAt(who.number, 1, who.role, who.country, exhibitor, who.consent, who.denied)

    def _corrected(self, fact: RegisteredAt, chance: Random) -> RegisteredAt:
        """Return what the person is by revision 2: another role, or another country."""
        draw = chance.random
        if draw() < 0.5 or fact.person >= STAFF_FROM:
            country = self._countries[int(draw() * len(self._countries))]
            return fact._replace(revision=2, country=country)
        if draw() < 0.5:
            other = BadgeRole.VISITOR_PUBLIC
            other = BadgeRole.VISITOR_PROFESSIONAL if fact.role is other else other
            return fact._replace(revision=2, role=other)
        return fact._replace(revision=2, role=BadgeRole.EXHIBITOR_STAFF, exhibitor=self._exhibitor(chance))

    def _exhibitor(self, chance: Random) -> str:
        return self._exhibitors[int(chance.random() * len(self._exhibitors))] if self._exhibitors else ""

    def _entry(self, at: int, who: Person, fact: RegisteredAt) -> Happening:
        members: dict[str, Any] = {
            "type": TYPE,
            "badge_ref": who.badge,
            "revision": fact.revision,
            "role": fact.role.value,
            "tracking_consent": fact.consent,
        }
        optional = {"residence_country": fact.country, "exhibitor_id": fact.exhibitor, "denied": fact.denied}
        members |= {name: value for name, value in optional.items() if value}
        body = json.dumps(members, separators=(",", ":"))[1:-1]
        return Happening(at, self._reader, BADGES.name, who.badge.encode(), body, fact)
