"""Who comes: visitors numbered over the whole fair, staff and guests, each with badge, role and country."""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from math import gcd
from random import Random
from typing import Final, NamedTuple

from producers.play.simulator.scenarios import Scenario, day_weights
from producers.play.simulator.writing import badge_ref, chance_of
from schemas.codes import BadgeRole
from schemas.fair.model import Fair

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

UNKNOWN_COUNTRY: Final = 0.02
"""Badges without a country."""


class Person(NamedTuple):
    """One badge.

    Attributes:
        number: the person behind it.
        country: empty when nobody knows.
        consent: may be tracked in halls and at booths.
        words: the badge as members of an event.
        unnamed: the same without a badge, for anonymous scans.
    """

    number: int
    badge: str
    role: BadgeRole
    country: str
    consent: bool
    words: str
    unnamed: str


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

    def person(self, number: int) -> Person:
        """Return the person of that number; the same on every day."""
        chance = chance_of(self._seed, "person", number)
        draw = chance.random()
        if number < STAFF_FROM:
            professional = draw < self._scenario.professional
            role = BadgeRole.VISITOR_PROFESSIONAL if professional else BadgeRole.VISITOR_PUBLIC
        elif number < STAFF_FROM + self.staff:
            role = STAFF_ROLES[int(draw * len(STAFF_ROLES))]
        else:
            role = GUEST_ROLES[int(draw * len(GUEST_ROLES))]
        country = self._country(chance)
        badge = badge_ref(self._key, number)
        rest = f'"badge_role":"{role.value}"' + (f',"residence_country":"{country}"' if country else "")
        return Person(
            number=number,
            badge=badge,
            role=role,
            country=country,
            consent=chance.random() < self._scenario.consent,
            words=f'"badge_ref":"{badge}",{rest}',
            unnamed=f'"badge_ref":null,"badge_role":"{role.value}"',
        )

    def _country(self, chance: Random) -> str:
        if chance.random() < UNKNOWN_COUNTRY:
            return ""
        if chance.random() >= self._scenario.foreign:
            return self._host
        return self._abroad[bisect(self._sums, chance.random() * self._sums[-1])]
