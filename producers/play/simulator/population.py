"""Who comes: visitors numbered over the whole fair, staff, guests and test badges, each with role and country."""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from math import ceil, gcd
from random import Random
from typing import Final, NamedTuple

from producers.play.simulator.emission import TEST_FROM
from producers.play.simulator.scenarios import Scenario, day_weights
from producers.play.simulator.writing import badge_ref, chance_of
from schemas.codes import BadgeRole, DenyReason
from schemas.fair.model import Fair
from schemas.ids import TEST_BADGE

ABROAD: Final = (
    "HK US JP KR SG DE GB FR MO TW AU IT RU TH MY ID IN VN AE CA BR CH ES NL "
    "PK SA NZ TR PH KZ SE BE PL AT DK HU FI NO IE PT GR CZ RS ZA EG NG KE ET "
    "MA DZ TZ GH MX AR CL PE CO UY CU EC MN KH LA MM LK BD NP UZ KG TJ IR IQ "
    "QA KW OM BH IL JO CN"
).split()
"""Where visitors from abroad live, the most frequent first."""

STAFF_ROLES: Final = (
    (BadgeRole.EXHIBITOR_STAFF,) * 16 + (BadgeRole.CONTRACTOR,) * 2 + (BadgeRole.ORGANISER, BadgeRole.SECURITY)
)
GUEST_ROLES: Final = (BadgeRole.MEDIA,) * 5 + (BadgeRole.DELEGATE,) * 3 + (BadgeRole.SPEAKER, BadgeRole.VIP_GOV)
STAFF_FROM: Final = 1_000_000_000
"""Visitors are numbered from 0, staff and guests from here: they are the same people every day."""

STRANGERS_FROM: Final = 2 * STAFF_FROM
"""People who are turned away at the gate and go home."""

DENIALS: Final = (DenyReason.BLOCKED, DenyReason.REVOKED, DenyReason.UNPAID, DenyReason.CANCELED)
"""Why the register of badges has people turned away."""
DENIED: Final = 0.002
"""Visitors whom it has turned away, and who are let in all the same."""

UNKNOWN_COUNTRY: Final = 0.02
"""Badges without a country."""


class Person(NamedTuple):
    """One badge.

    Attributes:
        number: the person behind it.
        country: empty when nobody knows.
        consent: may be tracked in halls and at booths.
        words: the badge as members of an event; at a fair with a register of badges, its reference alone.
        unnamed: the same without a badge, for anonymous scans.
        printed: the role that a badge carries; None at a fair with a register.
        home: the country that a badge carries; empty at a fair with a register.
        denied: why the register has the person turned away; empty without one.
    """

    number: int
    badge: str
    role: BadgeRole
    country: str
    consent: bool
    words: str
    unnamed: str
    printed: BadgeRole | None
    home: str
    denied: str = ""


class Population:
    """Everybody who comes to one fair in one scenario.

    Days share visitors: a day's crowd is a stretch of a long line of people, and the next day's stretch begins
    before this one ends. That needs no list of people, however many there are.
    """

    def __init__(self, fair: Fair, scenario: Scenario, seed: int) -> None:
        self._seed = seed
        self._scenario = scenario
        self._host = fair.host_country
        self._key = chance_of(seed, fair.fair_id, "badge").randbytes(32)
        abroad = [country for country in ABROAD if country != fair.host_country]
        self._abroad = abroad
        self._sums = list(accumulate(1 / (rank + 3) for rank in range(len(abroad))))
        weights = day_weights(len(fair.days))
        self.visits = tuple(round(scenario.visitors * weight) for weight in weights)
        self._first = (0, *accumulate(round(visits * (1 - scenario.again)) for visits in self.visits[:-1]))
        self.staff = round(scenario.visitors * scenario.staff)
        self.guests = round(scenario.visitors * scenario.guests)
        self.tests = ceil(scenario.visitors * scenario.tests)
        self._register = fair.badge_register

    def visitors(self, day: int) -> Iterator[int]:
        """Yield the numbers of a day's visitors, each once, in an order that mixes new ones and returning ones."""
        count = self.visits[day]
        if count == 0:
            return
        stride = max(1, int(count * 0.618))
        while gcd(stride, count) != 1:
            stride += 1
        at = chance_of(self._seed, "order", day).randrange(count)
        for _ in range(count):
            yield self._first[day] + at
            at = (at + stride) % count

    def came(self, number: int, day: int) -> bool:
        """Return whether somebody surely comes on a day: staff, guests and test badges do on every day."""
        if STRANGERS_FROM <= number < TEST_FROM:
            return False
        return number >= STAFF_FROM or self._first[day] <= number < self._first[day] + self.visits[day]

    def person(self, number: int) -> Person:
        """Return the person of that number; the same on every day."""
        chance = chance_of(self._seed, "person", number)
        draw = chance.random()
        if number < STAFF_FROM or number >= STRANGERS_FROM:
            professional = draw < self._scenario.professional
            role = BadgeRole.VISITOR_PROFESSIONAL if professional else BadgeRole.VISITOR_PUBLIC
        elif number < STAFF_FROM + self.staff:
            role = STAFF_ROLES[int(draw * len(STAFF_ROLES))]
        else:
            role = GUEST_ROLES[int(draw * len(GUEST_ROLES))]
        country = self._country(chance)
        consent = chance.random() < self._scenario.consent
        badge, denied = badge_ref(self._key, number), ""
        if number >= TEST_FROM:
            # Without consent it would be an anonymous passer-by, and counted.
            badge, consent = TEST_BADGE + badge, True
        if self._register:
            if number >= STRANGERS_FROM or number < STAFF_FROM:
                is_denied = STRANGERS_FROM <= number < TEST_FROM or chance.random() < DENIED
                denied = DENIALS[int(chance.random() * len(DENIALS))].value if is_denied else ""
            words, unnamed = f'"badge_ref":"{badge}"', '"badge_ref":null'
        else:
            unnamed = f'"badge_ref":null,"badge_role":"{role.value}"'
            words = f'"badge_ref":"{badge}","badge_role":"{role.value}"'
            words += f',"residence_country":"{country}"' if country else ""
        return Person(
            number=number,
            badge=badge,
            role=role,
            country=country,
            consent=consent,
            words=words,
            unnamed=unnamed,
            printed=None if self._register else role,
            home="" if self._register else country,
            denied=denied,
        )

    def _country(self, chance: Random) -> str:
        if chance.random() < UNKNOWN_COUNTRY:
            return ""
        if chance.random() >= self._scenario.foreign:
            return self._host
        return self._abroad[bisect(self._sums, chance.random() * self._sums[-1])]
