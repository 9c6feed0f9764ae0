"""The windows of every KPI that is recounted, and the sums that do not depend on who the person is."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from streams.audit.recount.moments import When

LabelSet = frozenset[tuple[str, str]]
Recounted = int | tuple[int, ...]
"""A number; for a histogram its count, its sum in milliseconds, then the count of each bucket."""

RecountedKpis = dict[str, dict[str, dict[LabelSet, Recounted]]]
"""By name, then by window (`fair`, a date, or `15m` for a window of minutes), then by labels."""

WINDOWS = {
    "gate_passages": "1m 5m 15m day fair",
    "gate_entries_by_role": "day fair",
    "gate_denials": "15m day",
    "forced_passages": "day",
    "visits": "day fair",
    "professional_visits": "day fair",
    "visits_by_group": "day fair",
    "unique_visitors": "fair",
    "repeat_visits": "fair",
    "first_time_visitors": "day",
    "returning_visitors": "day fair",
    "attendance": "day fair",
    "attendance_by_role": "day fair",
    "counted_by_profile": "day fair",
    "counted_by_group": "day fair",
    "international_visitors": "day fair",
    "visitors_by_group": "fair",
    "visitors_by_country": "fair",
    "registered_badges": "fair",
    "unregistered_badges": "fair",
    "site_occupancy": "day",
    "hall_occupancy": "day",
    "booth_scans": "1m day",
    "booth_scans_by_section": "1m day",
    "soft_duplicates": "day fair",
    "booth_visitors": "day fair",
    "booth_audience": "day fair",
    "interactions": "1m 15m day fair",
    "exhibit_interactions": "15m day",
    "exhibit_visitors": "15m day",
    "exhibit_audience": "day fair",
    "leads": "day fair",
    "lead_audience": "day fair",
    "funnel": "day fair",
    "meetings": "day fair",
    "outcomes": "day fair",
    "deals": "day fair",
    "contract_value": "day fair",
    "intended_value": "day fair",
    "contract_value_reported": "day fair",
    "intended_value_reported": "day fair",
    "service_value_reported": "day fair",
    "outcomes_amended": "day fair",
    "deals_cancelled": "fair",
    "scans_by_source": "day",
    "events": "1m 5m day fair",
    "test_events": "day fair",
    "event_lag": "5m day fair",
    "late_events": "5m day fair",
    "duplicate_events": "5m day fair",
    "clock_suspects": "day fair",
    "rejected_events": "fair",
}
LAG_BOUNDS_MS = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000)
LAG = "event_lag"

Samples = dict[LabelSet, list[int]]
"""By labels, a list of the amounts: their sum is the count, and of a lag they are the histogram."""


def labels(**named: str) -> LabelSet:
    """Return labels as a key."""
    return frozenset(named.items())


class Sums:
    """Adds up what can be counted at once, by the time of each event."""

    def __init__(self) -> None:
        self.totals: dict[str, dict[str, Samples]] = defaultdict(lambda: defaultdict(dict))
        self.panes: dict[str, dict[int, Samples]] = defaultdict(lambda: defaultdict(dict))

    def put(self, name: str, at: When | None, amount: int = 1, **named: str) -> None:
        """Count an amount in every window of a KPI; what has no time counts for the fair alone."""
        windows, key = WINDOWS[name], frozenset(named.items())
        if "fair" in windows:
            _add(self.totals[name]["fair"], key, name, amount)
        if at is not None:
            if "day" in windows:
                _add(self.totals[name][at.day], key, name, amount)
            if "m" in windows and not at.expired:
                _add(self.panes[name][at.minute], key, name, amount)

    def kpis(self) -> RecountedKpis:
        """Return the windows of days and of the fair."""
        return {
            name: {
                window: {key: _value(name, amounts) for key, amounts in cells.items()}
                for window, cells in windows.items()
            }
            for name, windows in self.totals.items()
        }

    def window(self, name: str, minutes: range) -> dict[LabelSet, Recounted]:
        """Return a KPI over some minutes since 1970."""
        found: dict[LabelSet, list[int]] = defaultdict(list)
        for minute in minutes:
            for key, amounts in self.panes[name].get(minute, {}).items():
                found[key] += amounts
        return {key: _value(name, amounts) for key, amounts in found.items()}


def put_number(kpis: RecountedKpis, name: str, window: str, amount: int, **named: str) -> None:
    """Add an amount to a number of a KPI."""
    cells = kpis.setdefault(name, {}).setdefault(window, {})
    before = cells.get(labels(**named), 0)
    assert isinstance(before, int)
    cells[labels(**named)] = before + amount


def _add(cells: Samples, key: LabelSet, name: str, amount: int) -> None:
    amounts = cells.get(key)
    if amounts is None:
        cells[key] = [amount]
    elif name == LAG:
        amounts.append(amount)
    else:
        amounts[0] += amount


def _value(name: str, amounts: Sequence[int]) -> Recounted:
    if name != LAG:
        return sum(amounts)
    buckets = [0] * (len(LAG_BOUNDS_MS) + 1)
    for ms in amounts:
        buckets[bisect_left(LAG_BOUNDS_MS, ms)] += 1
    return (len(amounts), sum(amounts), *buckets)
