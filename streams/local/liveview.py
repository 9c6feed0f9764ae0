"""The KPIs of a running fair in the terminal: the number now, and its trend."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from schemas.fair.model import Fair

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
    "leads",
    "deals",
    "outcomes",
    "contract_value_reported",
    "intended_value_reported",
    "hall_dwell",
    "event_lag",
    "late_events",
    "duplicate_events",
    "rejected_events",
)
"""KPIs that the view asks a worker for."""

TREND: Final = 36
"""Samples in a trend line, one for each minute that closed."""

BARS: Final = "▁▂▃▄▅▆▇█"


class LiveView:
    """What was shown so far, and how to show a report.

    Args:
        fair: gives names, capacities and currency.
        addresses: what to open, by title.
    """

    def __init__(self, fair: Fair, addresses: Mapping[str, str]) -> None:
        self._fair = fair
        self._addresses = addresses
        self._trends: dict[str, deque[float]] = {}
        self._minute: str | None = None
        self._day = ""

    def take(self, report: Mapping[str, Any]) -> None:
        """Note a report: one sample a closed minute."""
        minute = report["window_end"]
        if minute is None or minute == self._minute:
            return
        self._minute = minute
        self._day = max(report["kpis"]["events"]["windows"]["day"], default="")
        for name, value in self._samples(report):
            self._trends.setdefault(name, deque(maxlen=TREND)).append(value)

    def render(self, report: Mapping[str, Any]) -> Group:
        """Return the screen for a report."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title, justify in (("", "left"), ("now", "right"), ("trend, a minute a step", "left")):
            table.add_column(title, justify=justify)  # type: ignore[arg-type]  # rich's literal
        for name, value in self._samples(report):
            table.add_row(name, f"{value:,.0f}", Text(sparkline(self._trends.get(name, ())), style="cyan"))
        head = Text(f"{self._fair.name}  ", style="bold")
        head.append(f"fair time {self._time(report)}", style="green")
        foot = [Text(line, style="dim") for line in self.addresses()]
        return Group(head, Text(), table, Text(), *self._halls(report), *self._exhibits(report), Text(), *foot)

    def line(self, report: Mapping[str, Any]) -> str:
        """Return the report as one line, for a log or a pipe."""
        samples = dict(self._samples(report))
        picked = ("events accepted", "visits today", "on site now", "leads today", "results", "late", "refused")
        numbers = ", ".join(f"{name} {samples[name]:,.0f}" for name in picked)
        return f"fair time {self._time(report)}: {numbers}"

    def addresses(self) -> Iterator[str]:
        """Return what can be opened, and how to stop, a line each."""
        for title, address in self._addresses.items():
            yield f"{title:<12} {address}"
        yield "Ctrl-C stops everything."

    def _time(self, report: Mapping[str, Any]) -> str:
        """Return the end of the newest closed window, in the venue's time."""
        if report["window_end"] is None:
            return "not begun"
        return datetime.fromisoformat(report["window_end"]).astimezone(self._fair.zone).strftime("%Y-%m-%d %H:%M")

    def _samples(self, report: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
        kpis = report["kpis"]
        day = max(kpis["events"]["windows"]["day"], default="")

        def total(name: str, window: str) -> int:
            values = kpis[name]["windows"][window]
            series = values.get(day, []) if isinstance(values, Mapping) else values
            return sum(one["value"] for one in series)

        units = 10 ** self._fair.currencies[self._fair.reporting_currency].minor_units
        yield "events accepted", total("events", "fair")
        yield "gate passages, last minute", total("gate_passages", "1m")
        yield "visits today", total("visits", "day")
        yield "of them professional", total("professional_visits", "day")
        yield "unique visitors", total("unique_visitors", "fair")
        yield "of them international", total("international_visitors", "fair")
        yield "on site now", max(0, total("site_occupancy", "day"))
        yield "interactions, last minute", total("interactions", "1m")
        yield "leads today", total("leads", "day")
        yield "results", total("outcomes", "fair")
        yield "of them deals", total("deals", "fair")
        yield f"contracts, {self._fair.reporting_currency}", total("contract_value_reported", "fair") / units
        yield f"intended a year, {self._fair.reporting_currency}", total("intended_value_reported", "fair") / units
        yield "late", total("late_events", "fair")
        yield "came again, counted once", total("duplicate_events", "fair")
        yield "refused", total("rejected_events", "fair")

    def _halls(self, report: Mapping[str, Any]) -> Iterator[Text]:
        inside = report["kpis"]["hall_occupancy"]["windows"]["day"].get(self._day, [])
        fullest = sorted(inside, key=lambda one: -one["value"])[:3]
        for one in fullest:
            hall = self._fair.halls[one["labels"]["hall"]]
            share = max(0, one["value"]) / hall.capacity
            style = "red" if share >= 1 else "yellow" if share >= 0.8 else "green"
            text = Text(f"{hall.name[:28]:<28} {max(0, one['value']):>7,} of {hall.capacity:,} ")
            yield text.append("█" * min(30, round(share * 30)), style=style)

    def _exhibits(self, report: Mapping[str, Any]) -> Iterator[Text]:
        drawn = sorted(report["kpis"]["exhibit_visitors"]["windows"]["15m"], key=lambda one: -one["value"])[:3]
        for one in drawn:
            exhibit = self._fair.exhibits[one["labels"]["exhibit"]]
            yield Text(f"{exhibit.name[:44]:<44} {one['value']:>5,} visitors in 15 minutes")


def sparkline(values: Any) -> str:
    """Return numbers as a line of bars, the largest at full height; empty for none."""
    numbers = list(values)
    low, high = min(numbers, default=0), max(numbers, default=0)
    span = (high - low) or 1
    return "".join(BARS[int((number - low) / span * (len(BARS) - 1))] for number in numbers)


def console() -> Console:
    """Return the console of the live view (standard output)."""
    return Console()
