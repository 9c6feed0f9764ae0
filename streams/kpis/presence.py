"""Who was there: the entries that make a person present on a day, and what follows for visitors of a profile. Pure.

A person is present on a day if an accepted entry at a countable gate lies within the opening hours of that day. A
beacon makes nobody present: it is not a badge that somebody showed.
"""

from collections.abc import Iterable, Mapping

from pyroaring import BitMap

from schemas.codes import BadgeRole, ScanKind, ScanResult, SourceType
from schemas.events import VisitorScan
from streams.kpis.aggregates import Distinct, PerMember
from streams.kpis.definition import On, Trace, Window
from streams.kpis.labels import UNKNOWN, Label, LabelValues
from streams.kpis.moment import Moment
from streams.kpis.people import People, Period, union

ENTRY: On[VisitorScan] = On((ScanKind.ENTRY,))
_ACCEPTED, _BEACON = ScanResult.ACCEPTED, SourceType.BLE_ROLLUP


def claims(scan: VisitorScan, moment: Moment) -> tuple[str, str]:
    """Return the role and the country that a scan gives for its badge; empty at a fair with a register."""
    if moment.fair.badge_register:
        return "", ""
    return scan.badge_role or "", scan.residence_country or ""


def _present(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if (
        scan.result is _ACCEPTED
        and moment.is_open
        and moment.fair.gates[scan.gate_id or ""].countable
        and scan.source_type is not _BEACON
    ):
        return claims(scan, moment), moment.badge
    return None


def _entered(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.result is not _ACCEPTED:
        return None
    return (scan.gate_id or "", claims(scan, moment)[0]), moment.badge


PRESENT = Trace(
    name="present",
    what="came in at a countable gate within opening hours",
    on=ENTRY,
    labels=(Label.CLAIMED_ROLE, Label.CLAIMED_COUNTRY),
    aggregate=Distinct(),
    measure=_present,
    windows=(Window.DAY,),
)

ENTERED = Trace(
    name="entered",
    what="came in at a gate, at any hour",
    on=ENTRY,
    labels=(Label.GATE, Label.CLAIMED_ROLE),
    aggregate=PerMember(),
    measure=_entered,
    windows=(Window.DAY,),
)


def of_roles(people: People, day: str, roles: frozenset[BadgeRole]) -> BitMap:
    """Return who was present on a day in one of some roles."""
    found: BitMap = people.once(("of_roles", day, roles), lambda: _of_roles(people, day, roles))
    return found


def _of_roles(people: People, day: str, roles: frozenset[BadgeRole]) -> BitMap:
    if people.fair.badge_register:
        return people.seen(PRESENT, Period((day,))) & people.in_roles(roles)
    claimed = people.totals(PRESENT, Period((day,))).items()
    return union(some for (role, _), some in claimed if role in roles)


def by_role(people: People, day: str) -> Mapping[str, BitMap]:
    """Return who was present on a day, by role; `unknown` is one of the roles."""
    if not people.fair.badge_register:
        found: dict[str, list[BitMap]] = {}
        for (role, _), some in people.totals(PRESENT, Period((day,))).items():
            found.setdefault(role or UNKNOWN, []).append(some)
        return {role: union(sets) for role, sets in found.items()}
    came = people.seen(PRESENT, Period((day,)))
    told = {role: came & some for role, some in people.register.by_role.items()}
    return {**told, UNKNOWN: came - people.registered}


def visitors_on(people: People, day: str) -> BitMap:
    """Return who made a visit on a day, by the fair's profile."""
    return of_roles(people, day, people.fair.profile.visitors)


def visitors_in(people: People, days: Iterable[str]) -> BitMap:
    """Return who made a visit on any of some days, by the fair's profile."""
    chosen = tuple(days)
    found: BitMap = people.once(("visitors_in", chosen), lambda: union(visitors_on(people, day) for day in chosen))
    return found


def by_country(people: People, days: tuple[str, ...], roles: frozenset[BadgeRole]) -> Mapping[str, BitMap]:
    """Return who was present on any of some days in one of some roles, by country of residence.

    `unknown` is one of the countries.
    """
    found: Mapping[str, BitMap] = people.once(("by_country", days, roles), lambda: _by_country(people, days, roles))
    return found


def _by_country(people: People, days: tuple[str, ...], roles: frozenset[BadgeRole]) -> Mapping[str, BitMap]:
    if people.fair.badge_register:
        came = union(of_roles(people, day, roles) for day in days)
        return {country: came & some for country, some in people.register.by_country.items()}
    found: dict[str, list[BitMap]] = {}
    for day in days:
        for (role, country), some in people.totals(PRESENT, Period((day,))).items():
            if role in roles:
                found.setdefault(country or UNKNOWN, []).append(some)
    return {country: union(sets) for country, sets in found.items()}
