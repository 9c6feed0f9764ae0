"""What a KPI is: one constant that the fold, /metrics, the boards and the docs all read.

A KPI can be a function of

* one event, beside what the fold knows of it (`streams.kpis.moment`): `on`, `measure` and an aggregate say it;
* a deal's current state: on `Signal.DEAL_STATE`, with a `Sum`. Of a deal's revisions the highest counts;
* the days on which a person was there: `aggregate=FirstTime(of=VISITS)`, see `streams.kpis.history`.

It adds up over partitions, and any order of arrival gives the same number. So a KPI cannot be

* a share, a rate, a rank or a difference of KPIs: that is PromQL, in `dashboards/queries.py` or `dashboards/rules.py`;
* what needs a clock ("no passage for ten minutes"): an alert, in `dashboards/alerts.py`;
* what depends on another partition's persons ("met somebody from abroad"): a field of the event that says it, or
  PromQL. An event bears one badge: a class with two fields of the type BadgeRef is refused;
* what tells the events of one class apart by two of their fields, `scan_kind` and `badge_role`: all KPIs look at a
  class by the words of one field (`on`), and read any other field in their measures;
* what depends on several events of a person ("from the gate to the booth"): the reader that knows sends it as a field,
  as a hall door sends `dwell_ms`;
* what depends on the order of arrival ("the last one counts"): events with a revision, as those of deals;
* what stands in the fair file (capacities, lanes, opening hours): a fact, in `streams/shown/facts.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic

from pyroaring import BitMap
from typing_extensions import TypeVar

from schemas.codes import Code
from schemas.events import Event
from streams.kpis.aggregates import Aggregate, Distinct, Hit, Sum
from streams.kpis.labels import Label
from streams.kpis.moment import Moment

PREFIX = "fair_"
"""What every name on /metrics begins with."""

E = TypeVar("E", default=Any)
"""What the measure looks at: an event class, or None for a record that was refused."""


class Window(Code):
    """Over which span of event time a KPI is folded. Sliding windows move by the minute."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    DAY = "day"
    FAIR = "fair"

    @property
    def minutes(self) -> int:
        """Length of a window made of one-minute panes; 0 for the fair day and the whole fair."""
        return _MINUTES.get(self, 0)


_MINUTES = {Window.M1: 1, Window.M5: 5, Window.M15: 15}
LONGEST = 15
"""Minutes of the longest window that is made of panes."""


class Unit(Code):
    """What one unit of the value is, in the words of the fair."""

    PASSAGES = "passages"
    SCANS = "scans"
    VISITS = "visits"
    VISITORS = "visitors"
    PERSONS = "persons"
    INTERACTIONS = "interactions"
    LEADS = "leads"
    SECONDS = "seconds"
    OUTCOMES = "outcomes"
    DEALS = "deals"
    MONEY = "money"
    EVENTS = "events"
    RECORDS = "records"


class Signal(Code):
    """Something about an event, or a record, that the fold itself notices."""

    ACCEPTED = "accepted"
    LATE = "late"
    DUPLICATE = "duplicate"
    CLOCK_SUSPECT = "clock_suspect"
    REJECTED = "rejected"
    DEAL_STATE = "deal_state"


Occasion = Code | type[Event]
"""A kind of event (a word of a field of its class), a class of events of whatever kind, or a signal."""


@dataclass(frozen=True)  # no slots: On[...](...) sets __orig_class__, which a frozen class with slots cannot refuse
class On(Generic[E]):
    """When a KPI looks: on any of these occasions."""

    occasions: tuple[Occasion, ...]


@dataclass(frozen=True, slots=True)
class Kpi(Generic[E, Hit]):
    """One number of the fair.

    Attributes:
        name: its name everywhere; `fair_<name>` on /metrics.
        question: what it answers; help text, panel description and row of the docs at once.
        source: where its definition comes from: an audit rule, a standard, a published practice.
        aggregate: how what it finds comes together, or whose days it reads.
        on: when it looks; None for one about history.
        measure: what an event adds, None if nothing: the values of the labels in their order and, unless the KPI
            counts events, an amount or a member. Pure. None for one about history.
        windows: over which spans it is kept and shown.
        wide: one series an exhibitor (or a country, or a bucket): summed within a worker. Otherwise each
            partition shows its own series, so that a moving partition is never counted twice.
        unscraped: windows that /kpis shows and /metrics does not, to stay below ten thousand series a worker.
        warn_above: where operations should look up; None if there is no such level.
        version: raised when the meaning changes; state of another version is not read.

    Raises:
        TypeError: it cannot be folded as it is put together.
    """

    name: str
    question: str
    unit: Unit
    source: str
    aggregate: "Aggregate[Hit] | History"
    windows: tuple[Window, ...]
    on: On[E] | None = None
    measure: Callable[[E, Moment], Hit | None] | None = None
    labels: tuple[Label, ...] = ()
    wide: bool = False
    unscraped: tuple[Window, ...] = ()
    warn_above: float | None = None
    version: int = 1

    def __post_init__(self) -> None:
        own = self._fault_of_history() if isinstance(self.aggregate, History) else self._fault_of_events()
        if fault := own or self._fault_of_shape():
            raise TypeError(f"KPI {self.name}: {fault}")

    def _fault_of_events(self) -> str:
        assert isinstance(self.aggregate, Aggregate)
        if self.on is None or self.measure is None:
            return "say when it looks (`on`) and what it finds (`measure`)"
        if not self.on.occasions:
            return "it looks on nothing: name an occasion"
        if Signal.DEAL_STATE in self.on.occasions and not (len(self.on.occasions) == 1 and type(self.aggregate) is Sum):
            return "a deal's state is taken back when it changes: look on nothing else, and aggregate with Sum"
        if Signal.REJECTED in self.on.occasions and (len(self.on.occasions) > 1 or self.windows != (Window.FAIR,)):
            return "nobody knows when a refused record happened: look on nothing else, over the window fair alone"
        if self.aggregate.per_day and Window.FAIR in self.windows and Window.DAY not in self.windows:
            return "the total of the fair is the sum of its days: keep the window day as well"
        return ""

    def _fault_of_shape(self) -> str:
        twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if twice:
            return f"it has a label twice: {', '.join(twice)}"
        if not self.windows:
            return "it has no window, so nobody would see it"
        if not set(self.unscraped) <= set(self.windows):
            return "`unscraped` names a window that it does not have"
        return ""

    def _fault_of_history(self) -> str:
        history = self.aggregate
        assert isinstance(history, History)
        of = history.of
        if self.on is not None or self.measure is not None:
            return f"it reads the days of {of.name}: leave `on` and `measure` out"
        if not isinstance(of.aggregate, Distinct) or Window.DAY not in of.windows:
            return f"{of.name} does not keep who was there on a day: name a Distinct KPI with the window day"
        if self.labels != of.labels:
            return f"its labels are those of {of.name}: {', '.join(of.labels) or 'none'}"
        if not set(self.windows) <= history.windows:
            return f"it can have the windows {', '.join(sorted(history.windows))}"
        return ""

    @property
    def occasions(self) -> tuple[Occasion, ...]:
        """Return on what it looks; nothing for one about history."""
        return () if self.on is None else self.on.occasions

    @property
    def key(self) -> str:
        """Return name and version, as cells and the journal know the KPI."""
        return self.name if self.version == 1 else f"{self.name}.v{self.version}"

    @property
    def metric(self) -> str:
        """Return the name of its family on /metrics."""
        return f"{PREFIX}{self.name}_seconds" if self.unit is Unit.SECONDS else f"{PREFIX}{self.name}"

    @property
    def scraped(self) -> tuple[Window, ...]:
        """Return the windows that stand on /metrics."""
        return tuple(window for window in self.windows if window not in self.unscraped)

    @property
    def in_panes(self) -> bool:
        """Whether the KPI has a window that is made of one-minute panes."""
        return any(window.minutes for window in self.windows)


class History(ABC):
    """A KPI read from the days of another one when it is shown. It has no state of its own, and needs no journal.

    Attributes:
        of: the KPI that keeps by day who was there.
        windows: over which spans it says something.
    """

    __slots__ = ()
    of: Kpi[Any, Any]
    windows: ClassVar[frozenset[Window]]

    @abstractmethod
    def on_day(self, days: Mapping[str, BitMap], day: str) -> BitMap:
        """Return who counts on a day, given who was there on each day; the day is one of them."""

    @abstractmethod
    def over_fair(self, days: Mapping[str, BitMap]) -> BitMap:
        """Return who counts over the fair, given who was there on each day; there is at least one."""
