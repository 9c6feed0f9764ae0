"""PromQL for the KPIs. Pure; the only place that knows how series of many workers and partitions come together."""

from typing import Any

from streams.kpis.definition import Kpi, Window
from streams.kpis.labels import Label

Anything = Kpi[Any, Any]

ZERO = "max(fair_window_end_timestamp_seconds) * 0"
"""Zero if a worker is there, nothing if none is."""

BRIDGE = "90s"
"""How long a partition's last number stands for it while another worker takes it over: without it, every total would
lose half of itself for the seconds from a worker's death to the next scrape of its heir. Longer than session timeout,
recovery and a scrape; the age of the numbers is shown beside them.
"""
RATE = "$__rate_interval"
"""Grafana makes it at least four scrapes long; a fixed one would be empty or stale."""


def series(kpi: Anything, window: Window | str, where: str = "", suffix: str = "", offset: str = "") -> str:
    """Return the selector of a KPI's series in a window; `where` are more matchers, without braces.

    Raises:
        ValueError: the KPI has no such window on /metrics: the panel would be empty for ever.
    """
    if not window.startswith("$") and window not in kpi.scraped:
        raise ValueError(f"{kpi.name} has no window {window} on /metrics")
    matchers = ", ".join(one for one in (f'window="{window}"', where) if one)
    return f"{kpi.metric}{suffix}{{{matchers}}}{f' offset {offset}' if offset else ''}"


def total(kpi: Anything, window: Window | str, *by: Label, where: str = "", offset: str = "") -> str:
    """Return a KPI over all workers, by some of its labels.

    A narrow KPI has a series a partition: the largest of each is taken first, so that a partition that is just
    moving between workers is not counted twice. One that no worker shows keeps its last number for `BRIDGE`, so that
    it is not missed either; one that a worker shows is what that worker says, be it less or nothing. A wide KPI is
    summed within a worker and adds up.
    """
    inner = series(kpi, window, where, offset=offset)
    if not kpi.wide:
        back = f" offset {offset}" if offset else ""
        largest = f"max by ({', '.join([*kpi.labels, 'partition'])})"
        before = f"{largest} (last_over_time({series(kpi, window, where)}[{BRIDGE}]{back}))"
        shown = f"max by (partition) (fair_watermark_timestamp_seconds{back})"
        inner = f"{largest} ({inner}) or ({before} unless on (partition) {shown})"
    return f"sum by ({', '.join(by)}) ({inner})" if by else f"sum({inner})"


def inside(kpi: Anything, *by: Label, where: str = "", offset: str = "") -> str:
    """Return an occupancy for display: exits that were missed may make it negative, which nobody wants to see."""
    return f"clamp_min({total(kpi, Window.DAY, *by, where=where, offset=offset)}, 0)"


def quantile(q: float, kpi: Anything, window: Window, *by: Label, where: str = "") -> str:
    """Return a quantile in seconds, nothing (rather than NaN) of an empty histogram.

    No rate: the histogram is of that window already.
    """
    names = ", ".join(["le", *by])
    return f"(histogram_quantile({q}, sum by ({names}) ({series(kpi, window, where, '_bucket')})) >= 0)"


def share(part: str, whole: str) -> str:
    """Return part / whole, nothing (rather than a wrong 0) while the whole is zero."""
    return f"{part} / ({whole} > 0)"


def fact(name: str, *by: Label | str) -> str:
    """Return a fact of the fair file; every worker tells the same one."""
    return f"max by ({', '.join(by)}) (fair_{name})" if by else f"max(fair_{name})"


def fill(expr: str) -> str:
    """Return zero where nothing has been counted yet but a worker is there."""
    return f"({expr} or {ZERO})"
