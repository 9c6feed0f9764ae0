"""Who came: the register of badges, the entries, and who was present on which day.

Only facts are kept while records are read. Who somebody is, the register says at the end: a person has one role and one
country, and all entries count by them, whatever came first. At a fair without a register, each scan says it for itself.
"""

from collections import defaultdict
from typing import NamedTuple

from streams.audit.recount.fair import OracleFair
from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.moments import When
from streams.audit.recount.profiles import UNKNOWN, OracleProfile
from streams.audit.recount.times import epoch_ms

RoleCountry = tuple[str, str]
"""Role and country of a person, as the register or a scan has it; either may be `unknown`."""
PresentByDay = dict[str, dict[str, set[RoleCountry]]]
"""By day and badge, who was present. With a register a badge is one person; without one, scans may differ."""

FAULTS = ("test", "role excluded", "not registered", "denied", "beacon", "gate not countable", "outside opening hours")
"""Why an entry makes nobody count, in the order in which they are named."""


class Entry(NamedTuple):
    """An entry at a gate, accepted or not.

    Attributes:
        ms, received: when it happened, corrected, and when it arrived, in milliseconds since 1970.
        role, country: as the scan has them.
    """

    ms: int
    event_id: str
    received: int
    day: str
    badge: str
    gate: str
    role: str
    country: str
    source: str
    forced: bool
    denied: bool
    test: bool


class ByHand(NamedTuple):
    """An accepted scan of any kind, or an interaction, whose code was typed, or that was forced.

    Attributes:
        ms, received: as in `Entry`.
        kind: of the scan or of the interaction.
        badge: empty if it is anonymous.
        place: the gate, hall or booth; of an interaction, the exhibit.
    """

    ms: int
    event_id: str
    received: int
    day: str
    kind: str
    badge: str
    place: str
    role: str
    country: str
    source: str
    forced: bool


class Persons:
    """Keeps what the register says, and all entries.

    Attributes:
        register: by badge, the newest revision.
        entries: all entries at gates, in the order in which they were read.
        by_hand: all accepted scans of any kind and interactions that were typed or forced, without those for tests.
        seen: badges in accepted scans and in interactions.
    """

    def __init__(self, fair: OracleFair) -> None:
        self.fair = fair
        self.register: dict[str, JsonEvent] = {}
        self.entries: list[Entry] = []
        self.by_hand: list[ByHand] = []
        self.seen: set[str] = set()

    def take_registration(self, person: JsonEvent) -> None:
        """Keep a revision if it is the highest; of two contents of one revision, the greater."""
        before = self.register.get(person["badge_ref"])
        if before is None or _rank(person) > _rank(before):
            self.register[person["badge_ref"]] = person

    def take_entry(self, scan: JsonEvent, at: When, *, test: bool) -> None:
        """Keep an entry."""
        entry = Entry(
            ms=at.ms,
            event_id=scan["event_id"],
            received=epoch_ms(scan["received_at"]),
            day=at.day,
            badge=scan["badge_ref"],
            gate=scan["gate_id"],
            role=scan.get("badge_role") or UNKNOWN,
            country=scan.get("residence_country") or UNKNOWN,
            source=scan.get("source_type", "qr"),
            forced=scan.get("forced", False),
            denied=scan.get("result") == "denied",
            test=test,
        )
        self.entries.append(entry)

    def take_scan_by_hand(self, scan: JsonEvent, at: When) -> None:
        """Keep an accepted scan if its code was typed, or if it was forced."""
        place = scan.get("gate_id") or scan.get("hall_id") or scan.get("booth_id") or ""
        self._take_by_hand(scan, at, scan["scan_kind"], place, forced=scan.get("forced", False))

    def take_touch_by_hand(self, touch: JsonEvent, at: When) -> None:
        """Keep an interaction if its code was typed."""
        self._take_by_hand(touch, at, touch["interaction_kind"], touch["exhibit_id"], forced=False)

    def _take_by_hand(self, event: JsonEvent, at: When, kind: str, place: str, *, forced: bool) -> None:
        source = event.get("source_type", "qr")
        if source != "manual" and not forced:
            return
        found = ByHand(
            ms=at.ms,
            event_id=event["event_id"],
            received=epoch_ms(event["received_at"]),
            day=at.day,
            kind=kind,
            badge=event.get("badge_ref") or "",
            place=place,
            role=event.get("badge_role") or UNKNOWN,
            country=event.get("residence_country") or UNKNOWN,
            source=source,
            forced=forced,
        )
        self.by_hand.append(found)

    def who(self, badge: str, role: str, country: str) -> RoleCountry:
        """Return who a badge is, whose scan has this role and country."""
        if not self.fair.has_register:
            return role, country
        person = self.register.get(badge)
        return (UNKNOWN, UNKNOWN) if person is None else (person["role"], person.get("residence_country") or UNKNOWN)

    def is_visitor(self, badge: str, role: str) -> bool:
        """Return whether a badge, whose scan has this role, is a visitor by the fair's profile."""
        return self.who(badge, role, UNKNOWN)[0] in self.fair.profile.visitors

    def faults(self, entry: Entry, profile: OracleProfile) -> list[str]:
        """Return why a profile does not count the person of an entry, in the order of `FAULTS`; empty if it does."""
        role, _ = self.who(entry.badge, entry.role, entry.country)
        opens, closes = self.fair.opening.get(entry.day, (0, 0))
        found = (
            entry.test,
            role not in profile.counted and role != UNKNOWN,
            role == UNKNOWN,
            entry.denied,
            entry.source == "ble_rollup",
            not self.fair.gates[entry.gate],
            not opens <= entry.ms < closes,
        )
        return [fault for fault, is_so in zip(FAULTS, found, strict=True) if is_so]

    def present(self) -> PresentByDay:
        """Return who was present on which day: an accepted entry at a countable gate within opening hours."""
        found: PresentByDay = defaultdict(lambda: defaultdict(set))
        for entry in self.entries:
            opens, closes = self.fair.opening.get(entry.day, (0, 0))
            if entry.test or entry.denied or entry.source == "ble_rollup":
                continue
            if self.fair.gates[entry.gate] and opens <= entry.ms < closes:
                found[entry.day][entry.badge].add(self.who(entry.badge, entry.role, entry.country))
        return found

    def visits(self) -> dict[str, set[str]]:
        """Return by day the badges with a visit."""
        return {day: having(present, self.fair.profile.visitors) for day, present in self.present().items()}


def is_test_badge(badge: str | None) -> bool:
    """Return whether a reference was made for trying things out: its 18 bytes begin with 7e57."""
    return badge is not None and len(badge) == 36 and badge.startswith("7e57")


def having(badges: dict[str, set[RoleCountry]], roles: frozenset[str] | set[str]) -> set[str]:
    """Return the badges that have one of the roles."""
    return {badge for badge, whos in badges.items() if any(role in roles for role, _ in whos)}


def _rank(person: JsonEvent) -> tuple[int, bool, str, str, str, bool, str]:
    """Return what decides which of two registrations of a person counts."""
    return (
        person["revision"],
        person.get("erased", False),
        person["role"],
        person.get("residence_country") or "",
        person.get("exhibitor_id") or "",
        person.get("tracking_consent", True),
        person.get("denied") or "",
    )
