"""What a KPI is: one constant that the fold, /metrics, the boards and the docs all read.

A KPI can be a function of

* one event and the facts that the fold adds to it (`streams.kpis.moment`): give `on`, `measure` and an aggregate;
* a deal's current state: `on` is `Signal.DEAL_STATE`, the aggregate a `Sum`. Only a deal's highest revision counts;
* what traces and the register of badges say of persons: `aggregate` is a `Derived`. It is worked out when it
  is shown, so a registration that comes late, or is corrected, needs nothing to be taken back.

A KPI adds up over partitions, and any order of arrival gives the same number. So these cannot be a KPI:

* a share, a rate, a rank or a difference of KPIs. Use PromQL, in `dashboards/queries.py` or `dashboards/rules.py`;
* something that needs a clock ("no passage for ten minutes"). Use an alert, in `dashboards/alerts.py`;
* something about persons of another partition ("met somebody from abroad"). Use a field of the event, or PromQL.
  An event has one badge: a class with two fields of the type BadgeRef is refused;
* something that selects events of one class by two fields, such as `scan_kind` and `badge_role`. All KPIs select
  events of a class by the same field (`on`), and read other fields in their measures;
* something about the order of a person's events ("from the gate to the booth"). A trace says who was where on which
  day, not what came first;
* something that depends on the order of arrival ("the last one counts"). Give the events a revision, as deals have;
* something from the fair file (capacities, lanes, opening hours). That is a fact, in `streams/shown/facts.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypeVar, override

from schemas.codes import Code
from schemas.events import Event
from streams.kpis.aggregates import Aggregate, Hit, Sum
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment
from streams.kpis.people import People, Period

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
    MEETINGS = "meetings"
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
    TEST = "test"
    DEAL_STATE = "deal_state"


Occasion = Code | type[Event]
"""A kind of event (a value of one of its fields), a class of events with all its kinds, or a signal."""


@dataclass(frozen=True)  # no slots: On[...](...) sets __orig_class__, which a frozen class with slots cannot refuse
class On(Generic[E]):
    """When a KPI looks at an event: on any of these occasions."""

    occasions: tuple[Occasion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded(Generic[E, Hit]):
    """Something that the fold keeps in state: a trace, or a KPI that is not a view.

    Attributes:
        name: its name everywhere; `fair_<name>` on /metrics.
        aggregate: how the hits are combined.
        on: when it looks at an event.
        measure: returns what an event adds, None if nothing: the label values in the order of the labels and, unless
            events are counted, an amount or a member. Pure.
        windows: the spans for which it is kept.
        version: raised when the meaning changes; state of another version is not read.
    """

    name: str
    aggregate: "Aggregate[Hit] | Derived"
    windows: tuple[Window, ...]
    on: On[E] | None = None
    measure: Callable[[E, Moment], Hit | None] | None = None
    labels: tuple[Label, ...] = ()
    version: int = 1

    @property
    def called(self) -> str:
        """Return what errors call it."""
        return f"{'trace' if isinstance(self, Trace) else 'KPI'} {self.name}"

    @property
    def occasions(self) -> tuple[Occasion, ...]:
        """Return the occasions on which it looks at an event; empty for a view."""
        return () if self.on is None else self.on.occasions

    @property
    def key(self) -> str:
        """Return name and version: its key in cells and in the journal."""
        return self.name if self.version == 1 else f"{self.name}.v{self.version}"

    @property
    def in_panes(self) -> bool:
        """Whether it has a window that is made of one-minute panes."""
        return any(window.minutes for window in self.windows)

    def fault_of_events(self) -> str:
        """Return what does not fit together in something that looks at events; empty if all fits."""
        if self.on is None or self.measure is None:
            return "say when it looks at an event (`on`) and what the event adds (`measure`)"
        if not self.on.occasions:
            return "it has no occasion: name one in `on`"
        return ""

    def fault_of_shape(self) -> str:
        """Return what is wrong with labels or windows; empty if nothing is."""
        twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if twice:
            return f"it has a label twice: {', '.join(twice)}"
        return "" if self.windows else "it has no window, so it would never be shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace(Folded[E, Hit]):
    """Who was where: what the fold keeps of persons, without saying who they are. Views read it, and nobody else.

    Attributes:
        what: what one member of it did, in words.

    Raises:
        TypeError: its parts do not fit together.
    """

    what: str

    def __post_init__(self) -> None:
        fault = self.fault_of_events() or self.fault_of_shape()
        if fault or not isinstance(self.aggregate, Aggregate):
            raise TypeError(f"{self.called}: {fault or 'aggregate with one that folds events'}")
        if Window.FAIR in self.windows:
            raise TypeError(f"{self.called}: the fair is made of its days: keep the window day")


@dataclass(frozen=True, slots=True)
class Derived:
    """A number of persons, worked out from traces and the register when it is shown. It has no state of its own.

    Attributes:
        of: the traces that it reads; none if the register is enough.
        count: returns the number by label values for some days, or for some minutes. Pure.
        adds_days: whether the number of the fair is the sum of its days (visits) or is counted over all days.
    """

    of: "tuple[Trace[Any, Any], ...]"
    count: Callable[[People, Period], Mapping[LabelValues, int]]
    adds_days: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi(Folded[E, Hit]):
    """One number of the fair.

    Attributes:
        question: the question it answers; also its help text, panel description and row in the docs.
        source: where its definition comes from: an audit rule, a standard, a published practice.
        wide: whether it is summed within a worker, because it has one series per exhibitor, country or bucket.
            Otherwise each partition shows its own series, so that a moving partition is never counted twice.
        unscraped: windows that /kpis shows and /metrics does not, to stay below ten thousand series per worker.
        warn_above: the level above which operations should take a look; None if there is none.

    Raises:
        TypeError: its parts do not fit together.
    """

    question: str
    unit: Unit
    source: str
    wide: bool = False
    unscraped: tuple[Window, ...] = ()
    warn_above: float | None = None

    def __post_init__(self) -> None:
        own = self._fault_of_view() if isinstance(self.aggregate, Derived) else self.fault_of_events()
        if fault := own or self.fault_of_shape():
            raise TypeError(f"{self.called}: {fault}")

    @override
    def fault_of_events(self) -> str:
        # Not super(): a class with slots is made anew, and the old one would be meant.
        if fault := Folded.fault_of_events(self):
            return fault
        assert isinstance(self.aggregate, Aggregate)
        if Signal.DEAL_STATE in self.occasions and not (len(self.occasions) == 1 and type(self.aggregate) is Sum):
            return "a deal's state is taken back when it changes: name no other occasion, and aggregate with Sum"
        if Signal.REJECTED in self.occasions and (len(self.occasions) > 1 or self.windows != (Window.FAIR,)):
            return "a refused record has no time: name no other occasion, and only the window fair"
        return ""

    @override
    def fault_of_shape(self) -> str:
        if fault := Folded.fault_of_shape(self):
            return fault
        if not set(self.unscraped) <= set(self.windows):
            return "`unscraped` names a window that it does not have"
        return ""

    def _fault_of_view(self) -> str:
        view = self.aggregate
        assert isinstance(view, Derived)
        if self.on is not None or self.measure is not None:
            return "it is worked out from traces: leave `on` and `measure` out"
        if view.adds_days and Window.FAIR in self.windows and Window.DAY not in self.windows:
            return "the number of the fair is the sum of its days: show the window day as well"
        for window in self.windows:
            if window is not Window.FAIR and any(window not in trace.windows for trace in view.of):
                return f"a trace that it reads does not have the window {window}"
        return ""

    @property
    def metric(self) -> str:
        """Return the name of its family on /metrics."""
        return f"{PREFIX}{self.name}_seconds" if self.unit is Unit.SECONDS else f"{PREFIX}{self.name}"

    @property
    def scraped(self) -> tuple[Window, ...]:
        """Return the windows shown on /metrics."""
        return tuple(window for window in self.windows if window not in self.unscraped)
