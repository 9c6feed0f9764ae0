"""What a KPI is: one constant that the fold, /metrics, the boards and the docs all read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.codes import Code
from schemas.events import Event
from streams.kpis.aggregates import Aggregate, Hit
from streams.kpis.labels import Label
from streams.kpis.moment import Moment

PREFIX = "fair_"
"""What every name on /metrics begins with."""

E = TypeVar("E")
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
        on: when it looks.
        measure: what an event adds, None if nothing. Pure.
        windows: over which spans it is kept and shown.
        wide: one series an exhibitor (or a country, or a bucket): summed within a worker. Otherwise each
            partition shows its own series, so that a moving partition is never counted twice.
        unscraped: windows that /kpis shows and /metrics does not, to stay below ten thousand series a worker.
        warn_above: where operations should look up; None if there is no such level.
        version: raised when the meaning changes; state of another version is not read.
    """

    name: str
    question: str
    unit: Unit
    source: str
    on: On[E]
    aggregate: Aggregate[Hit]
    measure: Callable[[E, Moment], Hit | None]
    windows: tuple[Window, ...]
    labels: tuple[Label, ...] = ()
    wide: bool = False
    unscraped: tuple[Window, ...] = ()
    warn_above: float | None = None
    version: int = 1

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
