"""How long /metrics takes when every booth is busy, and how long it stops the event loop: made at once, and as served.

python tests/bench/exposition.py
"""

import asyncio
import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from prometheus_client import CollectorRegistry, generate_latest

from streams.collector import KpiCollector
from streams.health import Health
from streams.kpis.engine import Engine
from streams.view import View
from streams.web import exposition
from tests.streams.test_collector import FAIR, busy_states

RUNS = 5


async def beat(stops: list[float]) -> None:
    """Note how long every turn of the event loop took."""
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0)
        now = time.perf_counter()
        stops.append(now - last)
        last = now


async def measure(registry: CollectorRegistry) -> None:
    for _ in range(RUNS):
        began = time.perf_counter()
        generate_latest(registry)
        at_once = time.perf_counter() - began
        stops: list[float] = []
        beating = asyncio.create_task(beat(stops))
        await asyncio.sleep(0)
        began = time.perf_counter()
        page = await exposition(registry, generate_latest)
        took = time.perf_counter() - began
        beating.cancel()
        series = sum(not line.startswith(b"#") for line in page.splitlines())
        print(f"{series} series: at once {at_once * 1e3:.0f} ms; as served {took * 1e3:.0f} ms, "
              f"longest stop {max(stops) * 1e3:.0f} ms")  # fmt: skip


def main() -> None:
    registry, states = CollectorRegistry(), busy_states()
    Health(registry)
    registry.register(KpiCollector(View(Engine(FAIR, timedelta(seconds=30)), lambda: states), dict))
    asyncio.run(measure(registry))


if __name__ == "__main__":
    main()
