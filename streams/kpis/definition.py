"""What a KPI is: one constant that the fold, /metrics, the boards and the docs all read.

A KPI can be a function of

* one event and the facts that the fold adds to it (`streams.kpis.moment`): give `on`, `measure` and an aggregate;
* a deal's current state: `on` is `Signal.DEAL_STATE`, the aggregate a `Sum`. Only a deal's highest revision counts;
* the days on which a person came: `aggregate=FirstTime(of=VISITS)`, see `streams.kpis.history`.

A KPI adds up over partitions, and any order of arrival gives the same number. So these cannot be a KPI:

* a share, a rate, a rank or a difference of KPIs. Use PromQL, in `dashboards/queries.py` or `dashboards/rules.py`;
* something that needs a clock ("no passage for ten minutes"). Use an alert, in `dashboards/alerts.py`;
* something about persons of another partition ("met somebody from abroad"). Use a field of the event, or PromQL.
  An event has one badge: a class with two fields of the type BadgeRef is refused;
* something that selects events of one class by two fields, such as `scan_kind` and `badge_role`. All KPIs select
  events of a class by the same field (`on`), and read other fields in their measures;
* something about several events of a person ("from the gate to the booth"). Let the reader that knows it send it as a
  field, as a hall door sends `dwell_ms`;
* something that depends on the order of arrival ("the last one counts"). Give the events a revision, as deals have;
* something from the fair file (capacities, lanes, opening hours). That is a fact, in `streams/shown/facts.py`.
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
"""The prefix of every name on /metrics."""

E = TypeVar("E", default=Any)
"""The subject of the measure: an event class, or None for a refused record."""


class Window(Code):
    """The span of event time over which a KPI is folded. Sliding windows move every minute."""

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
"""Length in minutes of the longest window made of panes."""


class Unit(Code):
    """The unit of a value, in the terms of the fair."""

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
    """Something that the fold itself notices about an event or a record."""

    ACCEPTED = "accepted"
    LATE = "late"
    DUPLICATE = "duplicate"
    CLOCK_SUSPECT = "clock_suspect"
    REJECTED = "rejected"
    DEAL_STATE = "deal_state"


Occasion = Code | type[Event]
"""A kind of event (a value of one of its fields), a class of events with all its kinds, or a signal."""


@dataclass(frozen=True)  # no slots: On[...](...) sets __orig_class__, which a frozen class with slots cannot refuse
class On(Generic[E]):
    """When a KPI looks at an event: on any of these occasions."""

    occasions: tuple[Occasion, ...]


@dataclass(frozen=True, slots=True)
class Kpi(Generic[E, Hit]):
    """One number of the fair.

    Attributes:
        name: its name everywhere; `fair_<name>` on /metrics.
        question: the question it answers; also its help text, panel description and row in the docs.
        source: where its definition comes from: an audit rule, a standard, a published practice.
        aggregate: how the hits are combined, or whose days it reads.
        on: when it looks at an event; None for a KPI about history.
        measure: returns what an event adds, None if nothing: the label values in the order of the labels and, unless
            the KPI counts events, an amount or a member. Pure. None for a KPI about history.
        windows: the spans for which it is kept and shown.
        wide: whether it is summed within a worker, because it has one series per exhibitor, country or bucket.
            Otherwise each partition shows its own series, so that a moving partition is never counted twice.
        unscraped: windows that /kpis shows and /metrics does not, to stay below ten thousand series per worker.
        warn_above: the level above which operations should take a look; None if there is none.
        version: raised when the meaning changes; state of another version is not read.

    Raises:
        TypeError: its parts do not fit together.
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
            return "say when it looks at an event (`on`) and what the event adds (`measure`)"
        if not self.on.occasions:
            return "it has no occasion: name one in `on`"
        if Signal.DEAL_STATE in self.on.occasions and not (len(self.on.occasions) == 1 and type(self.aggregate) is Sum):
            return "a deal's state is taken back when it changes: name no other occasion, and aggregate with Sum"
        if Signal.REJECTED in self.on.occasions and (len(self.on.occasions) > 1 or self.windows != (Window.FAIR,)):
            return "a refused record has no time: name no other occasion, and only the window fair"
        if self.aggregate.per_day and Window.FAIR in self.windows and Window.DAY not in self.windows:
            return "the total of the fair is the sum of its days: keep the window day as well"
        return ""

    def _fault_of_shape(self) -> str:
        twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if twice:
            return f"it has a label twice: {', '.join(twice)}"
        if not self.windows:
            return "it has no window, so it would never be shown"
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
            return f"{of.name} does not keep who came on which day: name a Distinct KPI with the window day"
        if self.labels != of.labels:
            return f"its labels must be those of {of.name}: {', '.join(of.labels) or 'none'}"
        if not set(self.windows) <= history.windows:
            return f"it can only have the windows {', '.join(sorted(history.windows))}"
        return ""

    @property
    def occasions(self) -> tuple[Occasion, ...]:
        """Return the occasions on which it looks at an event; empty for a KPI about history."""
        return () if self.on is None else self.on.occasions

    @property
    def key(self) -> str:
        """Return name and version: the KPI's key in cells and in the journal."""
        return self.name if self.version == 1 else f"{self.name}.v{self.version}"

    @property
    def metric(self) -> str:
        """Return the name of its family on /metrics."""
        return f"{PREFIX}{self.name}_seconds" if self.unit is Unit.SECONDS else f"{PREFIX}{self.name}"

    @property
    def scraped(self) -> tuple[Window, ...]:
        """Return the windows shown on /metrics."""
        return tuple(window for window in self.windows if window not in self.unscraped)

    @property
    def in_panes(self) -> bool:
        """Whether the KPI has a window that is made of one-minute panes."""
        return any(window.minutes for window in self.windows)


class History(ABC):
    """A KPI read from the days of another KPI when it is shown. It has no state of its own and needs no journal.

    Attributes:
        of: the KPI that keeps who came on which day.
        windows: the spans that it can have.
    """

    __slots__ = ()
    of: Kpi[Any, Any]
    windows: ClassVar[frozenset[Window]]

    @abstractmethod
    def on_day(self, days: Mapping[str, BitMap], day: str) -> BitMap:
        """Return who counts on a day, given who came on each day; the day is one of them."""

    @abstractmethod
    def over_fair(self, days: Mapping[str, BitMap]) -> BitMap:
        """Return who counts over the fair, given who came on each day; there is at least one day."""
