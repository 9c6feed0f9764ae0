"""Audit profiles: what each body that certifies or publishes attendance counts. A profile is data; all exist at once.

A profile says which roles are visitors and which are exhibitor staff; everybody else is excluded. It says whether a
person counts once per day or once per fair, where "abroad" begins, and which shares the body looks at. Shares are
information, never a verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from schemas.codes import BadgeRole, Code
from schemas.ids import Country


class Once(Code):
    """How often a profile counts a person who comes on several days."""

    PER_DAY = "day"
    PER_FAIR = "fair"


class Presence(Code):
    """What makes a person present on a day."""

    ENTRY_IN_HOURS = "entry_in_hours"
    """An accepted entry at a countable gate within opening hours, see `streams.kpis.presence`."""


class Residence(Code):
    """Where a person lives, as seen from the host country. An unknown country is a group of its own."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


REGIONS: Final[Mapping[Country, frozenset[Country]]] = MappingProxyType({"CN": frozenset({"HK", "MO", "TW"})})
"""Regions that some statistics count with a host country, and others as overseas."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One audit profile.

    Attributes:
        name: in the fair file, in labels and on boards.
        title: the name of the body and of its figure.
        visitors: roles that count as visitors.
        staff: roles that are counted beside visitors, in the figure itself if `adds_staff` is set.
        adds_staff: whether the figure has visitors and staff.
        once: whether a person counts once per day or once per fair.
        regions_abroad: whether `REGIONS` of the host country count as abroad.
        visitor_share, exhibitor_share: shares from abroad that the body looks at, in percent; None for none.
        both_shares: whether it looks at both together, or at either.
        source: where the definition comes from.
        presence: what makes a person present on a day; so far all have the same rule.
    """

    name: str
    title: str
    visitors: frozenset[BadgeRole]
    staff: frozenset[BadgeRole]
    adds_staff: bool
    once: Once
    regions_abroad: bool
    visitor_share: int | None
    exhibitor_share: int | None
    both_shares: bool
    source: str
    presence: Presence = Presence.ENTRY_IN_HOURS

    @property
    def counted(self) -> frozenset[BadgeRole]:
        """The roles whose persons are in the figure."""
        return self.visitors | self.staff if self.adds_staff else self.visitors

    def group(self, country: Country | None, host: Country) -> Residence:
        """Return where a country of residence lies, as seen from the host country."""
        if country is None:
            return Residence.UNKNOWN
        if country == host or (not self.regions_abroad and country in REGIONS.get(host, frozenset())):
            return Residence.DOMESTIC
        return Residence.FOREIGN


_PUBLIC: Final = frozenset({BadgeRole.VISITOR_PROFESSIONAL, BadgeRole.VISITOR_PUBLIC})
_STAFF: Final = frozenset({BadgeRole.EXHIBITOR_STAFF})

FKM: Final = Profile(
    name="fkm",
    title="FKM visitor admissions",
    visitors=_PUBLIC,
    staff=_STAFF,
    adds_staff=False,
    once=Once.PER_DAY,
    regions_abroad=True,
    visitor_share=5,
    exhibitor_share=10,
    both_shares=True,
    source="FKM, visitor to an exhibition: at most one admission per day; no stand staff, press or service people",
)
ABC: Final = Profile(
    name="abc",
    title="ABC Unique Attendance",
    visitors=_PUBLIC | {BadgeRole.MEDIA, BadgeRole.SPEAKER, BadgeRole.DELEGATE, BadgeRole.VIP_GOV},
    staff=_STAFF,
    adds_staff=False,
    once=Once.PER_FAIR,
    regions_abroad=True,
    visitor_share=None,
    exhibitor_share=None,
    both_shares=False,
    source="ABC, Unique Attendance: each person once per event; press, speakers and delegates are visitors",
)
A762: Final = Profile(
    name="a762_1",
    title="Attendance after article A762-1",
    visitors=_PUBLIC,
    staff=_STAFF,
    adds_staff=True,
    once=Once.PER_DAY,
    regions_abroad=True,
    visitor_share=None,
    exhibitor_share=None,
    both_shares=False,
    source="French Code de commerce, A762-1: daily entries of visitors and of exhibitor staff",
)
OWN_NAME: Final = "own"

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({one.name: one for one in (FKM, ABC, A762)})
"""The profiles that come with fairpulse, by name."""


def own_profile(of: Profile, visitors: frozenset[BadgeRole], *, regions_abroad: bool) -> Profile:
    """Return the profile of a fair that says itself who its visitors are, or where abroad begins.

    Args:
        of: the profile that it follows in all else.
        visitors: its roles of visitors.
        regions_abroad: see `Profile`.
    """
    return replace(
        of,
        name=OWN_NAME,
        title=f"the fair's own rule, otherwise as {of.title}",
        visitors=visitors,
        staff=of.staff - visitors,
        regions_abroad=regions_abroad,
        source=f"the fair file's visitor_roles and regions_abroad; otherwise {of.source}",
    )
