"""A person's day: in at a gate, through halls, to booths and exhibits, perhaps out for lunch, and home.

Every journey yields its steps in order of time, one by one, so that tens of thousands can be under way.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random
from typing import Final

from producers.play.simulator.emission import Happening, MeetingFact, Passage, Touch
from producers.play.simulator.places import Places, PlayedBooth, PlayedGate, PlayedHall
from producers.play.simulator.population import Person
from producers.play.simulator.scenarios import Scenario
from producers.play.simulator.writing import MINUTE_MS, event_id
from schemas.codes import BadgeRole, DenyReason, InteractionKind, MeetingStep, ScanKind, SourceType
from schemas.events import ExhibitInteraction, MeetingChanged, VisitorScan, type_of
from schemas.topics import INTERACTIONS, MEETINGS, SCANS

SCAN_TYPES: Final = {
    source: f'"type":"{type_of(VisitorScan)}","source_type":"{source.value}","scan_kind"' for source in SourceType
}
TOUCH_TYPE: Final = f'"type":"{type_of(ExhibitInteraction)}","interaction_kind"'
MEETING_TYPE: Final = f'"type":"{type_of(MeetingChanged)}","meeting_id"'

QR: Final = SourceType.QR

UNSTATED: Final = 0.05
"""Refusals whose reason nobody gave."""
COLLEAGUES: Final = 4
"""How often the badge of a stand's staff is read at a booth on one day, at most less one."""
MEETING_DECLINED: Final = 0.25
MEETING_MISSED: Final = 0.3
"""Accepted meetings that are not held."""
STEP_TWICE: Final = 0.05
"""Steps of a meeting that two people of the stand report."""
BACK_DOOR: Final = 0.01
"""Visitors who may come in at any gate, a service gate included: a passage, but no visit."""
EXIT_MISSED: Final = 0.01
"""People who leave behind somebody else, unscanned: the site never gets quite empty by its count."""
DOOR_MISSED: Final = 0.015
"""The same at the door of a hall."""
WRONG_HALL: Final = 0.004
"""Hall visits that begin at a door which does not let the badge in."""
TOUCH_ANONYMOUS: Final = 0.3
"""Interactions of people who showed no badge."""
FORUM: Final = 0.06
"""People who also sit in a forum."""
WALK_MS: Final = (40_000, 150_000)
"""From one hall to the next."""
OUT_AFTER_MS: Final = 40 * MINUTE_MS
"""Nobody goes out for lunch who came less than this ago or leaves less than this after it."""
COULD_GO_OUT: Final = 0.5
"""Visitors for whom going out for lunch makes sense, roughly: the share that goes out is one of these."""
SHORTEST_VISIT_MS: Final = 4 * MINUTE_MS
"""Nobody looks at a hall for less."""

KINDS: Final = tuple(InteractionKind)
PROFESSIONAL_KINDS: Final = (10, 6, 12, 6, 4, 12, 10, 7, 9, 5, 4, 5, 8, 2)
PUBLIC_KINDS: Final = (12, 8, 30, 16, 9, 6, 11, 2, 3, 0.2, 0.1, 0.2, 0.5, 2)
"""How often each of `KINDS` happens."""

DENIALS: Final = tuple(reason for reason in DenyReason if reason is not DenyReason.WRONG_ZONE)


def _with_sums(weights: Sequence[float]) -> list[float]:
    return list(accumulate(weights))


class Habits:
    """How people of one scenario spend a day; knows the places, keeps nothing about anybody."""

    def __init__(self, places: Places, scenario: Scenario) -> None:
        self._places = places
        self._booths = tuple(places.booths.values())
        self._scenario = scenario
        self._kinds = {True: _with_sums(PROFESSIONAL_KINDS), False: _with_sums(PUBLIC_KINDS)}
        self._touch_words = {kind: f'{TOUCH_TYPE}:"{kind.value}","exhibit_id":"' for kind in KINDS}

    def visit(
        self, who: Person, arrives: int, leaves: int, lunch: tuple[int, int], chance: Random
    ) -> Iterator[Happening]:
        """Yield a visitor's day; `lunch` is when going out makes sense. Times in ms since 1970."""
        scenario, draw = self._scenario, chance.random
        gate = (self._places.all_gates if draw() < BACK_DOOR else self._places.gates).draw(chance)
        badge = who.badge.encode()
        at, forced = arrives, False
        if draw() < scenario.denied or who.denied:
            yield self._refused(who, gate, at, badge, chance)
            forced = bool(who.denied) or draw() < scenario.forced
            at += 20_000 + int(draw() * 100_000)
        yield self._through(ScanKind.ENTRY, who, gate, at, badge, chance, forced=forced)
        professional = who.role is BadgeRole.VISITOR_PROFESSIONAL
        halls = int(draw() * (2 * scenario.halls - 1)) + 1
        scans = int(draw() * (2 * (scenario.scans_professional if professional else scenario.scans_public) + 1))
        touches = int(draw() * (2 * scenario.touches + 1))
        leaves = max(leaves, at + halls * 6 * MINUTE_MS)
        out = lunch[0] + int(draw() * (lunch[1] - lunch[0]))
        back = out + 15 * MINUTE_MS + int(draw() * 45 * MINUTE_MS)
        could_go_out = at + OUT_AFTER_MS < out and back + OUT_AFTER_MS < leaves
        if could_go_out and draw() < scenario.reentry / COULD_GO_OUT:
            first = halls // 2
            yield from self._walk(who, at, out, first, scans // 2, touches // 2, badge, chance)
            yield self._through(ScanKind.EXIT, who, gate, out, badge, chance)
            gate = self._places.gates.draw(chance)
            yield self._through(ScanKind.ENTRY, who, gate, back, badge, chance)
            at, halls, scans, touches = back, halls - first, scans - scans // 2, touches - touches // 2
        if draw() < FORUM:
            at += 5 * MINUTE_MS
            yield self._seat(who, at, badge)
        yield from self._walk(who, at, leaves, halls, scans, touches, badge, chance)
        if draw() >= EXIT_MISSED:
            yield self._through(ScanKind.EXIT, who, gate, leaves, badge, chance)

    def work(self, who: Person, arrives: int, leaves: int, chance: Random) -> Iterator[Happening]:
        """Yield the day of staff or a guest: in, one hall, out. They are not visitors.

        Colleagues read the badges of a stand's staff, to try the reader.
        """
        gate = self._places.all_gates.draw(chance)
        badge = who.badge.encode()
        yield self._through(ScanKind.ENTRY, who, gate, arrives, badge, chance)
        scans = int(chance.random() * COLLEAGUES) if who.role is BadgeRole.EXHIBITOR_STAFF else 0
        yield from self._walk(who, arrives, leaves, 1, scans, 0, badge, chance)
        yield self._through(ScanKind.EXIT, who, gate, leaves, badge, chance)

    def turned_away(self, who: Person, at: int, chance: Random) -> Iterator[Happening]:
        """Yield one refused entry, and nothing else: no visit."""
        yield self._refused(who, self._places.gates.draw(chance), at, who.badge.encode(), chance)

    def meeting(self, name: str, arrives: int, leaves: int, chance: Random) -> Iterator[Happening]:
        """Yield a meeting to which a stand invites a visitor: accepted and perhaps held, or declined."""
        if not self._booths:
            return
        draw = chance.random
        booth = self._booths[int(draw() * len(self._booths))]
        exhibitor = booth.exhibitors[int(draw() * len(booth.exhibitors))]
        at = arrives + int(draw() * (leaves - arrives) / 2)
        answer = MeetingStep.DECLINED if draw() < MEETING_DECLINED else MeetingStep.ACCEPTED
        held = answer is MeetingStep.ACCEPTED and draw() >= MEETING_MISSED
        for step in (MeetingStep.INVITED, answer, *([MeetingStep.HELD] if held else [])):
            for _ in range(2 if draw() < STEP_TWICE else 1):
                body = f'{MEETING_TYPE}:"{name}","step":"{step.value}","exhibitor_id":"{exhibitor}"'
                yield Happening(at, booth.terminal, MEETINGS.name, name.encode(), body, MeetingFact(name, step))
                at += int((0.2 + draw()) * 15 * MINUTE_MS)

    def _source(self, chance: Random) -> SourceType:
        """Return what reads a badge: at times its code must be typed."""
        return SourceType.MANUAL if chance.random() < self._scenario.typed else QR

    def _through(
        self,
        kind: ScanKind,
        who: Person,
        gate: PlayedGate,
        at: int,
        badge: bytes,
        chance: Random,
        *,
        forced: bool = False,
    ) -> Happening:
        lane = gate.lanes[int(chance.random() * len(gate.lanes))]
        source = self._source(chance)
        body = f'{SCAN_TYPES[source]}:"{kind.value}","gate_id":"{gate.gate_id}","result":"accepted",{who.words}'
        if forced:
            body += ',"forced":true'
        fact = Passage(
            kind, gate.gate_id, who.number, who.printed, who.home, accepted=True, forced=forced, source=source
        )
        return Happening(at, lane, SCANS.name, badge, body, fact)

    def _refused(self, who: Person, gate: PlayedGate, at: int, badge: bytes, chance: Random) -> Happening:
        lane = gate.lanes[int(chance.random() * len(gate.lanes))]
        reason = who.denied or DENIALS[int(chance.random() * len(DENIALS))].value
        kind = ScanKind.EXIT if reason == DenyReason.NO_EXIT_BEFORE_ENTRY else ScanKind.ENTRY
        if not who.denied and chance.random() < UNSTATED:
            reason = ""
        said = f'"reason":"{reason}",' if reason else ""
        body = f'{SCAN_TYPES[QR]}:"{kind.value}","gate_id":"{gate.gate_id}","result":"denied",{said}{who.words}'
        fact = Passage(kind, gate.gate_id, who.number, who.printed, who.home, accepted=False, reason=reason)
        return Happening(at, lane, SCANS.name, badge, body, fact)

    def _seat(self, who: Person, at: int, badge: bytes) -> Happening:
        fact = Passage(ScanKind.SESSION, "", who.number, who.printed, who.home, accepted=True)
        return Happening(at, self._places.forum, SCANS.name, badge, f'{SCAN_TYPES[QR]}:"session",{who.words}', fact)

    def _walk(
        self, who: Person, at: int, until: int, halls: int, scans: int, touches: int, badge: bytes, chance: Random
    ) -> Iterator[Happening]:
        """Yield the steps inside, between `at` and `until`: `halls` hall visits with `scans` and `touches` in them."""
        if not self._places.halls or halls <= 0:
            return
        draw = chance.random
        slot = (until - at) // halls
        for left in range(halls, 0, -1):
            walk = WALK_MS[0] + int(draw() * (WALK_MS[1] - WALK_MS[0]))
            comes, goes = at + min(walk, slot // 4), at + slot - min(30_000, slot // 8)
            at += slot
            here_scans, here_touches = (scans + left - 1) // left, touches // left
            scans, touches = scans - here_scans, touches - here_touches
            if goes - comes >= SHORTEST_VISIT_MS:
                yield from self._see_hall(who, comes, goes, here_scans, here_touches, badge, chance)

    def _see_hall(
        self, who: Person, comes: int, goes: int, scans: int, touches: int, badge: bytes, chance: Random
    ) -> Iterator[Happening]:
        hall = self._places.halls.draw(chance)
        draw = chance.random
        person, words, key = (who.number, who.words, badge) if who.consent else (None, who.unnamed, b"")
        if draw() < WRONG_HALL:
            yield self._door("zone_in", hall, comes - 20_000, words, key, who, person, chance, accepted=False)
        if draw() >= DOOR_MISSED:
            yield self._door("zone_in", hall, comes, words, key, who, person, chance)
        if hall.booths:
            if person is not None and draw() < self._scenario.beacons:
                # Half a minute is left at the beginning.
                yield self._at_booth(hall.booths.draw(chance), comes + 5_000, SourceType.BLE_ROLLUP, words, key, who)
            moments = sorted([draw() for _ in range(scans + touches)])
            span = goes - comes - 30_000
            kind_sums = self._kinds[who.role is BadgeRole.VISITOR_PROFESSIONAL]
            begun: tuple[PlayedBooth, int, str] | None = None
            for moment in moments:
                now = comes + 15_000 + int(moment * span)
                if draw() * (scans + touches) < scans or not hall.showing:
                    scans -= 1
                    yield self._at_booth(hall.booths.draw(chance), now, self._source(chance), words, key, who)
                    continue
                touches -= 1
                if begun is not None:
                    booth, choice, session = begun
                    begun = None
                    yield self._touch(InteractionKind.DEMO_COMPLETED, booth, choice, session, now, who, badge, chance)
                    continue
                booth = hall.showing.draw(chance)
                choice = int(draw() * len(booth.exhibits))
                kind = KINDS[bisect(kind_sums, draw() * kind_sums[-1])]
                session = ""
                if kind is InteractionKind.DEMO_STARTED:
                    session = event_id(now, chance)
                    begun = (booth, choice, session)
                yield self._touch(kind, booth, choice, session, now, who, badge, chance)
        if draw() >= DOOR_MISSED:
            yield self._door("zone_out", hall, goes, words, key, who, person, chance)

    def _at_booth(
        self, booth: PlayedBooth, at: int, source: SourceType, words: str, key: bytes, who: Person
    ) -> Happening:
        person = who.number if key else None
        return Happening(
            at,
            booth.terminal,
            SCANS.name,
            key or booth.terminal.name.encode(),
            f'{SCAN_TYPES[source]}:"booth","booth_id":"{booth.booth_id}",{words}',
            Passage(ScanKind.BOOTH, booth.booth_id, person, who.printed, who.home, accepted=True, source=source),
        )

    def _door(
        self,
        kind: str,
        hall: PlayedHall,
        at: int,
        words: str,
        key: bytes,
        who: Person,
        person: int | None,
        chance: Random,
        *,
        accepted: bool = True,
    ) -> Happening:
        door = hall.doors[int(chance.random() * len(hall.doors))]
        reason = "" if accepted else DenyReason.WRONG_ZONE.value
        more = f',"result":"denied","reason":"{reason}"' if reason else ""
        return Happening(
            at,
            door,
            SCANS.name,
            key or door.name.encode(),
            f'{SCAN_TYPES[QR]}:"{kind}","hall_id":"{hall.hall_id}",{words}{more}',
            Passage(ScanKind(kind), hall.hall_id, person, who.printed, who.home, accepted, reason),
        )

    def _touch(
        self,
        kind: InteractionKind,
        booth: PlayedBooth,
        choice: int,
        session: str,
        at: int,
        who: Person,
        badge: bytes,
        chance: Random,
    ) -> Happening:
        exhibit, exhibitor = booth.exhibits[choice]
        shows = chance.random() >= TOUCH_ANONYMOUS
        named = who.consent and shows
        if kind is InteractionKind.LEAD_CAPTURED:
            # The gateway of a fair with a register takes away the badge of somebody who must not be tracked.
            named = who.consent or who.printed is not None
        body = f'{self._touch_words[kind]}{exhibit}","exhibitor_id":"{exhibitor}"'
        if named:
            body += f',"badge_ref":"{who.badge}"'
        if session:
            body += f',"session_id":"{session}"'
            if kind is InteractionKind.DEMO_COMPLETED:
                body += f',"duration_ms":{int(chance.random() * 900_000)}'
        elif kind is InteractionKind.SURVEY_SUBMITTED:
            body += f',"rating":{int(chance.random() * 6)}'
        return Happening(
            at,
            booth.terminal,
            INTERACTIONS.name,
            badge if named else booth.terminal.name.encode(),
            body,
            Touch(kind, exhibit, exhibitor, who.number if named else None),
        )
