"""The simulator's own books: what every KPI must be, from what the simulator knows it did.

It counts passages, people (`people.py`), meetings and the final states of deals, from facts and never from bytes. It
shares no code with the worker. Only records that were sent and acknowledged are booked, in any order.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from producers.play.simulator.emission import (
    BadRecord,
    DealFact,
    Emission,
    MeetingFact,
    Passage,
    RegisteredAt,
    is_test,
)
from producers.play.simulator.people import CellsByKpi, PeopleBook
from schemas.codes import OutcomeKind, ScanKind
from schemas.fair.model import Fair

LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "gate_passages": ("gate", "direction"),
    "gate_entries_by_role": ("gate", "role"),
    "gate_denials": ("gate", "reason"),
    "forced_passages": ("gate",),
    "visits": (),
    "professional_visits": (),
    "visits_by_group": ("group",),
    "attendance": (),
    "attendance_by_role": ("role",),
    "counted_by_profile": ("profile",),
    "counted_by_group": ("profile", "group"),
    "unique_visitors": (),
    "repeat_visits": (),
    "first_time_visitors": (),
    "returning_visitors": (),
    "international_visitors": (),
    "visitors_by_group": ("group",),
    "visitors_by_country": ("country",),
    "hall_occupancy": ("hall",),
    "site_occupancy": (),
    "booth_scans": ("booth",),
    "booth_scans_by_section": ("section",),
    "soft_duplicates": (),
    "booth_visitors": ("booth",),
    "booth_audience": (),
    "interactions": ("kind",),
    "exhibit_interactions": ("exhibit",),
    "exhibit_visitors": ("exhibit",),
    "exhibit_audience": (),
    "leads": ("section",),
    "lead_audience": (),
    "funnel": ("step",),
    "meetings": ("step",),
    "outcomes": ("kind",),
    "deals": ("stage",),
    "contract_value": ("section", "currency"),
    "intended_value": ("section", "currency"),
    "contract_value_reported": ("section",),
    "intended_value_reported": ("section",),
    "service_value_reported": ("service",),
    "outcomes_amended": ("change",),
    "deals_cancelled": (),
    "events": ("topic",),
    "duplicate_events": ("topic",),
    "clock_suspects": ("topic",),
    "rejected_events": ("topic", "reason"),
    "test_events": ("topic",),
    "scans_by_source": ("source",),
    "registered_badges": ("role",),
    "unregistered_badges": (),
}
"""Every KPI that is booked, with its labels. Windows of minutes, lateness and lag depend on arrival: left out."""

FAIR_ONLY: Final = frozenset(
    {
        *("unique_visitors", "repeat_visits", "visitors_by_group", "visitors_by_country"),
        *("registered_badges", "unregistered_badges", "deals_cancelled", "rejected_events"),
    }
)
DAY_ONLY: Final = frozenset(
    {
        *("gate_denials", "forced_passages", "first_time_visitors", "hall_occupancy", "site_occupancy"),
        *("booth_scans", "booth_scans_by_section", "exhibit_interactions", "exhibit_visitors", "scans_by_source"),
    }
)
UNSTATED: Final = "unstated"
"""The reason of a denial for which nobody gave one."""

CellKey = tuple[str, str, tuple[str, ...]]
"""KPI, date (empty where there is none), label values."""


class Ledger:
    """Books emissions and says what the KPIs must be. Booking never raises; an empty ledger has no cells.

    Attributes:
        booked: records booked so far, copies and refused ones included.
    """

    def __init__(self, fair: Fair) -> None:
        self._fair = fair
        self._countable = frozenset(gate_id for gate_id, gate in fair.gates.items() if gate.countable)
        self._dates: dict[int, str] = {}
        self._counts: Counter[CellKey] = Counter()
        self._people = PeopleBook(fair)
        self._meetings: dict[tuple[str, str], str] = {}
        """By meeting and step, the first day on which somebody reported it."""
        self._deals: dict[str, tuple[int, str, DealFact]] = {}
        self._once: set[str] = set()
        self.booked = 0

    def book(self, emission: Emission) -> None:
        """Book one record that Kafka has."""
        self.booked += 1
        fact, topic = emission.fact, emission.topic
        if isinstance(fact, BadRecord):
            self._counts["rejected_events", "", (topic, fact.reason)] += 1
            return
        if isinstance(fact, RegisteredAt):
            # No event of the fair: a copy, or a wrong clock, is none either.
            if not is_test(fact):
                self._people.register(fact)
            return
        day = self._date(emission.t_ms)
        tested = is_test(fact)
        if emission.resent:
            if emission.event_id in self._once:
                if not tested:
                    self._counts["duplicate_events", day, (topic,)] += 1
                return
            self._once.add(emission.event_id)
        if tested:
            self._counts["test_events", day, (topic,)] += 1
            return
        self._counts["events", day, (topic,)] += 1
        if emission.suspect:
            self._counts["clock_suspects", day, (topic,)] += 1
        if isinstance(fact, Passage):
            self._book_passage(fact, emission.t_ms, day)
        elif isinstance(fact, DealFact):
            known = self._deals.get(fact.deal)
            if known is None or (fact.revision, emission.event_id) > known[:2]:
                self._deals[fact.deal] = (fact.revision, emission.event_id, fact)
        elif isinstance(fact, MeetingFact):
            reported = fact.meeting, fact.step.value
            self._meetings[reported] = min(day, self._meetings.get(reported, day))
        else:
            self._counts["interactions", day, (fact.kind.value,)] += 1
            self._counts["exhibit_interactions", day, (fact.exhibit,)] += 1
            self._people.touch(fact, day)

    def _book_passage(self, fact: Passage, t_ms: int, day: str) -> None:
        kind, place, counts = fact.kind, (fact.place,), self._counts
        at_gate = kind is ScanKind.ENTRY or kind is ScanKind.EXIT
        if not fact.accepted:
            if at_gate:
                counts["gate_denials", day, (fact.place, fact.reason or UNSTATED)] += 1
            return
        counts["scans_by_source", day, (fact.source.value,)] += 1
        self._people.pass_by(fact, t_ms, day)
        if at_gate:
            counts["gate_passages", day, (fact.place, kind.value)] += 1
            if fact.forced:
                counts["forced_passages", day, place] += 1
            if fact.place in self._countable:
                counts["site_occupancy", day, ()] += 1 if kind is ScanKind.ENTRY else -1
        elif kind is ScanKind.ZONE_IN:
            counts["hall_occupancy", day, place] += 1
        elif kind is ScanKind.ZONE_OUT:
            counts["hall_occupancy", day, place] -= 1

    def _date(self, t_ms: int) -> str:
        minute = t_ms // 60_000
        date = self._dates.get(minute)
        if date is None:
            date = self._dates[minute] = self._fair.local_date(minute * 60).isoformat()
        return date

    def kpis(self) -> dict[str, dict[str, Any]]:
        """Return every KPI as {name: {"day": {date: cells}, "fair": cells}}, a cell as {"labels", "value"}.

        Raises:
            ValueError: one is booked with other labels than LABELS says.
        """
        cells: CellsByKpi = defaultdict(lambda: defaultdict(dict))
        for (name, day, labels), count in self._counts.items():
            _add(cells[name], day, labels, count)
        for (_, step), day in self._meetings.items():
            _add(cells["meetings"], day, (step,), 1)
        self._people.settle(cells)
        self._settle_history(cells)
        self._settle_deals(cells)
        return {name: _shown(name, cells[name]) for name in LABELS}

    def _settle_history(self, cells: CellsByKpi) -> None:
        """Count who came for the first time, and who came back, over the days in their order."""
        known: set[int] = set()
        back: set[int] = set()
        for day, visitors in sorted(self._people.visits().items()):
            cells["first_time_visitors"][day][()] = len(visitors - known)
            cells["returning_visitors"][day][()] = len(visitors & known)
            back |= visitors & known
            known |= visitors
        if known:
            cells["returning_visitors"]["fair"][()] = len(back)

    def _settle_deals(self, cells: CellsByKpi) -> None:
        for _, _, deal in self._deals.values():
            if not deal.stands:
                _add(cells["deals_cancelled"], "", (), 1)
                continue
            date = self._fair.local_date(deal.signed_ms / 1_000)
            day = date.isoformat()
            _add(cells["outcomes"], day, (deal.outcome.value,), 1)
            if deal.outcome in (OutcomeKind.TRANSACTION, OutcomeKind.INVESTMENT):
                _add(cells["deals"], day, (deal.stage.value,), 1)
            if deal.value_minor is not None:
                name = "contract_value" if deal.binding else "intended_value"
                value = deal.value_minor if deal.binding else yearly_value(deal)
                reported = self._fair.to_reporting_minor(value, deal.currency, date)
                _add(cells[name], day, (deal.section, deal.currency), value)
                _add(cells[f"{name}_reported"], day, (deal.section,), reported)
                if deal.binding:
                    _add(cells["service_value_reported"], day, (deal.service.value,), reported)
            if deal.change is not None:
                _add(cells["outcomes_amended"], day, (deal.change.value,), 1)

    def write(self, path: Path, **about: str | int) -> None:
        """Write the ledger as JSON, all or nothing; `about` says where the numbers come from.

        Raises:
            OSError: the file cannot be written; what stood there before still does.
        """
        text = json.dumps(
            {"fair": self._fair.fair_id, **about, "records": self.booked, "kpis": self.kpis()}, indent=1, sort_keys=True
        )
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def yearly_value(deal: DealFact) -> int:
    """Return what an intended deal is worth a year, in minor units, half to even; whole if it runs a year or less."""
    value = deal.value_minor or 0
    if deal.yearly or deal.term_months <= 12:
        return value
    whole, rest = divmod(value * 12, deal.term_months)
    twice = 2 * rest
    return whole + (twice > deal.term_months or (twice == deal.term_months and whole % 2 == 1))


def _add(windows: defaultdict[str, dict[tuple[str, ...], int]], day: str, labels: tuple[str, ...], amount: int) -> None:
    for window in {day, "fair"} - {""}:
        windows[window][labels] = windows[window].get(labels, 0) + amount


def _shown(name: str, windows: Mapping[str, Mapping[tuple[str, ...], Any]]) -> dict[str, Any]:
    def cells(window: str) -> list[dict[str, Any]]:
        names = LABELS[name]
        found = sorted(windows.get(window, {}).items())
        for labels, _ in found:
            if len(labels) != len(names):
                raise ValueError(
                    f"{name} is booked with the label values {labels}, but LABELS says {names}; "
                    "in producers/play/simulator/ledger.py book a value for each"
                )
        return [{"labels": dict(zip(names, labels, strict=True)), "value": value} for labels, value in found]

    shown: dict[str, Any] = {}
    if name not in FAIR_ONLY:
        shown["day"] = {day: cells(day) for day in sorted(windows) if day != "fair"}
    if name not in DAY_ONLY:
        shown["fair"] = cells("fair")
    return shown
