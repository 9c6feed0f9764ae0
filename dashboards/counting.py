"""The counting rules by version, for an auditor: a page written from the constants that the code itself reads."""

from collections.abc import Iterable
from typing import Final

from dashboards.blocks import rows
from schemas.badges.refusals import REFUSALS
from schemas.codes import BadgeRole
from schemas.ids import TEST_BADGE
from schemas.profiles import PROFILES, REGIONS, Once, Presence, Profile
from streams.kpis.booths import GAP_MINUTES
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Derived, Trace

_INTRODUCTION: Final = """# Counting rules

For an auditor: who counts, when, how often, and by which version of a rule.

Written by `make generate`; change the constants, not this page.

[Profiles](#profiles) · [A visit](#a-visit) · [Who a person is](#who-a-person-is) · [Tests](#tests) ·
[Refused codes](#refused-codes) · [Versions](#versions)

No body has certified these rules. They are what this version of fairpulse does, and the
[recount](../../streams/audit/README.md) checks the numbers with code of its own.
"""
_PRESENCE: Final = {
    Presence.ENTRY_IN_HOURS: "an accepted entry at a countable gate, from the opening until just before the closing",
}
_ONCE: Final = {Once.PER_DAY: "once per day", Once.PER_FAIR: "once per fair"}
_VISIT: Final = """
* An entry is a scan at a gate that the gate accepted. A denied one makes no visit. One that staff forced is
  accepted, and is listed apart.
* The gate must be countable by the fair file. An entry at a goods gate makes no visit.
* The entry must lie within the opening hours of its day, by the time at the venue. Exactly at the opening counts;
  exactly at the closing does not. A person who came in before the opening, and not again, is not counted.
* The time is that of the terminal, corrected by its measured clock error. If that is impossible, the time of arrival
  counts, and the event is counted in `clock_suspects`.
* A beacon makes no visit, and no booth visit. A code that was typed by hand counts, and is listed as manual in the
  evidence.
* Any number of entries of one person on one day are one visit. The fair's visits are the sum of its days.
* Exhibitor staff is never a member of the audience of a booth, an exhibit or a lead.
"""
_WHO: Final = """
* At a fair with a register of badges, the register alone says role and country. The highest revision counts, also
  for what the person did before it came. All badges that were printed for a person are that person.
* An event of a code that the register lacks waits in Kafka, in the topic `fair.unresolved`, and counts at its own time
  once the register has the code. `fair_unresolved_events` says how many wait.
  A denied scan does not wait: it is counted in `gate_denials` at once, as that of nobody. Neither do the events of a
  test terminal: they are counted in `test_events` at once.
* Events that a program wrote to Kafka itself do not wait. A person in them whom the register lacks is of the role
  `unknown`, which no profile counts. `unregistered_badges` says how many there are.
* An event of the badge of a person who was erased is refused, unless it was stored before: the badge leads to nobody.
  What was counted stays.
* Without a person's consent at the time of the event, scans at booths and hall doors and interactions are anonymous.
  A consent that is given or withdrawn later changes nothing for them.
* At a fair without a register, each scan says role and country. A badge with two roles counts under both.
* There an interaction says no role. So `exhibit_visitors` and `leads` count the badges of staff too. The audiences of
  exhibits and leads do not: they need a visit in a role that the profile counts.
* A country is a code of ISO 3166-1, of the address given to the organiser. If it is not known, the person is
  in the group `unknown`, and in no share.
"""

_HEADLINE: Final = """
All profiles are counted all the time, as `counted_by_profile`. The fair file names the one whose figures are the
headline; with other roles or regions, it is the fair's own rule, `own`.
"""
_KNOWN: Final = """
The share from abroad is one of the persons whose country is known. It is shown with the number of those whose country
is unknown.
"""
_TESTS: Final = f"""
Test badges, whose reference begins with {TEST_BADGE}, and test terminals run on the live fair, through everything.
Their events are counted in `test_events`, and nowhere else.
"""
_VERSIONS: Final = """
A version is raised when the meaning changes; numbers of two versions are never mixed. First, what is noted of a
person:
"""


def counting_page() -> str:
    """Return the page on the counting rules."""
    return (
        "\n".join(
            (
                _INTRODUCTION,
                "## Profiles",
                "",
                _HEADLINE.strip(),
                "",
                rows(
                    ("profile", "its name", "counts", "leaves out", "how often", "source"),
                    *map(_counts, PROFILES.values()),
                ),
                "People from abroad, by profile. Shares are information, never a verdict:",
                "",
                rows(
                    ("profile", "abroad begins", "shares from abroad that the body looks at"),
                    *map(_abroad, PROFILES.values()),
                ),
                _KNOWN.strip(),
                "",
                "## A visit",
                "",
                rows(("profile", "a person is present on a day by"), *map(_presence, PROFILES.values())),
                _VISIT.strip() + "\n",
                f"At a booth, scans of one badge that are at most {GAP_MINUTES} minutes apart are one.",
                "",
                "## Who a person is",
                "",
                _WHO.strip() + "\n",
                "## Tests",
                "",
                _TESTS.strip(),
                "",
                "## Refused codes",
                "",
                "A terminal refuses these, says so, and sends nothing. So no person comes of them:",
                "",
                rows(("word", "what the staff is told"), *_refusals()),
                "## Versions",
                "",
                _VERSIONS.strip(),
                "",
                rows(("note", "version", "the person"), *_notes()),
                "Then the KPIs:",
                "",
                rows(
                    ("KPI", "version", "rule"), *((f"`{one.name}`", str(one.version), one.source) for one in ALL_KPIS)
                ).rstrip(),
            )
        )
        + "\n"
    )


def _roles(roles: Iterable[BadgeRole]) -> str:
    chosen = frozenset(roles)
    return ", ".join(f"`{role}`" for role in BadgeRole if role in chosen)


def _counts(one: Profile) -> tuple[str, ...]:
    left = _roles(frozenset(BadgeRole) - one.counted)
    return f"`{one.name}`", one.title, _roles(one.counted), left, _ONCE[one.once], one.source


def _presence(one: Profile) -> tuple[str, str]:
    return f"`{one.name}`", _PRESENCE[one.presence]


def _abroad(one: Profile) -> tuple[str, str, str]:
    regions = ", ".join(sorted({region for some in REGIONS.values() for region in some}))
    hosts = ", ".join(REGIONS)
    begins = "outside of the host country" + (
        f"; {regions} are abroad for {hosts}" if one.regions_abroad else f"; {regions} are not abroad for {hosts}"
    )
    shares = [
        f"{share} % of the {whom}"
        for share, whom in ((one.visitor_share, "visitors"), (one.exhibitor_share, "exhibitors"))
        if share is not None
    ]
    return f"`{one.name}`", begins, (" and " if one.both_shares else " or ").join(shares) or "none"


def _refusals() -> list[tuple[str, str]]:
    return [(f"`{word}`", told.replace("{", "<").replace("}", ">")) for word, (told, _) in REFUSALS.items()]


def _notes() -> list[tuple[str, str, str]]:
    """Return the traces that KPIs read, in the order of the catalogue."""
    traces: dict[str, Trace] = {
        one.name: one for kpi in ALL_KPIS if isinstance(kpi.aggregate, Derived) for one in kpi.aggregate.of
    }
    return [(f"`{one.name}`", str(one.version), one.what) for one in traces.values()]
