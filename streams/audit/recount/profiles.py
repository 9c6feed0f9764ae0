"""Who is counted by whom: the audit profiles, written down a second time, from the rules of each body.

FKM: stand staff, journalists and service people are not visitors; at most one admission per person and day.
ABC Unique Attendance: press, speakers and delegates are visitors; each person once per event.
A762-1 (French Code de commerce): the daily entries of visitors and of exhibitor staff.
"""

from typing import Any, NamedTuple

UNKNOWN = "unknown"
"""The role or the country of a person of whom nobody said it."""
PUBLIC = frozenset({"visitor_professional", "visitor_public"})
INVITED = frozenset({"media", "speaker", "delegate", "vip_gov"})
STAFF = frozenset({"exhibitor_staff"})
REGIONS_OF_CHINA = frozenset({"HK", "MO", "TW"})


class OracleProfile(NamedTuple):
    """One audit profile.

    Attributes:
        visitors: roles of visitors.
        counted: roles whose persons are in the figure of the profile.
        once_per_fair: whether a person counts once per fair instead of once per day.
        regions_abroad: whether Hong Kong, Macao and Taiwan are abroad at a fair in China.
    """

    name: str
    visitors: frozenset[str]
    counted: frozenset[str]
    once_per_fair: bool = False
    regions_abroad: bool = True

    def group(self, country: str, host: str) -> str:
        """Return where somebody lives, as seen from the host country. Unknown is neither here nor abroad."""
        if country == UNKNOWN:
            return UNKNOWN
        at_home = country == host or (host == "CN" and country in REGIONS_OF_CHINA and not self.regions_abroad)
        return "domestic" if at_home else "foreign"


WRITTEN = (
    OracleProfile("fkm", PUBLIC, PUBLIC),
    OracleProfile("abc", PUBLIC | INVITED, PUBLIC | INVITED, once_per_fair=True),
    OracleProfile("a762_1", PUBLIC, PUBLIC | STAFF),
)


def profiles_of(file: dict[str, Any]) -> tuple[OracleProfile, dict[str, OracleProfile]]:
    """Return the profile that a fair file chooses, and all profiles by name.

    A fair that names other visitor roles than its profile, or in China sees the regions otherwise, has a profile of its
    own. In all else that one is the profile that the file names.
    """
    known = {one.name: one for one in WRITTEN}
    chosen = known[file.get("profile") or "fkm"]
    visitors = frozenset(file.get("visitor_roles") or chosen.visitors)
    regions_abroad = file.get("regions_abroad", "yes") in {"yes", "true"} or file["host_country"] != "CN"
    if (visitors, regions_abroad) != (chosen.visitors, chosen.regions_abroad):
        staff = (chosen.counted - chosen.visitors) - visitors
        chosen = OracleProfile("own", visitors, visitors | staff, chosen.once_per_fair, regions_abroad)
    return chosen, {**known, chosen.name: chosen}
