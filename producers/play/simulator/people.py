"""The part of the ledger that is about people: who was present, where, and who they are by the register's content now.

The acts of each person are kept as they were booked. Who is a visitor is only asked at the end, so a registration
may come before or after what the person did. At a fair without a register, badges say it themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Final

from producers.play.simulator.emission import Passage, RegisteredAt, Touch
from producers.play.simulator.places import hours_of
from schemas.codes import BadgeRole, InteractionKind, ScanKind, SourceType
from schemas.fair.model import Fair
from schemas.profiles import Once, Profile, Residence

FAIR: Final = "fair"
"""The window of all days."""

UNKNOWN: Final = "unknown"
"""A role or a country that nobody knows."""

SAME_VISIT_MS: Final = 5 * 60_000
"""Scans of one badge at one booth that are at most this far apart are one scan."""

CellsByKpi = defaultdict[str, defaultdict[str, dict[tuple[str, ...], int]]]
"""By KPI, window (a date or `FAIR`) and label values."""

Sets = Mapping[str, AbstractSet[int]]
"""Persons by day."""


class PeopleBook:
    """Who did what, and who they are. Test badges are not booked here."""

    def __init__(self, fair: Fair) -> None:
        self._fair = fair
        self._hours = {day.date: (day.opens_ms, day.closes_ms) for day in hours_of(fair)}
        self._countable = frozenset(gate_id for gate_id, gate in fair.gates.items() if gate.countable)
        self._section = {exhibitor.exhibitor_id: exhibitor.section for exhibitor in fair.exhibitors.values()}
        self._registered: dict[int, RegisteredAt] = {}
        self._printed: dict[int, tuple[BadgeRole | None, str]] = {}
        self._seen: set[int] = set()
        self._present: defaultdict[str, set[int]] = defaultdict(set)
        self._entries: Counter[tuple[str, str, int]] = Counter()
        self._at_booth: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self._instants: defaultdict[tuple[str, str, int], set[int]] = defaultdict(set)
        self._named: Counter[str] = Counter()
        self._anonymous: Counter[tuple[str, str]] = Counter()
        self._at_exhibit: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self._leads: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)

    def register(self, fact: RegisteredAt) -> None:
        """Book a registration: the highest revision counts, and of two contents under it the greater one."""
        known = self._registered.get(fact.person)
        if known is None or fact[1:] > known[1:]:
            self._registered[fact.person] = fact

    def pass_by(self, fact: Passage, t_ms: int, day: str) -> None:
        """Book an accepted scan."""
        person, by_beacon = fact.person, fact.source is SourceType.BLE_ROLLUP
        if person is not None:
            self._seen.add(person)
            self._printed[person] = (fact.role, fact.country)
        if fact.kind is ScanKind.ENTRY and person is not None:
            self._entries[day, fact.place, person] += 1
            opens_ms, closes_ms = self._hours.get(day, (0, 0))
            if fact.place in self._countable and opens_ms <= t_ms < closes_ms and not by_beacon:
                self._present[day].add(person)
        if fact.kind is ScanKind.BOOTH and not by_beacon:
            if person is None:
                self._anonymous[day, fact.place] += 1
            else:
                self._at_booth[day, fact.place].add(person)
                self._instants[day, fact.place, person].add(t_ms)
                self._named[day] += 1

    def touch(self, fact: Touch, day: str) -> None:
        """Book an interaction of somebody who is known."""
        if fact.person is None:
            return
        self._seen.add(fact.person)
        self._at_exhibit[day, fact.exhibit].add(fact.person)
        if fact.kind is InteractionKind.LEAD_CAPTURED:
            self._leads[day].add((fact.exhibitor, fact.person))

    def visits(self) -> dict[str, set[int]]:
        """Return who made a visit, by day."""
        return {day: {one for one in there if self._is_visitor(one)} for day, there in self._present.items()}

    def settle(self, cells: CellsByKpi) -> None:
        """Write the KPIs of people."""
        self._settle_register(cells)
        self._settle_gates(cells)
        self._settle_visits(cells)
        self._settle_profiles(cells)
        self._settle_booths(cells)
        self._settle_exhibits(cells)
        self._settle_funnel(cells)

    def _role(self, person: int) -> BadgeRole | None:
        if self._fair.badge_register:
            known = self._registered.get(person)
            return None if known is None else known.role
        return self._printed.get(person, (None, ""))[0]

    def _role_word(self, person: int) -> str:
        role = self._role(person)
        return UNKNOWN if role is None else role.value

    def _country(self, person: int) -> str:
        if self._fair.badge_register:
            known = self._registered.get(person)
            return "" if known is None else known.country
        return self._printed.get(person, (None, ""))[1]

    def _group(self, person: int, profile: Profile | None = None) -> Residence:
        return (profile or self._fair.profile).group(self._country(person) or None, self._fair.host_country)

    def _is_visitor(self, person: int) -> bool:
        return self._role(person) in self._fair.profile.visitors

    def _counts_at_exhibits(self, person: int) -> bool:
        """Return whether somebody who showed a badge at an exhibit counts. Without a register everybody does."""
        return not self._fair.badge_register or self._is_visitor(person)

    def _settle_register(self, cells: CellsByKpi) -> None:
        roles = Counter(fact.role.value for fact in self._registered.values())
        cells["registered_badges"][FAIR] = {(role,): count for role, count in roles.items()}
        if self._registered or (self._fair.badge_register and self._seen):
            cells["unregistered_badges"][FAIR][()] = len(self._seen - self._registered.keys())

    def _settle_gates(self, cells: CellsByKpi) -> None:
        for (day, gate, person), count in self._entries.items():
            _add(cells, "gate_entries_by_role", day, (gate, self._role_word(person)), count)

    def _settle_visits(self, cells: CellsByKpi) -> None:
        days = self.visits()
        unique = _union(days.values())
        if not unique:
            return
        for day, visitors in days.items():
            groups = Counter(self._group(one).value for one in visitors)
            professionals = sum(self._role(one) is BadgeRole.VISITOR_PROFESSIONAL for one in visitors)
            _add(cells, "visits", day, (), len(visitors))
            _add(cells, "professional_visits", day, (), professionals)
            for group, count in groups.items():
                _add(cells, "visits_by_group", day, (group,), count)
            cells["international_visitors"][day][()] = groups[Residence.FOREIGN.value]
        groups = Counter(self._group(one).value for one in unique)
        countries = Counter(self._country(one) or UNKNOWN for one in unique)
        cells["unique_visitors"][FAIR][()] = len(unique)
        cells["repeat_visits"][FAIR][()] = sum(map(len, days.values())) - len(unique)
        cells["international_visitors"][FAIR][()] = groups[Residence.FOREIGN.value]
        cells["visitors_by_group"][FAIR] = {(group,): count for group, count in groups.items()}
        cells["visitors_by_country"][FAIR] = {(country,): count for country, count in countries.items()}

    def _settle_profiles(self, cells: CellsByKpi) -> None:
        attending = self._fair.profile.visitors | {BadgeRole.EXHIBITOR_STAFF}
        counted: defaultdict[str, set[int]] = defaultdict(set)
        for day, there in self._present.items():
            for role, count in Counter(map(self._role_word, there)).items():
                _add(cells, "attendance_by_role", day, (role,), count)
            _add(cells, "attendance", day, (), sum(self._role(one) in attending for one in there))
            for name, profile in self._fair.profiles.items():
                those = {one for one in there if self._role(one) in profile.counted}
                once_ever = those - counted[name] if profile.once is Once.PER_FAIR else those
                counted[name] |= those
                for window, some in ((day, those), (FAIR, once_ever)):
                    of_profile = cells["counted_by_profile"][window]
                    of_profile[name,] = of_profile.get((name,), 0) + len(some)
                    by_group = cells["counted_by_group"][window]
                    for group, count in Counter(self._group(one, profile).value for one in some).items():
                        by_group[name, group] = by_group.get((name, group), 0) + count

    def _settle_booths(self, cells: CellsByKpi) -> None:
        again = Counter(self._named)
        for (day, booth), count in self._anonymous.items():
            self._add_scans(cells, day, booth, count)
        for (day, booth, _), instants in self._instants.items():
            apart = 1 + sum(one - before > SAME_VISIT_MS for before, one in pairwise(sorted(instants)))
            self._add_scans(cells, day, booth, apart)
            again[day] -= apart
        for day, count in again.items():
            _add(cells, "soft_duplicates", day, (), count)
        ever: defaultdict[str, set[int]] = defaultdict(set)
        for (day, booth), people in self._at_booth.items():
            visitors = {one for one in people if self._is_visitor(one)}
            cells["booth_visitors"][day][booth,] = len(visitors)
            ever[booth] |= visitors
        cells["booth_visitors"][FAIR] = {(booth,): len(people) for booth, people in ever.items()}

    def _add_scans(self, cells: CellsByKpi, day: str, booth: str, count: int) -> None:
        _add(cells, "booth_scans", day, (booth,), count)
        _add(cells, "booth_scans_by_section", day, (self._fair.booths[booth].section,), count)

    def _settle_exhibits(self, cells: CellsByKpi) -> None:
        for (day, exhibit), people in self._at_exhibit.items():
            cells["exhibit_visitors"][day][exhibit,] = sum(map(self._counts_at_exhibits, people))
        everyone = set[tuple[str, int]]().union(*self._leads.values())
        new: dict[str, set[tuple[str, int]]] = {}
        for day in sorted(self._leads):
            new[day] = self._leads[day].difference(*new.values())
        for window, pairs in {**new, FAIR: everyone}.items():
            sections = Counter(self._section[exhibitor] for exhibitor, who in pairs if self._counts_at_exhibits(who))
            cells["leads"][window] = {(section,): count for section, count in sections.items()}

    def _settle_funnel(self, cells: CellsByKpi) -> None:
        """Write the audiences, which are parts of the visitors, and the funnel, each step a part of the one before."""
        at_booths, at_exhibits = _by_day(self._at_booth), _by_day(self._at_exhibit)
        leads = {day: {who for _, who in pairs} for day, pairs in self._leads.items()}
        days = self.visits()
        for window in (*days, FAIR) if days else ():
            visit, booth, exhibit, lead = (_of(one, window) for one in (days, at_booths, at_exhibits, leads))
            cells["booth_audience"][window][()] = len(visit & booth)
            cells["exhibit_audience"][window][()] = len(visit & exhibit)
            cells["lead_audience"][window][()] = len(visit & lead)
            steps = {
                "visit": visit,
                "booth": visit & booth,
                "exhibit": visit & booth & exhibit,
                "lead": visit & booth & exhibit & lead,
            }
            cells["funnel"][window] = {(step,): len(people) for step, people in steps.items()}


def _add(cells: CellsByKpi, name: str, day: str, labels: tuple[str, ...], amount: int) -> None:
    """Add to a cell of a day and to the one of the fair, which is the sum of its days."""
    for window in (day, FAIR):
        cells[name][window][labels] = cells[name][window].get(labels, 0) + amount


def _by_day(places: Mapping[tuple[str, str], AbstractSet[int]]) -> Sets:
    days: defaultdict[str, set[int]] = defaultdict(set)
    for (day, _), people in places.items():
        days[day] |= people
    return days


def _of(days: Sets, window: str) -> AbstractSet[int]:
    return _union(days.values()) if window == FAIR else days.get(window, set())


def _union(sets: Iterable[AbstractSet[int]]) -> set[int]:
    return set[int]().union(*sets)
