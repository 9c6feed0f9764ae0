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
from producers.play.simulator.emission import Emission, Happening
from producers.play.simulator.journeys import Habits
from producers.play.simulator.network import Network
from producers.play.simulator.places import Hours, Places, hours_of
from producers.play.simulator.population import STAFF_FROM, Population
from producers.play.simulator.scenarios import Scenario, day_weights
from producers.play.simulator.writing import HOUR_MS, MINUTE_MS, chance_of
from schemas.codes import BadgeRole
from schemas.fair.model import Fair

Course = tuple[int, Iterator[Happening]]
"""When something begins, in ms since 1970, and its steps."""

TURNED_AWAY: Final = 0.003
"""People who are refused and go home, for one visitor."""

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
            if emission.at_ms >= first:
                yield emission
        for emission in network.carry(step):
            count += 1
            heappush(under_way, (emission.at_ms, count, emission))
    while under_way:
        emission = heappop(under_way)[2]
        if last is not None and emission.at_ms > last:
            return
        if emission.at_ms >= first:
            yield emission


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
    for day in days:
        yield from merge(
            _visitors(population, habits, hours[day], day, scenario, seed),
            _workers(population, habits, hours[day], day, seed),
            _deals(room, hours[day], day, seed),
            key=itemgetter(0),
        )


def _visitors(
    population: Population, habits: Habits, hours: Hours, day: int, scenario: Scenario, seed: int
) -> Iterator[Course]:
    lunch = hours.opens_ms + (hours.closes_ms - hours.opens_ms) // 3
    lunch_time = (lunch, lunch + 90 * MINUTE_MS)
    when = arrivals(hours, scenario, population.visits[day], chance_of(seed, "arrivals", day))
    for number, arrives in zip(population.visitors(day), when, strict=True):
        chance = chance_of(seed, "visit", day, number)
        who = population.person(number)
        professional = who.role is BadgeRole.VISITOR_PROFESSIONAL
        if chance.random() < STAYS_TO_THE_END[professional]:
            leaves = hours.closes_ms - int((chance.random() * 130 - 12) * MINUTE_MS)
        else:
            leaves = arrives + int(max(0.6, chance.gauss(3.8 if professional else 2.8, 1.1)) * HOUR_MS)
        leaves = min(leaves, hours.closes_ms + int(chance.random() * 15 * MINUTE_MS))
        yield arrives, habits.visit(who, arrives, leaves, lunch_time, chance)
        if chance.random() < TURNED_AWAY:
            stranger = population.person(2 * STAFF_FROM + number)
            yield arrives, habits.turned_away(stranger, arrives, chance)


def _workers(population: Population, habits: Habits, hours: Hours, day: int, seed: int) -> Iterator[Course]:
    """Yield staff, who come before the fair opens, and guests, who come after, evenly spread."""
    groups = ((0, population.staff, -110, 100), (population.staff, population.guests, 5, 180))
    for first, count, begins_min, lasts_min in groups:
        for place in range(count):
            number = STAFF_FROM + first + place
            chance = chance_of(seed, "work", day, number)
            arrives = hours.opens_ms + begins_min * MINUTE_MS + lasts_min * MINUTE_MS * place // count
            leaves = hours.closes_ms + int((chance.random() * 60 - (0 if first == 0 else 90)) * MINUTE_MS)
            yield arrives, habits.work(population.person(number), arrives, max(leaves, arrives + HOUR_MS), chance)


def _deals(room: DealRoom, hours: Hours, day: int, seed: int) -> Iterator[Course]:
    signings = room.signings(hours.opens_ms, hours.closes_ms, chance_of(seed, "signings", day))
    for number, signed in enumerate(signings, 1):
        chance = chance_of(seed, "deal", day, number)
        yield signed, room.deal(f"deal-{hours.date}-{number:04d}", signed, hours.opens_ms, chance)
