"""Times of /metrics at its limit of series, made in one go and as served; and how long it stops the event loop.

Every booth is busy; one more family fills the rest up to the limit. Garbage is collected as in a worker.

python tests/bench/exposition.py
"""

import asyncio
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.fold.engine import Engine
from streams.shown.collector import KpiCollector
from streams.shown.health import Health
from streams.shown.pages import scrape
from streams.shown.view import View
from streams.worker.turns import tune_garbage_collector
from tests.shown.test_collector import FAIR, busy_states

RUNS = 12
MOST_SERIES = 10_000


class Filling(Collector):
    """One family with as many series as the limit still allows."""

    def __init__(self, series: int) -> None:
        self._series = series

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("fair_filling", "Fills the page.", labels=["booth", "window"])
        for number in range(self._series):
            family.add_metric([f"h1-{number}", "day"], number)
        yield family


async def beat(stops: list[float]) -> None:
    """Note how long every turn of the event loop took."""
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0)
        now = time.perf_counter()
        stops.append(now - last)
        last = now


def series_in(page: bytes) -> int:
    return sum(not line.startswith(b"#") for line in page.splitlines())


async def measure(registry: CollectorRegistry, kpis: KpiCollector) -> None:
    for _ in range(RUNS):
        began = time.perf_counter()
        generate_latest(registry)
        generate_latest(kpis)
        at_once = time.perf_counter() - began
        stops: list[float] = []
        beating = asyncio.create_task(beat(stops))
        await asyncio.sleep(0)
        began = time.perf_counter()
        page = await scrape(registry, kpis, generate_latest)
        took = time.perf_counter() - began
        beating.cancel()
        print(f"{series_in(page):,} series: at once {at_once * 1e3:.0f} ms; as served {took * 1e3:.0f} ms, "
              f"longest stop {max(stops) * 1e3:.0f} ms")  # fmt: skip


def main() -> None:
    registry, states = CollectorRegistry(), busy_states()
    Health(registry)
    kpis = KpiCollector(View(Engine(FAIR, timedelta(seconds=30)), lambda: states), dict)
    shown = series_in(generate_latest(registry)) + series_in(generate_latest(kpis))
    registry.register(Filling(MOST_SERIES - shown))
    tune_garbage_collector()
    asyncio.run(measure(registry, kpis))


if __name__ == "__main__":
    main()
