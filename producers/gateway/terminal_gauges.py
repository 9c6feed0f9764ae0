"""The gauges of a gateway by terminal: lag, clock offset, and when each was last heard."""

import asyncio
from collections.abc import Iterator, Sequence

from producers.gateway.app import Gateway
from schemas.watched import CLOCK_SKEW, TERMINAL_LAG, TERMINALS_SILENT

Labelled = tuple[Sequence[str], float]
"""Values of the labels, and the value of the series."""


def watch_terminals(gateway: Gateway) -> None:
    """Show what a gateway knows of its terminals. Each gauge is read when Prometheus scrapes."""

    def lags() -> Iterator[Labelled]:
        for slow in gateway.lags.slowest(_now_s()):
            yield (slow.terminal_id, "0.5"), slow.half_ms / 1_000
            yield (slow.terminal_id, "0.99"), slow.most_ms / 1_000

    def offsets() -> Iterator[Labelled]:
        for off in gateway.skew.worst(_now_s()):
            yield (off.terminal_id,), off.offset_ms / 1_000

    def last_heard() -> Iterator[Labelled]:
        enrolled = gateway.doorkeeper.terminals(gateway.fair.fair_id, gateway.clock())
        for terminal, at_s in gateway.hearing.of(enrolled):
            yield (terminal.terminal_id, terminal.place, terminal.place_id), at_s

    gateway.metrics.watch_terminals(TERMINAL_LAG, lags)
    gateway.metrics.watch_terminals(CLOCK_SKEW, offsets)
    gateway.metrics.watch_terminals(TERMINALS_SILENT, last_heard)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
