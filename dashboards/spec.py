"""The parts of a board, as plain data. Boards are made of them, and `dashboards.build` writes Grafana's JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from streams.kpis.definition import Kpi

COLUMNS: Final = 24
"""Width of Grafana's grid."""
DATASOURCE: Final = "fairpulse-prometheus"
"""Fixed uid of the provisioned data source."""

NO_GATEWAY: Final = "no gateway"
"""Shown in place of a number that only gateways know, while none runs."""
NO_WORKER: Final = "no worker"
"""Shown in place of a number while no worker runs; with a worker, there would be at least a zero."""

GOOD, WATCH, WARN, BAD, NEUTRAL, QUIET = "green", "yellow", "orange", "red", "blue", "text"
"""Colours mean the same on every board: fine, look at it, act soon, act now, a plain amount, nothing to judge."""


class Legend(StrEnum):
    """Where a trend lists its series. On the right, each has its last value, the largest first."""

    BELOW = "below"
    RIGHT = "right"


class Kind(StrEnum):
    """The kinds of panels that the boards use."""

    STAT = "stat"
    TREND = "timeseries"
    BARS = "bargauge"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query; `legend` names its series, or its column in a table."""

    expr: str
    legend: str = ""


Levels = tuple[tuple[float | None, str], ...]
"""Each colour with the value from which it holds; the first holds from minus infinity (None)."""

PLAIN: Final[Levels] = ((None, NEUTRAL),)


@dataclass(frozen=True, slots=True)
class BoardLink:
    """A link from a value of a panel to another board; `url` may use Grafana's `${__field.labels.hall}`."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel.

    Attributes:
        id: unique on its board and never changed: links and alerts point to it.
        what: what it shows, in a sentence.
        good: the range in which nobody needs to act.
        do: what to do outside of that range.
        unit: Grafana's name of the unit: `locale` for whole numbers with separators, `short` for numbers with k, M, B.
        levels: threshold colours by meaning.
        no_value: the text while there is nothing to show. By default "no worker" if a worker would show at least zero,
            and otherwise "no data".
        colours: fixed colours of named series.
        units: units of named series that have another one than the panel.
        keep: label columns of a table, in order, with their headings.
        lines: draw the levels as lines in a trend, and make the axis long enough for all of them.
        stack: add the series up in a trend.
        words: for some values, the words and colours shown instead.
        large: for the wall: readable from five metres. The title becomes the name of the number.
        names: a stat shows the names of its series on a coloured background, without values.
        legend: where a trend lists its series.
        dashed: series drawn as dashed lines: the past beside the present.
        up: sort a table by its first query, smallest value first.
        widths: widths of a table's columns in pixels, by heading; the other columns share the rest.
    """

    id: int
    kind: Kind
    title: str
    what: str
    good: str
    do: str
    queries: tuple[Query, ...]
    unit: str
    width: int
    levels: Levels = PLAIN
    no_value: str = ""
    minimum: float | None = 0
    maximum: float | None = None
    decimals: int | None = None
    colours: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    links: tuple[BoardLink, ...] = ()
    keep: Mapping[str, str] = field(default_factory=dict)
    lines: bool = False
    stack: bool = False
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    large: bool = False
    names: bool = False
    legend: Legend = Legend.BELOW
    dashed: tuple[str, ...] = ()
    up: bool = False
    widths: Mapping[str, int] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """Return the panel's description: what it shows, what is good, what to do."""
        return f"{self.what}\n\nGood: {self.good}\n\nOtherwise: {self.do}"


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a board.

    Attributes:
        query: `label_values(metric, label)`, or the choices with commas between them if `custom`.
        all: whether "All" is offered, and is the first choice.
        start: the first choice of a `custom` variable.
        hidden: not shown; titles use its value.
    """

    name: str
    label: str
    query: str
    all: bool = False
    custom: bool = False
    start: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A kind of annotation from a metric; with `at_value` the value is the time, in seconds since 1970."""

    name: str
    expr: str
    colour: str
    title: str
    text: str
    at_value: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that take the place of one panel; together they are as high as the row that holds them."""

    width: int
    rows: tuple["Row", ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side, of equal height. They may leave the right end of the grid free."""

    height: int
    panels: tuple[Panel | Block, ...]


PanelCorner = tuple[Panel, int, int, int]
"""A panel with its left and top corner and its height, in units of the grid."""


def places(rows: tuple[Row, ...], left: int = 0, top: int = 0) -> Iterator[PanelCorner]:
    """Yield every panel of the rows with its place, from the upper left to the lower right."""
    for row in rows:
        at = left
        for one in row.panels:
            if isinstance(one, Block):
                yield from places(one.rows, at, top)
            else:
                yield one, at, top, row.height
            at += one.width
        top += row.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board, which answers one question."""

    uid: str
    title: str
    question: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    marks: tuple[Mark, ...] = ()
    since: str = "now-9h"
    refresh: str = "15s"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Return all panels, from the upper left to the lower right."""
        return tuple(panel for panel, *_ in places(self.rows))


def about(*kpis: Kpi[Any, Any]) -> str:
    """Return the catalogue's own description of these KPIs, for a panel."""
    return " ".join(f"{kpi.question} ({kpi.source})" for kpi in kpis)
