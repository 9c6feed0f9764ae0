"""The whole simulation as one stream: seed, scenario and fair in, emissions in order of arrival out.

Nothing is made before it is needed. Kept are the people on the site now and the records under way to the server:
about 8 kB per person, 350 MB on a day of 72,000 visits, however long the fair is.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush, heapreplace, merge
from itertools import accumulate
from operator import itemgetter
from random import Random
from typing import Final

from producers.play.simulator.deals import DealRoom
from producers.play.simulator.emission import TEST_FROM, Emission, Happening
from producers.play.simulator.journeys import Habits
from producers.play.simulator.network import Network
from producers.play.simulator.places import Hours, Places, hours_of
from producers.play.simulator.population import STAFF_FROM, STRANGERS_FROM, Person, Population
from producers.play.simulator.register import LEAD_MS, RegistrationDesk
from producers.play.simulator.scenarios import Scenario, day_weights
from producers.play.simulator.writing import HOUR_MS, MINUTE_MS, chance_of
from schemas.codes import BadgeRole
from schemas.fair.model import Fair
from schemas.topics import BADGES

Course = tuple[int, Iterator[Happening]]
"""When something begins, in ms since 1970, and its steps."""

TURNED_AWAY: Final = 0.003
"""People who are refused and go home, for one visitor."""

TESTS_MIN: Final = (20, 180)
"""When the first test badge comes in, and over how long the others do, in minutes from opening."""

STAYS_TO_THE_END: Final = {True: 0.55, False: 0.35}
"""Professionals and others who leave in the last two hours, whenever they came."""


def emissions(fair: Fair, scenario: Scenario, seed: int, starts_ms: int | None = None) -> Iterator[Emission]:
    """Yield everything that reaches the server, in order of arrival (`at_ms`).

    Args:
        fair: where it happens.
        scenario: what happens.
        seed: the same seed, scenario and fair give the same bytes on every machine.
        starts_ms: leave out what arrives before, in ms since 1970. Of a scenario of one day, it also chooses the
            day; without it that is the busiest one.
    """
    places, hours = Places(fair), hours_of(fair)
    days = _days(hours, starts_ms, whole=scenario.whole_fair)
    if not days:
        return
    first = hours[days[0]].opens_ms + scenario.begins_min * MINUTE_MS
    if starts_ms is not None:
        first = max(first, starts_ms)
    last = None if scenario.lasts_min is None else first + scenario.lasts_min * MINUTE_MS
    network = Network(fair, places, hours, scenario, seed)
    under_way: list[tuple[int, int, Emission]] = []
    count = 0
    for step in in_order(_courses(fair, places, hours, days, scenario, seed)):
        while under_way and under_way[0][0] <= step.at_ms:
            emission = heappop(under_way)[2]
            if last is not None and emission.at_ms > last:
                return
            if (kept := _sent_from(first, emission)) is not None:
                yield kept
        for emission in network.carry(step):
            count += 1
            heappush(under_way, (emission.at_ms, count, emission))
    while under_way:
        emission = heappop(under_way)[2]
        if last is not None and emission.at_ms > last:
            return
        if (kept := _sent_from(first, emission)) is not None:
            yield kept


def _sent_from(first: int, emission: Emission) -> Emission | None:
    """Return what is sent of a record if nothing is sent before `first`; the register then has all it had before."""
    if emission.at_ms >= first:
        return emission
    return emission._replace(at_ms=first) if emission.topic == BADGES.name else None


def in_order(courses: Iterable[Course]) -> Iterator[Happening]:
    """Yield the steps of all courses in order of time; courses come in order of their first step."""
    going: list[tuple[int, int, Happening, Iterator[Happening]]] = []
    number = 0

    def until(moment: int | None) -> Iterator[Happening]:
        while going and (moment is None or going[0][0] < moment):
            _, order, step, steps = going[0]
            yield step
            following = next(steps, None)
            if following is None:
                heappop(going)
            else:
                heapreplace(going, (following.at_ms, order, following, steps))

    for begins, steps in courses:
        yield from until(begins)
        step = next(steps, None)
        if step is not None:
            number += 1
            heappush(going, (step.at_ms, number, step, steps))
    yield from until(None)


def arrivals(day: Hours, scenario: Scenario, count: int, chance: Random) -> Iterator[int]:
    """Yield `count` moments of arrival at a gate on one day, ascending, in ms since 1970."""
    half_hours = max(1, (day.closes_ms - HOUR_MS - day.opens_ms) // (30 * MINUTE_MS))
    weights = scenario.arrivals[:half_hours]
    scale = (1 - scenario.early) / sum(weights)
    shares = [scenario.early / 10] * 10 + [weight * scale / 30 for weight in weights for _ in range(30)]
    begins, done = day.opens_ms - 10 * MINUTE_MS, 0
    for minute, total in enumerate(accumulate(shares)):
        # The rest of the last minute is rounding.
        due = count if minute == len(shares) - 1 else round(count * total)
        start = begins + minute * MINUTE_MS
        yield from sorted(start + int(chance.random() * MINUTE_MS) for _ in range(due - done))
        done = due


def _days(hours: tuple[Hours, ...], starts_ms: int | None, *, whole: bool) -> list[int]:
    days = list(range(len(hours)))
    if starts_ms is not None:
        days = [day for day in days if hours[day].ends_ms > starts_ms]
        return days if whole else days[:1]
    weights = day_weights(len(hours))
    return days if whole else [weights.index(max(weights))]


def _courses(
    fair: Fair, places: Places, hours: tuple[Hours, ...], days: list[int], scenario: Scenario, seed: int
) -> Iterator[Course]:
    """Yield whatever begins on the days, in order of time."""
    population = Population(fair, scenario, seed)
    habits = Habits(places, scenario)
    room = DealRoom(fair, places, scenario)
    desk = RegistrationDesk(fair, places.registration, scenario, seed) if fair.badge_register else None
    for place, day in enumerate(days):
        people = _People(population, habits, desk, hours[day], day, tuple(days[:place]), seed)
        yield from merge(
            people.visitors(scenario), people.workers(), people.testers(), _deals(room, hours[day], day, seed),
            key=itemgetter(0),
        )  # fmt: skip


class _People:
    """Who comes on one day. Where there is a register, people are registered on the first day that they come."""

    def __init__(
        self,
        population: Population,
        habits: Habits,
        desk: RegistrationDesk | None,
        hours: Hours,
        day: int,
        earlier: tuple[int, ...],
        seed: int,
    ) -> None:
        self._population = population
        self._habits = habits
        self._desk = desk
        self._hours = hours
        self._day = day
        self._earlier = earlier
        self._seed = seed

    def visitors(self, scenario: Scenario) -> Iterator[Course]:
        population, habits, hours, day = self._population, self._habits, self._hours, self._day
        lunch_time = self._lunch_time()
        when = arrivals(hours, scenario, population.visits[day], chance_of(self._seed, "arrivals", day))
        for number, arrives in zip(population.visitors(day), when, strict=True):
            chance = chance_of(self._seed, "visit", day, number)
            who = population.person(number)
            professional = who.role is BadgeRole.VISITOR_PROFESSIONAL
            if chance.random() < STAYS_TO_THE_END[professional]:
                leaves = hours.closes_ms - int((chance.random() * 130 - 12) * MINUTE_MS)
            else:
                leaves = arrives + int(max(0.6, chance.gauss(3.8 if professional else 2.8, 1.1)) * HOUR_MS)
            leaves = min(leaves, hours.closes_ms + int(chance.random() * 15 * MINUTE_MS))
            yield from self._coming(who, arrives, habits.visit(who, arrives, leaves, lunch_time, chance))
            if chance.random() < TURNED_AWAY:
                stranger = population.person(STRANGERS_FROM + number)
                yield from self._coming(stranger, arrives, habits.turned_away(stranger, arrives, chance))
            if professional and chance.random() < scenario.meetings:
                name = f"meeting-{hours.date}-{number}"
                steps = habits.meeting(name, arrives, leaves, chance_of(self._seed, "meeting", day, number))
                yield self._begins(arrives), steps

    def workers(self) -> Iterator[Course]:
        """Yield staff, who come before the fair opens, and guests, who come after, evenly spread."""
        population, hours = self._population, self._hours
        groups = ((0, population.staff, -110, 100), (population.staff, population.guests, 5, 180))
        for first, count, begins_min, lasts_min in groups:
            for place in range(count):
                number = STAFF_FROM + first + place
                chance = chance_of(self._seed, "work", self._day, number)
                arrives = hours.opens_ms + begins_min * MINUTE_MS + lasts_min * MINUTE_MS * place // count
                leaves = hours.closes_ms + int((chance.random() * 60 - (0 if first == 0 else 90)) * MINUTE_MS)
                who = population.person(number)
                steps = self._habits.work(who, arrives, max(leaves, arrives + HOUR_MS), chance)
                yield from self._coming(who, arrives, steps)

    def testers(self) -> Iterator[Course]:
        """Yield the test badges, which do what visitors do while the fair is live, and are counted nowhere."""
        count, begins = self._population.tests, self._hours.opens_ms + TESTS_MIN[0] * MINUTE_MS
        for place in range(count):
            who = self._population.person(TEST_FROM + place)
            chance = chance_of(self._seed, "test", self._day, who.number)
            arrives = begins + TESTS_MIN[1] * MINUTE_MS * place // count
            steps = self._habits.visit(who, arrives, arrives + HOUR_MS, self._lunch_time(), chance)
            yield from self._coming(who, arrives, steps)

    def _coming(self, who: Person, arrives: int, steps: Iterator[Happening]) -> Iterator[Course]:
        """Yield the registration of somebody who comes for the first time, and what the person does then."""
        is_new = not any(self._population.came(who.number, day) for day in self._earlier)
        if self._desk is not None and is_new:
            yield self._begins(arrives), self._desk.entries(who, arrives)
        yield self._begins(arrives), steps

    def _begins(self, arrives: int) -> int:
        """Return where in the order of time somebody's day begins: with the registration, if there is one."""
        return arrives - LEAD_MS if self._desk is not None else arrives

    def _lunch_time(self) -> tuple[int, int]:
        lunch = self._hours.opens_ms + (self._hours.closes_ms - self._hours.opens_ms) // 3
        return lunch, lunch + 90 * MINUTE_MS


def _deals(room: DealRoom, hours: Hours, day: int, seed: int) -> Iterator[Course]:
    signings = room.signings(hours.opens_ms, hours.closes_ms, chance_of(seed, "signings", day))
    for number, signed in enumerate(signings, 1):
        chance = chance_of(seed, "deal", day, number)
        yield signed, room.deal(f"deal-{hours.date}-{number:04d}", signed, hours.opens_ms, chance)
