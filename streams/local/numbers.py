"""The numbers of the live view: which, in what order, and which of them a small screen can do without."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.fair.model import Fair
from schemas.ids import BoothId
from schemas.profiles import Residence

SHOWN: Final = (
    "events",
    "gate_passages",
    "visits",
    "professional_visits",
    "unique_visitors",
    "international_visitors",
    "site_occupancy",
    "hall_occupancy",
    "interactions",
    "exhibit_visitors",
    "booth_scans",
    "leads",
    "deals",
    "outcomes",
    "contract_value_reported",
    "intended_value_reported",
    "visitors_by_group",
    "registered_badges",
    "unregistered_badges",
    "late_events",
    "duplicate_events",
    "rejected_events",
)
"""KPIs that the view asks a worker for."""


class Sample(NamedTuple):
    """A number of the view; `rank` 1 is always shown, 3 only where there is much room."""

    name: str
    value: float
    rank: int = 2


def samples(report: Mapping[str, Any], fair: Fair, booth: BoothId | None) -> Iterator[Sample]:
    """Yield the numbers of a report, in the order of the view.

    Args:
        report: as a worker's /kpis.
        fair: gives the reporting currency.
        booth: whose scans are shown; None for no booth.
    """
    kpis = report["kpis"]
    day = max(kpis["events"]["windows"]["day"], default="")

    def total(name: str, window: str, **labels: str) -> int:
        values = kpis[name]["windows"][window]
        series = values.get(day, []) if isinstance(values, Mapping) else values
        return sum(one["value"] for one in series if labels.items() <= one["labels"].items())

    currency = fair.reporting_currency
    units = 10 ** fair.currencies[currency].minor_units
    yield Sample("events accepted", total("events", "fair"), 1)
    yield Sample("gate passages, last minute", total("gate_passages", "1m"), 1)
    yield Sample("visits today", total("visits", "day"), 1)
    yield Sample("of them professional", total("professional_visits", "day"), 3)
    yield Sample("unique visitors", total("unique_visitors", "fair"))
    yield Sample("of them international", total("international_visitors", "fair"), 3)
    if fair.badge_register:
        unknown = total("visitors_by_group", "fair", group=Residence.UNKNOWN.value)
        yield Sample("of unknown country", unknown, 3)
        yield Sample("persons registered", total("registered_badges", "fair"))
        yield Sample("met, not registered", total("unregistered_badges", "fair"))
    yield Sample("on site now", max(0, total("site_occupancy", "day")), 1)
    yield Sample("interactions, last minute", total("interactions", "1m"))
    yield Sample("leads today", total("leads", "day"), 1)
    yield Sample("results", total("outcomes", "fair"))
    yield Sample("of them deals", total("deals", "fair"), 3)
    yield Sample(f"contracts, {currency}", total("contract_value_reported", "fair") / units, 3)
    yield Sample(f"intended per year, {currency}", total("intended_value_reported", "fair") / units, 3)
    if booth is not None:
        yield Sample("scans at your booth", total("booth_scans", "day", booth=booth), 1)
    yield Sample("late", total("late_events", "fair"), 3)
    yield Sample("came again, counted once", total("duplicate_events", "fair"), 3)
    yield Sample("refused", total("rejected_events", "fair"), 3)
