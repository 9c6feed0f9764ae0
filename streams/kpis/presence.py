"""Who was there: the entries that make a person present on a day, and what follows for visitors of a profile. Pure.

A person is present on a day if an accepted entry at a countable gate lies within the opening hours of that day. A
beacon makes nobody present: it is not a badge that somebody showed.
"""

from collections.abc import Iterable, Mapping

from pyroaring import BitMap

from schemas.codes import BadgeRole, ScanKind, ScanResult, SourceType
from schemas.events import VisitorScan
from schemas.profiles import Profile
from streams.kpis.aggregates import Distinct, Tally
from streams.kpis.definition import On, Trace, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment
from streams.kpis.people import People, union
from streams.kpis.register import Who

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
    aggregate=Tally(),
    measure=_entered,
    windows=(Window.DAY,),
)


def present(people: People, day: str) -> Mapping[Who, BitMap]:
    """Return who was present on a day, by role and country."""
    return people.sorted_by_who(PRESENT, day)


def of_roles(people: People, day: str, roles: frozenset[BadgeRole]) -> BitMap:
    """Return who was present on a day in one of some roles."""
    found: BitMap = people.once(
        ("of_roles", day, roles),
        lambda: union(some for who, some in present(people, day).items() if who.role in roles),
    )
    return found


def visitors_on(people: People, day: str, profile: Profile | None = None) -> BitMap:
    """Return who made a visit on a day, by a profile or by the fair's own."""
    return of_roles(people, day, (profile or people.fair.profile).visitors)


def visitors_in(people: People, days: Iterable[str]) -> BitMap:
    """Return who made a visit on any of some days, by the fair's profile."""
    chosen = tuple(days)
    found: BitMap = people.once(("visitors_in", chosen), lambda: union(visitors_on(people, day) for day in chosen))
    return found


def visitors_by_country(people: People, days: Iterable[str]) -> Mapping[str, BitMap]:
    """Return who made a visit on any of some days, by country of residence; `unknown` is one of the countries."""
    found: dict[str, list[BitMap]] = {}
    roles = people.fair.profile.visitors
    for day in days:
        for who, some in present(people, day).items():
            if who.role in roles:
                found.setdefault(who.country, []).append(some)
    return {country: union(sets) for country, sets in found.items()}
