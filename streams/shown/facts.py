"""Facts of the fair file for Prometheus: capacities, lanes, opening hours, and the names of ids.

They have their own page, scraped once per minute: with two thousand exhibitors they would take a third of the series
that /metrics may show. They never change while a worker runs, so the page is made only once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import cast

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry
from typing_extensions import override

from schemas.fair.model import Fair

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FactRow = tuple[list[str], float]


class FairFacts(Collector):
    """The facts of one fair as gauges. An `_info` gauge is always 1: its labels hold the facts."""

    def __init__(self, fair: Fair) -> None:
        self._fair = fair

    @override
    def collect(self) -> Iterable[Metric]:
        fair = self._fair
        yield _gauge(
            "fair_info",
            "Name, time zone and reporting currency of the fair.",
            ["fair", "name", "timezone", "currency"],
            [([fair.fair_id, fair.name, fair.zone.key, fair.reporting_currency], 1)],
        )
        yield from self._profiles()
        yield from self._places()
        yield from self._hours()
        of = Counter((one.country, one.type) for one in fair.exhibitors.values())
        yield _gauge(
            "fair_exhibitors",
            "Exhibitors of the fair file by country of the address and by type; a represented company is not one.",
            ["country", "type"],
            (([country, kind], count) for (country, kind), count in sorted(of.items())),
        )
        yield _gauge(
            "fair_booth_info",
            "Main exhibitor, hall and section of a booth.",
            ["booth", "exhibitor", "name", "hall", "section"],
            (
                ([booth.booth_id, main, fair.exhibitors[main].name, booth.hall, booth.section], 1)
                for booth in fair.booths.values()
                for main in booth.exhibitors[:1]
            ),
        )
        yield _gauge(
            "fair_exhibit_info",
            "Exhibitor and booth of an exhibit.",
            ["exhibit", "name", "exhibitor", "booth"],
            (
                ([one.exhibit_id, one.name, one.exhibitor, fair.exhibitors[one.exhibitor].booth], 1)
                for one in fair.exhibits.values()
            ),
        )

    def _profiles(self) -> Iterator[Metric]:
        fair = self._fair
        yield _gauge(
            "fair_profile_info",
            "Title of an audit profile, and whether the boards show its figure as that of the fair.",
            ["profile", "title", "headline"],
            (
                ([name, profile.title, "yes" if name == fair.profile.name else "no"], 1)
                for name, profile in fair.profiles.items()
            ),
        )

    def _places(self) -> Iterator[Metric]:
        halls, gates = self._fair.halls.values(), self._fair.gates.values()
        yield _gauge("fair_hall_info", "Name of a hall.", ["hall", "name"], (([h.hall_id, h.name], 1) for h in halls))
        yield _gauge(
            "fair_hall_capacity_persons",
            "Most persons allowed in a hall at the same time (unit: persons).",
            ["hall"],
            (([hall.hall_id], hall.capacity) for hall in halls),
        )
        yield _gauge(
            "fair_hall_area_square_meters",
            "Usable floor area of a hall (unit: square meters).",
            ["hall"],
            (([hall.hall_id], hall.area_m2) for hall in halls),
        )
        yield _gauge(
            "fair_gate_info",
            "Name of a gate, and whether its entries count as visits.",
            ["gate", "name", "countable"],
            (([gate.gate_id, gate.name, "yes" if gate.countable else "no"], 1) for gate in gates),
        )
        yield _gauge(
            "fair_gate_lanes",
            "Lanes of a gate that can be open at once (unit: lanes).",
            ["gate"],
            (([gate.gate_id], gate.lanes) for gate in gates),
        )

    def _hours(self) -> Iterator[Metric]:
        days = self._fair.days
        yield _gauge(
            "fair_opens_timestamp_seconds",
            "When the fair opens on a day (unit: seconds).",
            ["day"],
            (([day.date.isoformat()], day.opens_at.timestamp()) for day in days),
        )
        yield _gauge(
            "fair_closes_timestamp_seconds",
            "When the fair closes on a day (unit: seconds).",
            ["day"],
            (([day.date.isoformat()], day.closes_at.timestamp()) for day in days),
        )


def facts_page(fair: Fair) -> bytes:
    """Return the page of all facts, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(FairFacts(fair))
    return generate_latest(registry)


def _gauge(name: str, what: str, labels: list[str], rows: Iterable[FactRow]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return cast(Metric, family)
