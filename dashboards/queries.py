"""PromQL for the KPIs. Pure. Only this module knows how to combine series of many workers and partitions."""

from typing import Any

from schemas.watched import CLOCK_SKEW, SILENT_S, TERMINALS_SILENT
from streams.kpis.definition import Kpi, Window
from streams.kpis.labels import Label

Anything = Kpi[Any, Any]

ZERO = "max(fair_window_end_timestamp_seconds) * 0"
"""Zero if there is a worker; nothing without one."""

BRIDGE = "90s"
"""How long a partition's last number is kept while another worker takes the partition over.

Otherwise, with two workers, every total would drop to half between a worker's death and the first scrape of its
successor. It is longer than session timeout, recovery and a scrape together. The boards show how old the numbers are.
"""
FOLDS = "(fair_worker_folding or fair_worker_ready)"
"""1 for each worker that folds, also while a topic is wrong and it is not ready; workers of before say only the latter.
"""
LAG = "clamp_min(fair_worker_lag_records, 0)"
"""Records that wait, by instance, topic and partition. A log that became shorter must not hide those of other logs."""
FOLDABLE = f"({LAG} unless on (instance, topic, partition) fair_worker_transaction_seconds > 30)"
"""The same without logs whose records wait for the end of a transaction: nobody can fold these."""
_UNRESOLVED = "max by (partition) ({})".format
UNRESOLVED = (
    f"({_UNRESOLVED('fair_unresolved_events')} or {_UNRESOLVED(f'last_over_time(fair_unresolved_events[{BRIDGE}])')})"
)
"""Events that wait for a registration, by partition. A partition that moves between gateways keeps its last number."""
HEARD = f"max by (terminal, kind, place) (last_over_time({TERMINALS_SILENT.metric}[1h]) > 0)"
"""When each terminal was last heard by any gateway, also by one that restarted within the hour.

A whole day would be millions of samples with 2,000 terminals.
"""
_ENROLLED = f"max by (terminal, kind, place) ({TERMINALS_SILENT.metric})"
SILENT_FOR = f"((time() - {HEARD} > {SILENT_S:g}) and {_ENROLLED})"
"""By terminal, for how many seconds it has been silent; only those that are, and that are still enrolled."""
NEVER_HEARD = f"({_ENROLLED} unless {HEARD})"
"""Enrolled terminals that no gateway has heard since its start, nor within the hour before that."""
OFFSETS = f"max by (terminal) ({CLOCK_SKEW.metric})"
"""How far each clock is off, in seconds. Two gateways that hear a terminal agree but for the way of its requests."""
RATE = "$__rate_interval"
"""Grafana makes it at least four scrapes long; a fixed interval would be too short or too long."""


def series(kpi: Anything, window: Window | str, where: str = "", suffix: str = "", offset: str = "") -> str:
    """Return the selector of a KPI's series in a window; `where` adds matchers, without braces.

    Raises:
        ValueError: the KPI does not have that window on /metrics, so the panel would stay empty.
    """
    if not window.startswith("$") and window not in kpi.scraped:
        raise ValueError(f"{kpi.name} has no window {window} on /metrics")
    matchers = ", ".join(one for one in (f'window="{window}"', where) if one)
    return f"{kpi.metric}{suffix}{{{matchers}}}{f' offset {offset}' if offset else ''}"


def total(kpi: Anything, window: Window | str, *by: Label, where: str = "", offset: str = "") -> str:
    """Return a KPI over all workers, by some of its labels.

    A narrow KPI has one series per partition. The largest value of each partition is taken first: a partition that is
    moving between workers must not be counted twice. A partition that no worker shows keeps its last number for
    `BRIDGE`. If a worker shows the partition, that worker is believed, even if it shows less or nothing. A wide KPI
    has one sum per worker, and the sums are added.
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
    """Return an occupancy for display, at least zero: missed entries may make the number itself negative."""
    return f"clamp_min({total(kpi, Window.DAY, *by, where=where, offset=offset)}, 0)"


def quantile(q: float, kpi: Anything, window: Window, *by: Label, where: str = "") -> str:
    """Return a quantile in seconds; for an empty histogram nothing, rather than NaN.

    It needs no rate: the histogram covers exactly that window.
    """
    names = ", ".join(["le", *by])
    return f"(histogram_quantile({q}, sum by ({names}) ({series(kpi, window, where, '_bucket')})) >= 0)"


def share(part: str, whole: str) -> str:
    """Return part / whole; while the whole is zero nothing, rather than a wrong 0."""
    return f"{part} / ({whole} > 0)"


def fact(name: str, *by: Label | str) -> str:
    """Return a fact of the fair file; all workers show the same one."""
    return f"max by ({', '.join(by)}) (fair_{name})" if by else f"max(fair_{name})"


def terminals_silent() -> str:
    """Return how many enrolled terminals are silent: of each gate and hall, and of all booths and all desks."""
    silent = f"({SILENT_FOR} or {NEVER_HEARD})"
    counts = (f"count by (kind, place) ({_together(one)})" for one in (silent, f"{_ENROLLED} >= 0"))
    return "{} or {} * 0".format(*counts)


def _together(expr: str) -> str:
    return f'label_replace({expr}, "place", "all", "kind", "booth|desk")'


def fill(expr: str) -> str:
    """Return the expression, or zero if nothing has been counted yet but there is a worker."""
    return f"({expr} or {ZERO})"


def fill_bars(expr: str, label: Label, text: str) -> str:
    """Return the series, or a single zero with this text as the label if nothing has been counted yet."""
    return f'({expr} or label_replace({ZERO}, "{label}", "{text}", "", "") unless on () ({expr}))'
