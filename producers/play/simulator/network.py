"""Between a terminal and the server: wrong clocks, lag, outages, copies and stragglers.

Clock rule, as in the contract of the KPIs: event time is the terminal's clock plus the offset it measured; if that
is more than five minutes after the arrival, or more than a day away from the fair, the arrival counts instead.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from producers.play.simulator.emission import Emission, Happening, Reader
from producers.play.simulator.noise import broken
from producers.play.simulator.places import Hours, Places
from producers.play.simulator.scenarios import Scenario
from producers.play.simulator.writing import DAY_MS, HOUR_MS, MINUTE_MS, chance_of, event_id, instant
from schemas.codes import Capture
from schemas.fair.model import Fair
from schemas.times import epoch_ms

LAG_MS: Final = (50, 1_500)
"""From a terminal to the server, while it is online."""

AHEAD_MS: Final = 5 * MINUTE_MS
"""How far an event may seem to lie after its arrival."""

RESET_CLOCK_MS: Final = 946_684_800_000
"""2000-01-01: where a terminal's clock starts whose battery is empty."""


class Network:
    """The terminals' way to the server. Remembers each terminal's clock, outages and count of events."""

    def __init__(self, fair: Fair, places: Places, hours: Sequence[Hours], scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._chance = chance_of(seed, scenario.name, "network")
        self._from_ms = epoch_ms(fair.days[0].starts_at) - DAY_MS
        self._until_ms = epoch_ms(fair.days[-1].ends_at) + DAY_MS
        set_up(places, fair.fair_id, hours, scenario, chance_of(seed, scenario.name, "terminals"))

    def carry(self, step: Happening) -> list[Emission]:
        """Return what reaches the server of one step: the event, perhaps copies, perhaps a broken form before it.

        None of it arrives before the step happened.
        """
        scenario, draw, terminal = self._scenario, self._chance.random, step.terminal
        happened = step.at_ms
        occurred = happened + terminal.clock_error_ms
        if occurred < RESET_CLOCK_MS:
            occurred = RESET_CLOCK_MS + happened % DAY_MS
        terminal.sent += 1
        arrives, capture = self._arrival(step)
        offset = terminal.offset_ms
        t_ms = occurred + offset
        suspect = t_ms > arrives + AHEAD_MS or not self._from_ms <= t_ms < self._until_ms
        unique, said = event_id(occurred, self._chance), instant(occurred)
        value = (
            f'{{"event_id":"{unique}",{terminal.head}{terminal.sent},"occurred_at":"{said}",'
            f'"received_at":"{instant(arrives)}","clock_offset_ms":{offset},"capture":"{capture}",{step.body}}}'
        ).encode()
        copied = draw() < (scenario.resent if capture == ONLINE else scenario.resent_after_outage)
        event = Emission(
            arrives,
            step.topic,
            step.key,
            value,
            step.fact,
            unique,
            arrives if suspect else t_ms,
            suspect,
            copied,
            kind=step.body.split('"', 4)[3],
            occurred=said,
            source=terminal.source,
        )
        if copied:
            # Mostly a lost answer, seconds later; one in five after minutes.
            after = 1_000 + int(draw() * (14 * MINUTE_MS if draw() < 0.2 else 20_000))
            return [event, event._replace(at_ms=arrives + after)]
        if draw() < scenario.broken:
            return [broken(event._replace(at_ms=max(happened, arrives - 40)), self._chance), event]
        return [event]

    def _arrival(self, step: Happening) -> tuple[int, str]:
        """Return when the server gets the event of a step, and how it was captured."""
        draw, scenario = self._chance.random, self._scenario
        happened = step.at_ms
        lag = LAG_MS[0] + int((LAG_MS[1] - LAG_MS[0]) * draw() ** 3)
        for start, end in step.terminal.outages:
            if start <= happened < end:
                # Events that piled up are sent in the order they happened.
                share = (happened - start) / (end - start)
                return end + int(scenario.flush_s * 1_000 * share) + LAG_MS[0] + step.hold_ms, OFFLINE
        if step.typed_in:
            return happened + lag, TYPED_IN
        if step.hold_ms:
            return happened + lag + step.hold_ms, OFFLINE
        if draw() < scenario.straggling:
            shortest, longest = scenario.straggling_h
            return happened + int((shortest + draw() * (longest - shortest)) * HOUR_MS), OFFLINE
        return happened + lag, ONLINE


ONLINE: Final = Capture.ONLINE.value
OFFLINE: Final = Capture.OFFLINE_REPLAY.value
TYPED_IN: Final = Capture.MANUAL_BACKFILL.value


def set_up(places: Places, fair_id: str, hours: Sequence[Hours], scenario: Scenario, chance: Random) -> None:
    """Give every terminal its clock and its outages. Each fault hits at least one terminal if it has a share."""
    terminals = places.terminals
    places.registration.head = _head(fair_id, places.registration)
    for terminal in terminals:
        terminal.head = _head(fair_id, terminal)
        terminal.clock_error_ms = int(chance.gauss(0, 1_200))
        terminal.offset_ms = -terminal.clock_error_ms + int(chance.gauss(0, 15))
    for terminal in _some(terminals, scenario.clock_off, chance):
        error = int(chance.uniform(-40, 40) * MINUTE_MS) if chance.random() < 0.8 else chance.choice((-8, 1)) * HOUR_MS
        terminal.clock_error_ms, terminal.offset_ms = error, -error + int(chance.gauss(0, 40))
    for number, terminal in enumerate(_some(terminals, scenario.clock_unknown, chance)):
        # In turn: far ahead, minutes behind, minutes ahead, and back at the beginning of its time.
        error = (45 * MINUTE_MS, -12 * MINUTE_MS, 9 * MINUTE_MS, -100 * 365 * DAY_MS)[number % 4]
        terminal.clock_error_ms, terminal.offset_ms = error, 0
    for day in hours:
        for terminal in _some(terminals, scenario.outage, chance):
            length = int(scenario.outage_min * MINUTE_MS * chance.uniform(2 / 3, 4 / 3))
            start = day.opens_ms + int(chance.random() * max(1, day.closes_ms - day.opens_ms - length))
            terminal.outages += ((start, start + length),)
        start, end = (day.opens_ms + minute * MINUTE_MS for minute in scenario.blackout_min)
        together = list(_some(terminals, scenario.blackout, chance))
        if scenario.blackout_gate and places.gates:
            together += places.gates.things[0].lanes
        for terminal in together:
            terminal.outages = ((start, end), *terminal.outages)


def _head(fair_id: str, terminal: Reader) -> str:
    return f'"fair_id":"{fair_id}","terminal_id":"{terminal.name}","terminal_seq":'


def _some(terminals: Sequence[Reader], share: float, chance: Random) -> list[Reader]:
    """Return a share of the terminals, at least one if the share is not zero."""
    if share <= 0:
        return []
    return chance.sample(list(terminals), min(len(terminals), max(1, round(share * len(terminals)))))
