"""What happened in the halls: booths, exhibits, leads, meetings, and the funnel of visitors.

A booth or an exhibit has visitors only: staff that scans a colleague is not an audience. Beacons never count here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from streams.audit.recount.counts import LabelSet, Recounted, RecountedKpis, labels, put_number
from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.moments import When
from streams.audit.recount.people import Persons
from streams.audit.recount.profiles import UNKNOWN

COLLAPSE_MS = 300_000
"""Scans of a badge at a booth are one if at most this much time lies between each and the next."""


class AtBooth(NamedTuple):
    """A badge that was scanned at a booth on a day, with the role of the scan."""

    booth: str
    day: str
    badge: str
    role: str


class Floor:
    """Keeps who was scanned and who did something, in plain sets.

    Attributes:
        instants: by booth, day and badge, when it was scanned, in milliseconds since 1970.
        anonymous: by booth and day, scans without a badge.
        all_scans: by day, accepted scans at booths, repeated ones too.
        scans_in: by minute since 1970, booth, badge and instant of each scan that was in time for windows; the badge is
            None without one.
        at_booths: who was scanned at a booth.
        touches: exhibit, day and badge of each interaction.
        touch_minutes: by minute since 1970, exhibit and badge of each interaction that was in time for windows.
        leads: exhibitor, day and badge.
        meetings: meeting, step and day.
    """

    def __init__(self, people: Persons) -> None:
        self.people, self.fair = people, people.fair
        self.instants: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        self.anonymous: Counter[tuple[str, str]] = Counter()
        self.all_scans: Counter[str] = Counter()
        self.scans_in: dict[int, list[tuple[str, str | None, int]]] = defaultdict(list)
        self.at_booths: set[AtBooth] = set()
        self.touches: set[tuple[str, str, str]] = set()
        self.touch_minutes: dict[int, set[tuple[str, str]]] = defaultdict(set)
        self.leads: set[tuple[str, str, str]] = set()
        self.meetings: set[tuple[str, str, str]] = set()

    def take_booth_scan(self, scan: JsonEvent, at: When) -> None:
        """Keep an accepted scan at a booth."""
        booth, badge = scan["booth_id"], scan.get("badge_ref")
        if scan.get("source_type") == "ble_rollup":
            return
        self.all_scans[at.day] += 1
        if not at.expired:
            self.scans_in[at.minute].append((booth, badge, at.ms))
        if badge is None:
            self.anonymous[booth, at.day] += 1
            return
        self.instants[booth, at.day, badge].add(at.ms)
        self.at_booths.add(AtBooth(booth, at.day, badge, scan.get("badge_role") or UNKNOWN))

    def take_touch(self, touch: JsonEvent, at: When) -> None:
        """Keep an interaction of a badge."""
        exhibit, badge = touch["exhibit_id"], touch["badge_ref"]
        self.touches.add((exhibit, at.day, badge))
        if not at.expired:
            self.touch_minutes[at.minute].add((exhibit, badge))
        if touch["interaction_kind"] == "lead_captured":
            self.leads.add((touch["exhibitor_id"], at.day, badge))

    def take_meeting(self, meeting: JsonEvent, at: When) -> None:
        """Keep a step of a meeting."""
        self.meetings.add((meeting["meeting_id"], meeting["step"], at.day))

    def booth_scans(self, minutes: range, *, by_section: bool) -> dict[LabelSet, Recounted]:
        """Return the KPI over one minute since 1970: no scan counts that follows another one of that day closely."""
        found: Counter[LabelSet] = Counter()
        for minute in minutes:
            day, there = self.fair.local_day(minute * 60_000), Counter(self.scans_in.get(minute, []))
            for (booth, badge, ms), scans in there.items():
                named = {"section": self.fair.section_at[booth]} if by_section else {"booth": booth}
                if badge is None:
                    found[labels(**named)] += scans
                elif not _shortly_before(ms, self.instants[booth, day, badge]):
                    found[labels(**named)] += 1
        return dict(found)

    def exhibit_visitors(self, minutes: range) -> dict[LabelSet, Recounted]:
        """Return the KPI over some minutes since 1970."""
        pairs = set().union(*(self.touch_minutes.get(minute, set()) for minute in minutes))
        found = Counter(labels(exhibit=exhibit) for exhibit, badge in pairs if self._may_count(badge))
        return dict(found)

    def kpis(self) -> RecountedKpis:
        """Return every number of the halls."""
        kpis: RecountedKpis = {}
        self._count_scans(kpis)
        at_booths = {(one.booth, one.day, one.badge) for one in self._visitors_at_booths()}
        for window, pairs in _windows(at_booths).items():
            for booth, _ in pairs:
                put_number(kpis, "booth_visitors", window, 1, booth=booth)
        for exhibit, day, badge in self.touches:
            if self._may_count(badge):
                put_number(kpis, "exhibit_visitors", day, 1, exhibit=exhibit)
        section_of = self.fair.section_of
        left = {lead for lead in self.leads if self._may_count(lead[2])}
        first_day: dict[tuple[str, str], str] = {}
        for exhibitor, day, badge in left:
            first_day[exhibitor, badge] = min(day, first_day.get((exhibitor, badge), day))
        for (exhibitor, _), day in first_day.items():
            for window in (day, "fair"):
                put_number(kpis, "leads", window, 1, section=section_of.get(exhibitor, UNKNOWN))
        first_report: dict[tuple[str, str], str] = {}
        for meeting, step, day in sorted(self.meetings):
            first_report.setdefault((meeting, step), day)
        for (_, step), day in first_report.items():
            for window in (day, "fair"):
                put_number(kpis, "meetings", window, 1, step=step)
        self._count_audiences(kpis)
        return kpis

    def _count_scans(self, kpis: RecountedKpis) -> None:
        counted: Counter[tuple[str, str]] = Counter(self.anonymous)
        for (booth, day, _), instants in self.instants.items():
            counted[booth, day] += apart(instants)
        repeated = Counter(self.all_scans)
        for (booth, day), scans in counted.items():
            put_number(kpis, "booth_scans", day, scans, booth=booth)
            put_number(kpis, "booth_scans_by_section", day, scans, section=self.fair.section_at[booth])
            repeated[day] -= scans
        for day, scans in repeated.items():
            put_number(kpis, "soft_duplicates", day, scans)
            put_number(kpis, "soft_duplicates", "fair", scans)

    def _visitors_at_booths(self) -> Iterator[AtBooth]:
        return (one for one in self.at_booths if self.people.is_visitor(one.badge, one.role))

    def _may_count(self, badge: str) -> bool:
        """An interaction says no role: without a register, every badge counts as a visitor."""
        return not self.fair.has_register or self.people.is_visitor(badge, UNKNOWN)

    def _count_audiences(self, kpis: RecountedKpis) -> None:
        """Count who of the visits was at a booth, tried an exhibit, left a lead; the funnel takes each of the last."""
        visits = self.people.visits()
        everybody = set().union(*visits.values())
        at_booths = _members({(one.booth, one.day, one.badge) for one in self.at_booths})
        touched, left = _members(self.touches), _members(self.leads)
        for window, visitors in {**visits, "fair": everybody}.items():
            booth, exhibit, lead = (visitors & of.get(window, set()) for of in (at_booths, touched, left))
            put_number(kpis, "booth_audience", window, len(booth))
            put_number(kpis, "exhibit_audience", window, len(exhibit))
            put_number(kpis, "lead_audience", window, len(lead))
            steps = {"visit": visitors, "booth": booth, "exhibit": booth & exhibit, "lead": booth & exhibit & lead}
            for step, members in steps.items():
                put_number(kpis, "funnel", window, len(members), step=step)


def apart(instants: set[int]) -> int:
    """Return how many scans of a badge at a booth count: each with a pause of more than five minutes before it."""
    ordered = sorted(instants)
    return sum(one - earlier > COLLAPSE_MS for earlier, one in pairwise(ordered)) + 1


def _shortly_before(one: int, instants: set[int]) -> bool:
    return any(one - COLLAPSE_MS <= other < one for other in instants)


Facts = set[tuple[str, str, str]]
"""Place, day, badge."""


def _windows(facts: Facts) -> dict[str, set[tuple[str, str]]]:
    """Return place and badge by day, and over the fair."""
    windows: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for place, day, badge in facts:
        windows[day].add((place, badge))
        windows["fair"].add((place, badge))
    return windows


def _members(facts: Facts) -> dict[str, set[str]]:
    """Return badges by day, and over the fair."""
    return {window: {badge for _, badge in pairs} for window, pairs in _windows(facts).items()}
