"""All KPIs: a panel for every KPI that Prometheus scrapes, made from its constant. Nothing here names a KPI."""

from typing import Any, Final
from zlib import crc32

from dashboards.boards.shared import KPIS, MARKS, TO_PIPELINE
from dashboards.queries import quantile, total
from dashboards.spec import BAD, COLUMNS, GOOD, PLAIN, Board, Kind, Legend, Levels, Panel, Query, Row, about
from streams.kpis.aggregates import Histogram
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi, Unit, Window
from streams.kpis.labels import Label

WIDTH: Final = 6
_UNITS: Final = {Unit.MONEY: "short", Unit.SECONDS: "s"}
_GLANCE: Final = (Window.DAY, Window.FAIR, Window.M15, Window.M5, Window.M1)
"""The first of these that a KPI has is shown: the day so far says most."""


def window_of(kpi: Kpi[Any, Any]) -> Window:
    """Return the window of a KPI that its panel shows."""
    return next(window for window in _GLANCE if window in kpi.scraped)


def queries_of(kpi: Kpi[Any, Any]) -> tuple[Query, ...]:
    """Return the queries of a KPI's panel: its total by its first label; of a histogram, two quantiles.

    A KPI with one series per exhibitor is shown as one sum, but currencies are never added.
    """
    window = window_of(kpi)
    if isinstance(kpi.aggregate, Histogram):
        return Query(quantile(0.5, kpi, window), "median"), Query(quantile(0.9, kpi, window), "one in ten is longer")
    apart = _apart(kpi)
    if apart is None:
        return (Query(total(kpi, window), kpi.unit.value),)
    return (Query(total(kpi, window, apart), f"{{{{{apart}}}}}"),)


def _apart(kpi: Kpi[Any, Any]) -> Label | None:
    if Label.CURRENCY in kpi.labels:
        return Label.CURRENCY
    return None if kpi.wide or not kpi.labels else kpi.labels[0]


def panel_of(kpi: Kpi[Any, Any]) -> Panel:
    """Return the panel of a KPI; its id follows from the name, so that links to it survive new KPIs."""
    level = kpi.warn_above
    levels: Levels = PLAIN if level is None else ((None, GOOD), (level, BAD))
    return Panel(
        id=crc32(kpi.name.encode()) % 1_000_000 + 1,
        kind=Kind.TREND,
        title=f"{kpi.name.replace('_', ' ').capitalize()}, {window_of(kpi)}",
        what=about(kpi),
        good="no fixed range; see the board on this subject." if level is None else f"at most {level:g} {kpi.unit}.",
        do="look up the definition in KPIS.md; the board on this subject says what to do.",
        queries=queries_of(kpi),
        unit=_UNITS.get(kpi.unit, "locale"),
        width=WIDTH,
        levels=levels,
        lines=level is not None,
        legend=Legend.BELOW if _apart(kpi) is None else Legend.RIGHT,
        minimum=None,
        no_value="nothing counted",
        links=(TO_PIPELINE,),
    )


def rows_of(kpis: tuple[Kpi[Any, Any], ...]) -> tuple[Row, ...]:
    """Return the panels of some KPIs, four side by side."""
    side = COLUMNS // WIDTH
    return tuple(Row(7, tuple(map(panel_of, kpis[at : at + side]))) for at in range(0, len(kpis), side))


BOARD = Board(
    uid=KPIS,
    title="All KPIs",
    question="What does every KPI of the catalogue say?",
    rows=rows_of(tuple(kpi for kpi in ALL_KPIS if kpi.scraped)),
    marks=MARKS,
    refresh="1m",
)
