"""The simulator's own books: what every KPI must be, from what the simulator knows it did.

It reads facts, never bytes, and counts people, not badges. The worker counts the same from the events alone; the two
share no code, so where they agree both are right. Only what Kafka has acknowledged is booked.
"""

import json
import os
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final

from producers.simulator.emission import DealState, Emission, Passage, Refused, Touch
from schemas.codes import BadgeRole, InteractionKind, OutcomeKind, ScanKind
from schemas.fair import Fair

DWELL_MS: Final = (60_000, 120_000, 300_000, 600_000, 900_000, 1_200_000, 1_800_000, 2_700_000, 3_600_000, 5_400_000)
"""Bucket bounds of the dwell time; the eleventh is the cap of two hours, the twelfth stays empty."""
DWELL_CAP_MS: Final = 7_200_000

FAIR: Final = "fair"
Labels = tuple[tuple[str, str], ...]
Where = tuple[str, str, Labels]
"""KPI, `fair` or the date, labels."""


class Ledger:
    """Books acknowledged emissions, in any order."""

    def __init__(self, fair: Fair) -> None:
        self._fair = fair
        self._counts: dict[Where, int] = defaultdict(int)
        self._people: dict[Where, set[Any]] = defaultdict(set)
        self._dwell: dict[Where, list[int]] = defaultdict(lambda: [0] * 13)
        self._deals: dict[str, tuple[tuple[int, str], DealState]] = {}
        self._resent: set[str] = set()
        self.booked = 0

    def book(self, emission: Emission) -> None:
        """Book one acknowledged emission."""
        self.booked += 1
        fact, topic = emission.fact, (("topic", emission.topic),)
        if isinstance(fact, Refused):
            self._counts["rejected_events", FAIR, (*topic, ("reason", fact.reason))] += 1
            return
        day = self._fair.local_date(emission.t_ms // 1_000).isoformat()
        if emission.resent:
            if emission.event_id in self._resent:
                self._count("duplicate_events", day, topic)
                return
            self._resent.add(emission.event_id)
        self._count("events", day, topic)
        if emission.suspect:
            self._count("clock_suspects", day, topic)
        match fact:
            case Passage():
                self._passage(fact, day, emission.t_ms)
            case Touch():
                self._touch(fact, day)
            case DealState():
                held = self._deals.get(fact.deal)
                rank = (fact.revision, emission.event_id)
                if held is None or rank > held[0]:
                    self._deals[fact.deal] = (rank, fact)

    def _passage(self, fact: Passage, day: str, t_ms: int) -> None:
        match fact.kind:
            case ScanKind.ENTRY | ScanKind.EXIT:
                if not fact.accepted:
                    self._counts["gate_denials", day, (("gate", fact.place),)] += 1
                    return
                self._count("gate_passages", day, (("gate", fact.place), ("direction", fact.kind.value)))
                if self._fair.gates[fact.place].countable:
                    self._counts["site_occupancy", day, ()] += 1 if fact.kind is ScanKind.ENTRY else -1
                    if fact.kind is ScanKind.ENTRY:
                        self._visit(fact, day, t_ms)
            case ScanKind.BOOTH if fact.accepted:
                booth = (("booth", fact.place),)
                self._counts["booth_scans", day, booth] += 1
                self._person("booth_visitors", (day, FAIR), booth, fact.person)
            case ScanKind.ZONE_IN | ScanKind.ZONE_OUT if fact.accepted:
                hall = (("hall", fact.place),)
                self._counts["hall_occupancy", day, hall] += 1 if fact.kind is ScanKind.ZONE_IN else -1
                if fact.kind is ScanKind.ZONE_OUT and fact.dwell_ms >= 0:
                    stay = min(fact.dwell_ms, DWELL_CAP_MS)
                    cell = self._dwell["hall_dwell", day, hall]
                    cell[sum(bound < stay for bound in DWELL_MS)] += 1
                    cell[-1] += stay

    def _visit(self, fact: Passage, day: str, t_ms: int) -> None:
        if fact.role not in self._fair.visitor_roles or not self._fair.is_open(t_ms // 1_000):
            return
        self._person("visits", (day,), (), fact.person)
        if fact.role is BadgeRole.VISITOR_PROFESSIONAL:
            self._person("professional_visits", (day,), (), fact.person)
        self._person("unique_visitors", (FAIR,), (), fact.person)
        if fact.country:
            self._person("visitors_by_country", (FAIR,), (("country", fact.country),), fact.person)
            if fact.country != self._fair.host_country:
                self._person("international_visitors", (day, FAIR), (), fact.person)

    def _touch(self, fact: Touch, day: str) -> None:
        self._count("interactions", day, (("kind", fact.kind.value),))
        if fact.person is None:
            return
        self._person("exhibit_visitors", (day,), (("exhibit", fact.exhibit),), fact.person)
        if fact.kind is InteractionKind.LEAD_CAPTURED:
            section = (("section", self._fair.exhibitors[fact.exhibitor].section),)
            self._person("leads", (day, FAIR), section, (fact.exhibitor, fact.person))

    def _count(self, kpi: str, day: str, labels: Labels) -> None:
        self._counts[kpi, day, labels] += 1
        self._counts[kpi, FAIR, labels] += 1

    def _person(self, kpi: str, windows: tuple[str, ...], labels: Labels, person: Any) -> None:
        if person is not None:
            for window in windows:
                self._people[kpi, window, labels].add(person)

    def as_json(self) -> dict[str, Any]:
        """Return the books in the shape of a worker's /kpis, day and fair windows only."""
        numbers: dict[Where, Any] = dict(self._counts)
        numbers |= {where: len(people) for where, people in self._people.items()}
        for (kpi, day, labels), people in self._people.items():
            if kpi in ("visits", "professional_visits") and day != FAIR:
                numbers[kpi, FAIR, labels] = numbers.get((kpi, FAIR, labels), 0) + len(people)
        for where, cell in self._dwell.items():
            numbers[where] = {"count": sum(cell[:-1]), "sum": cell[-1], "buckets": cell[:-1]}
        for where, value in self._deal_numbers().items():
            numbers[where] = value
        kpis: dict[str, dict[str, Any]] = {name: {} for name in ALWAYS}
        for (kpi, window, labels), value in sorted(numbers.items(), key=lambda item: item[0]):
            windows = kpis.setdefault(kpi, {})
            days = windows if window == FAIR else windows.setdefault("day", {})
            days.setdefault(window, []).append({"labels": dict(labels), "value": value})
        return {"fair": self._fair.fair_id, "kpis": kpis}

    def _deal_numbers(self) -> dict[Where, int]:
        """Return the KPIs of deals, from the deals' last states alone."""
        numbers: dict[Where, int] = defaultdict(int)
        for _, deal in self._deals.values():
            if not deal.stands:
                numbers["deals_cancelled", FAIR, ()] += 1
                continue
            signed_on = self._fair.local_date(deal.signed_ms // 1_000)
            booked: list[tuple[str, Labels, int]] = [("outcomes", (("kind", deal.outcome.value),), 1)]
            if deal.outcome in (OutcomeKind.TRANSACTION, OutcomeKind.INVESTMENT):
                booked.append(("deals", (("stage", deal.stage.value),), 1))
            if deal.value_minor is not None:
                kind = "contract_value" if deal.binding else "intended_value"
                value = deal.value_minor if deal.binding else _a_year(deal)
                section = ("section", deal.section)
                reported = self._fair.to_reporting_minor(value, deal.currency, signed_on)
                booked.append((kind, (section, ("currency", deal.currency)), value))
                booked.append((f"{kind}_reported", (section,), reported))
            for kpi, labels, amount in booked:
                for window in (signed_on.isoformat(), FAIR):
                    numbers[kpi, window, labels] += amount
        return numbers

    def write(self, path: Path) -> None:
        """Write the books to a file, whole or not at all."""
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")
        os.replace(part, path)  # noqa: PTH105 - the one call that is atomic on every system


ALWAYS: Final = ("events", "visits", "duplicate_events", "rejected_events", "deals")
"""KPIs that stand in the books even when nothing was booked, so that a worker that shows some is found out."""


def _a_year(deal: DealState) -> int:
    assert deal.value_minor is not None
    if deal.term_months <= 12 or deal.yearly:
        return deal.value_minor
    return int((Decimal(deal.value_minor) * 12 / deal.term_months).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
