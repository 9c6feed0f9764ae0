"""The oracle: recomputes every KPI from Kafka's raw records, slowly and plainly, without any code of the product.

It follows the definitions of the KPIs one by one, with sets, dicts and whole numbers. Its numbers can be compared with
those of the product at any moment: `streams.audit.compare.differences`.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from streams.audit.recount.fair import OracleFair
from streams.audit.recount.numbering import Numbering
from streams.audit.recount.placing import Placing
from streams.audit.recount.rules import ANNULLED, CANCELLED, JsonEvent, epoch_ms, read_event

StoredRecord = tuple[str, int, int, bytes | None, bytes | None]
"""Topic, partition, offset, key, value."""

LabelSet = frozenset[tuple[str, str]]
Recounted = int | tuple[int, ...]
"""A number; for a histogram its count, its sum in milliseconds, then the count of each bucket."""

RecountedKpis = dict[str, dict[str, dict[LabelSet, Recounted]]]
"""By name, then by window (`fair`, a date, or `15m` for a window of minutes), then by labels."""

WINDOWS = {
    "gate_passages": "1m 5m 15m day fair",
    "gate_denials": "15m day",
    "visits": "day",  # over the fair it is the sum of the days
    "professional_visits": "day",
    "unique_visitors": "fair",
    "international_visitors": "day fair",
    "visitors_by_country": "fair",
    "hall_occupancy": "day",
    "site_occupancy": "day",
    "booth_scans": "day",
    "booth_visitors": "day fair",
    "booth_audience": "day fair",
    "interactions": "1m 15m day fair",
    "exhibit_visitors": "15m day",
    "exhibit_audience": "day fair",
    "leads": "day fair",
    "lead_audience": "day fair",
    "hall_dwell": "15m day",
    "events": "1m day fair",
    "event_lag": "5m day fair",
    "late_events": "day fair",
    "duplicate_events": "day fair",
    "clock_suspects": "day fair",
    "rejected_events": "fair",
}
DEAL_KPIS = (
    "outcomes",
    "deals",
    "contract_value",
    "intended_value",
    "contract_value_reported",
    "intended_value_reported",
    "service_value_reported",
    "outcomes_amended",
    "deals_cancelled",
)
HISTORY_KPIS = ("first_time_visitors", "returning_visitors")
SUMMED_OVER_DAYS = ("visits", "professional_visits")
BUCKETS_MS = {
    "hall_dwell": [n * 1_000 for n in (60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200)],
    "event_lag": [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000],
}
LONGEST_PANES = 15
FUTURE_MS = 300_000
DWELL_CAP_MS = 7_200_000
NONE: LabelSet = frozenset()

Cell = Counter[str] | set[Any] | list[int]
"""For a count, a Counter with the key `n`; for a distinct count, a set; for a histogram, all its milliseconds."""


@dataclass(frozen=True, slots=True)
class When:
    """The time at which an event counts: milliseconds, minute and venue-local date. Expired events reach no pane."""

    ms: int
    suspect: bool
    minute: int
    day: str
    expired: bool = False


class Entry(NamedTuple):
    """The reason why a person counts on a day: the first accepted entry, by the time it happened.

    Attributes:
        ms: time of the entry, in milliseconds since 1970.
    """

    ms: int
    event_id: str
    gate: str
    role: str


class Oracle:
    """Reads the records of each partition in offset order, and gives its numbers at any time.

    Attributes:
        entries: by day and badge, the evidence for each visit.
        sequences: by terminal and epoch, the numbering of its events; the epoch is empty for events without one.
        two_keys: ids that stand for two events, whose keys are of different partitions; by topic, terminal and event
            id, the partitions. Each partition is right by itself, and only the first event is counted.
        placing: tells which events are stored in a wrong partition. They are rejected.

    Args:
        fair_file: path or content of the fair file, which the oracle reads by itself.
        lateness: how long windows wait for late events, in whole milliseconds.
        partitions: how many each topic has. Where that is not known (0, or left out), any partition is right.
    """

    def __init__(
        self, fair_file: Path | bytes, lateness: timedelta, partitions: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.fair = OracleFair.read(fair_file)
        self.placing = Placing(partitions)
        self.lateness_ms = lateness // timedelta(milliseconds=1)
        self.deals: dict[str, JsonEvent] = {}
        self.seen: dict[tuple[str, str, str], int] = {}
        self.two_keys: dict[tuple[str, str, str], set[int]] = {}
        self.newest: dict[tuple[str, int], int] = {}
        self.totals: dict[str, dict[str, dict[LabelSet, Cell]]] = defaultdict(lambda: defaultdict(dict))
        self.panes: dict[str, dict[int, dict[LabelSet, Cell]]] = defaultdict(lambda: defaultdict(dict))
        self.days_of_minutes: dict[int, str] = {}
        self.entries: dict[tuple[str, str], Entry] = {}
        self.sequences: dict[tuple[str, str], Numbering] = {}

    def read(self, records: Iterable[StoredRecord]) -> "Oracle":
        """Read more records; return the oracle itself."""
        for topic, partition, _offset, _key, value in records:
            event = read_event(topic, value, self.fair)
            if isinstance(event, str):
                self._put("rejected_events", None, 1, topic=topic, reason=event)
            elif self.placing.is_astray(topic, partition, event):
                self._put("rejected_events", None, 1, topic=topic, reason="misplaced")
            else:
                self._take(topic, partition, event)
        return self

    def _take(self, topic: str, partition: int, event: JsonEvent) -> None:
        received = epoch_ms(event["received_at"])
        moment = self._moment(epoch_ms(event["occurred_at"]) + event.get("clock_offset_ms", 0), received)
        identity = (topic, event["terminal_id"], event["event_id"])  # in whichever partition it is stored
        if (before := self.seen.get(identity)) is not None:
            if before != partition and self.placing.partitions.get(topic):
                self.two_keys.setdefault(identity, {before}).add(partition)
            self._put("duplicate_events", moment, 1, topic=topic)
            return
        self.seen[identity] = partition
        if event.get("terminal_seq") is not None:
            numbering = self.sequences.setdefault(
                (event["terminal_id"], event.get("terminal_epoch") or ""), Numbering()
            )
            numbering.add(event["terminal_seq"])

        newest = self.newest.get((topic, partition))
        if newest is not None:
            kept = LONGEST_PANES - -self.lateness_ms // 60_000
            if moment.minute < newest // 60_000 - kept:
                moment = When(moment.ms, moment.suspect, moment.minute, moment.day, expired=True)
        reached = min(moment.ms, received)
        self.newest[topic, partition] = reached if newest is None else max(newest, reached)

        self._put("events", moment, 1, topic=topic)
        self._put("event_lag", moment, max(0, received - moment.ms))
        if received >= (moment.minute + 1) * 60_000 + self.lateness_ms:
            self._put("late_events", moment, 1, topic=topic)
        if moment.suspect:
            self._put("clock_suspects", moment, 1, topic=topic)
        if event["type"] == ANNULLED:
            pass  # an event like any other: no KPI takes its target back yet
        elif topic == "fair.scans":
            self._take_scan(event, moment)
        elif topic == "fair.interactions":
            self._take_interaction(event, moment)
        elif topic == "fair.deals":
            current = self.deals.get(event["deal_id"])
            if current is None or _rank(event) > _rank(current):
                self.deals[event["deal_id"]] = event

    def _moment(self, ms: int, received: int) -> When:
        suspect = ms > received + FUTURE_MS or not self.fair.first_ms <= ms < self.fair.end_ms
        ms = received if suspect else ms
        minute = ms // 60_000
        day = self.days_of_minutes.get(minute)
        if day is None:
            day = self.days_of_minutes[minute] = self.fair.local_day(minute * 60_000)
        return When(ms, suspect, minute, day)

    def _take_scan(self, scan: JsonEvent, at: When) -> None:
        kind, badge, gate = scan["scan_kind"], scan.get("badge_ref"), str(scan.get("gate_id"))
        if scan.get("result", "accepted") == "denied":
            if kind in {"entry", "exit"}:
                self._put("gate_denials", at, 1, gate=gate)
            return
        if kind in {"entry", "exit"}:
            self._put("gate_passages", at, 1, gate=gate, direction=kind)
            if self.fair.gates[gate]:
                self._put("site_occupancy", at, 1 if kind == "entry" else -1)
                if kind == "entry":
                    self._take_visit(scan, at)
        elif kind in {"zone_in", "zone_out"}:
            hall = scan["hall_id"]
            self._put("hall_occupancy", at, 1 if kind == "zone_in" else -1, hall=hall)
            if kind == "zone_out" and scan.get("dwell_ms") is not None:
                self._put("hall_dwell", at, min(scan["dwell_ms"], DWELL_CAP_MS), hall=hall)
        elif kind == "booth":
            self._put("booth_scans", at, 1, booth=scan["booth_id"])
            if badge is not None:
                self._add("booth_visitors", at, badge, booth=scan["booth_id"])
                self._add("booth_audience", at, badge)

    def _take_visit(self, scan: JsonEvent, at: When) -> None:
        badge, role, country = scan.get("badge_ref"), scan["badge_role"], scan.get("residence_country")
        opening = self.fair.opening.get(at.day)
        if role not in self.fair.visitor_roles or opening is None or not opening[0] <= at.ms < opening[1]:
            return
        entry = Entry(at.ms, str(scan["event_id"]), str(scan["gate_id"]), role)
        self.entries[at.day, str(badge)] = min(entry, self.entries.get((at.day, str(badge)), entry))
        self._add("visits", at, badge)
        self._add("unique_visitors", at, badge)
        if role == "visitor_professional":
            self._add("professional_visits", at, badge)
        if country is not None:
            self._add("visitors_by_country", at, badge, country=country)
            if country != self.fair.host_country:
                self._add("international_visitors", at, badge)

    def _take_interaction(self, touch: JsonEvent, at: When) -> None:
        kind, badge, exhibitor = touch["interaction_kind"], touch.get("badge_ref"), touch["exhibitor_id"]
        self._put("interactions", at, 1, kind=kind)
        if badge is not None:
            self._add("exhibit_visitors", at, badge, exhibit=touch["exhibit_id"])
            self._add("exhibit_audience", at, badge)
            if kind == "lead_captured":
                self._add("leads", at, (exhibitor, badge), section=self.fair.section_of[exhibitor])
                self._add("lead_audience", at, badge)

    def _put(self, name: str, at: When | None, amount: int, **labels: str) -> None:
        """Count the amount, or note it if the KPI is a histogram."""
        for cells, key in self._cells(name, at, labels):
            if name in BUCKETS_MS:
                noted = cells.setdefault(key, [])
                assert isinstance(noted, list)
                noted.append(amount)
            else:
                count = cells.setdefault(key, Counter())
                assert isinstance(count, Counter)
                count["n"] += amount

    def _add(self, name: str, at: When, member: object, **labels: str) -> None:
        for cells, key in self._cells(name, at, labels):
            members = cells.setdefault(key, set())
            assert isinstance(members, set)
            members.add(member)

    def _cells(
        self, name: str, at: When | None, labels: Mapping[str, str]
    ) -> Iterable[tuple[dict[LabelSet, Cell], LabelSet]]:
        windows, key = WINDOWS[name], frozenset(labels.items())
        if "fair" in windows:
            yield self.totals[name]["fair"], key
        if at is not None and "day" in windows:
            yield self.totals[name][at.day], key
        if at is not None and "m" in windows and not at.expired:
            yield self.panes[name][at.minute], key

    def window(self, name: str, minutes: int, end_minute: int) -> dict[LabelSet, Recounted]:
        """Return the KPI for the last `minutes` minutes before `end_minute` (minutes since 1970)."""
        found: dict[LabelSet, list[Cell]] = defaultdict(list)
        for minute in range(end_minute - minutes, end_minute):
            for key, cell in self.panes[name].get(minute, {}).items():
                found[key].append(cell)
        return {key: _value(name, cells) for key, cells in found.items()}

    def kpis(self) -> RecountedKpis:
        """Return every KPI in its windows of days and of the fair."""
        results: RecountedKpis = {name: {} for name in WINDOWS}
        for name, windows in self.totals.items():
            for window, cells in windows.items():
                results[name][window] = {key: _value(name, [cell]) for key, cell in cells.items()}
        for name in SUMMED_OVER_DAYS:
            values = [value for day in results[name].values() for value in day.values()]
            results[name]["fair"] = {NONE: sum(value for value in values if isinstance(value, int))}
        return results | self._deal_kpis() | self._history_kpis()

    def _history_kpis(self) -> RecountedKpis:
        results: RecountedKpis = {name: defaultdict(lambda: defaultdict(int)) for name in HISTORY_KPIS}
        dates: dict[str, set[str]] = defaultdict(set)
        for day, badge in self.entries:
            dates[badge].add(day)
        for days in dates.values():
            first, *later = sorted(days)
            _increase(results["first_time_visitors"][first], 1)
            for day in later:
                _increase(results["returning_visitors"][day], 1)
            if later:
                _increase(results["returning_visitors"]["fair"], 1)
        return results

    def _deal_kpis(self) -> RecountedKpis:
        results: RecountedKpis = {name: defaultdict(lambda: defaultdict(int)) for name in DEAL_KPIS}
        for deal in self.deals.values():
            if deal["type"] == CANCELLED:
                _increase(results["deals_cancelled"]["fair"], 1)
                continue
            day = self.fair.local_day(epoch_ms(deal["signed_at"]))
            for window in (day, "fair"):
                _increase(results["outcomes"][window], 1, kind=deal["outcome_kind"])
                if deal["outcome_kind"] in {"transaction", "investment"}:
                    _increase(results["deals"][window], 1, stage=deal["stage"])
                if deal.get("value_minor") is not None:
                    kind = "contract_value" if deal["binding"] else "intended_value"
                    amount = deal["value_minor"] if deal["binding"] else annualised(deal)
                    section, currency = deal["section"], deal["currency"]
                    _increase(results[kind][window], amount, section=section, currency=currency)
                    reported = self.fair.reported(amount, currency, day)
                    _increase(results[f"{kind}_reported"][window], reported, section=section)
                    if deal["binding"]:
                        service = deal.get("ebops_main", "unclassified")
                        _increase(results["service_value_reported"][window], reported, service=service)
                if "change_kind" in deal:
                    _increase(results["outcomes_amended"][window], 1, change=deal["change_kind"])
        return results


def annualised(deal: JsonEvent) -> int:
    """Return a deal's value for one year, rounded half to even, if it runs for longer; otherwise its whole value."""
    value, term = int(deal["value_minor"]), deal.get("term_months")
    if term is None or term <= 12 or deal.get("value_basis") == "annual_intended":
        return value
    return round(Fraction(value * 12, term))


def _rank(deal: JsonEvent) -> tuple[int, str]:
    return deal["revision"], deal["event_id"]


def _increase(cells: dict[LabelSet, Recounted], amount: int, **labels: str) -> None:
    before = cells.get(frozenset(labels.items()), 0)
    assert isinstance(before, int)
    cells[frozenset(labels.items())] = before + amount


def _value(name: str, cells: Sequence[Cell]) -> Recounted:
    if name in BUCKETS_MS:
        return _histogram(BUCKETS_MS[name], [ms for cell in cells if isinstance(cell, list) for ms in cell])
    if isinstance(cells[0], set):
        return len(set().union(*cells))
    return sum(cell["n"] for cell in cells if isinstance(cell, Counter))


def _histogram(bounds: Sequence[int], noted: Sequence[int]) -> tuple[int, ...]:
    buckets = [0] * (len(bounds) + 1)
    for ms in noted:
        buckets[bisect_left(bounds, ms)] += 1
    return (len(noted), sum(noted), *buckets)
