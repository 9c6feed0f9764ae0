"""Every number of visits, visitors and attendance, by plain loops over the persons who were present."""

from collections import defaultdict
from collections.abc import Iterator

from streams.audit.recount.counts import RecountedKpis, put_number
from streams.audit.recount.fair import OracleFair
from streams.audit.recount.people import Persons, PresentByDay, RoleCountry, having, is_test_badge
from streams.audit.recount.profiles import STAFF, UNKNOWN, OracleProfile


def visit_kpis(people: Persons) -> RecountedKpis:
    """Return every number of people at gates and in the register."""
    kpis: RecountedKpis = {}
    present = people.present()
    for day, badges in present.items():
        _count_day(kpis, people.fair, day, badges)
    _count_fair(kpis, people.fair, present)
    _count_coming_back(kpis, people.visits())
    for entry in people.entries:
        if not entry.test and not entry.denied:
            role, _ = people.who(entry.badge, entry.role, entry.country)
            for window in (entry.day, "fair"):
                put_number(kpis, "gate_entries_by_role", window, 1, gate=entry.gate, role=role)
    if people.fair.has_register:
        for badge, person in people.register.items():
            if not is_test_badge(badge):
                put_number(kpis, "registered_badges", "fair", 1, role=person["role"])
        put_number(kpis, "unregistered_badges", "fair", len(people.seen - people.register.keys()))
    return kpis


def _count_day(kpis: RecountedKpis, fair: OracleFair, day: str, badges: dict[str, set[RoleCountry]]) -> None:
    """Count a day, and add it to the fair where a number of the fair is the sum of its days."""
    visitors = fair.profile.visitors
    for window in (day, "fair"):
        put_number(kpis, "visits", window, len(having(badges, visitors)))
        put_number(kpis, "professional_visits", window, len(having(badges, visitors & {"visitor_professional"})))
        put_number(kpis, "attendance", window, len(having(badges, visitors | STAFF)))
        for group, members in _groups(fair, badges, fair.profile, visitors).items():
            put_number(kpis, "visits_by_group", window, len(members), group=group)
        for role in {role for whos in badges.values() for role, _ in whos}:
            put_number(kpis, "attendance_by_role", window, len(having(badges, {role})), role=role)
        for name, profile in fair.profiles.items():
            if window == day or not profile.once_per_fair:
                _put_profile(kpis, fair, window, badges, name)
    put_number(kpis, "international_visitors", day, len(_groups(fair, badges, fair.profile, visitors)["foreign"]))


def _count_fair(kpis: RecountedKpis, fair: OracleFair, present: PresentByDay) -> None:
    """Count each person once over the fair."""
    everybody: dict[str, set[RoleCountry]] = defaultdict(set)
    for badges in present.values():
        for badge, whos in badges.items():
            everybody[badge] |= whos
    for name, profile in fair.profiles.items():
        if profile.once_per_fair:
            _put_profile(kpis, fair, "fair", everybody, name)
    groups = _groups(fair, everybody, fair.profile, fair.profile.visitors)
    put_number(kpis, "international_visitors", "fair", len(groups["foreign"]))
    for group, members in groups.items():
        put_number(kpis, "visitors_by_group", "fair", len(members), group=group)
    countries: dict[str, set[str]] = defaultdict(set)
    for badge, country in _living(everybody, fair.profile.visitors):
        countries[country].add(badge)
    for country, members in countries.items():
        put_number(kpis, "visitors_by_country", "fair", len(members), country=country)


def _put_profile(
    kpis: RecountedKpis, fair: OracleFair, window: str, badges: dict[str, set[RoleCountry]], name: str
) -> None:
    """Put what a profile counts among some badges, and where those live."""
    profile = fair.profiles[name]
    put_number(kpis, "counted_by_profile", window, len(having(badges, profile.counted)), profile=name)
    for group, members in _groups(fair, badges, profile, profile.counted).items():
        put_number(kpis, "counted_by_group", window, len(members), profile=name, group=group)


def _count_coming_back(kpis: RecountedKpis, visits: dict[str, set[str]]) -> None:
    """Count first and later days of each visitor."""
    days_of: dict[str, list[str]] = defaultdict(list)
    for day in sorted(visits):
        for badge in visits[day]:
            days_of[badge].append(day)
    put_number(kpis, "unique_visitors", "fair", len(days_of))
    put_number(kpis, "repeat_visits", "fair", sum(len(days) - 1 for days in days_of.values()))
    for first, *later in days_of.values():
        put_number(kpis, "first_time_visitors", first, 1)
        put_number(kpis, "returning_visitors", "fair", int(bool(later)))
        for day in later:
            put_number(kpis, "returning_visitors", day, 1)


def _living(badges: dict[str, set[RoleCountry]], roles: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield each badge of some roles with its country; twice, if its scans name two countries."""
    for badge, whos in badges.items():
        for role, country in whos:
            if role in roles:
                yield badge, country


def _groups(
    fair: OracleFair, badges: dict[str, set[RoleCountry]], profile: OracleProfile, roles: frozenset[str]
) -> dict[str, set[str]]:
    """Return those of some roles by where they live, as a profile sees it from the host country."""
    groups: dict[str, set[str]] = {"domestic": set(), "foreign": set(), UNKNOWN: set()}
    for badge, country in _living(badges, roles):
        groups[profile.group(country, fair.host_country)].add(badge)
    return groups
