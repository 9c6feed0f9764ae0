"""Which KPIs look at which event, and at what else the fold notices: worked out once, from what both declare.

An event's class says by the types of its fields whose badge it bears and which kind of it there are; a KPI says on what
it looks. So a new class of events needs no line here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from schemas.codes import Code
from schemas.errors import MustStop
from schemas.events import DealRevision, Event, fields_of
from schemas.fair.model import Fair
from schemas.ids import BadgeRef
from schemas.topics import EVENT_CLASSES
from streams.fold.groups import Groups
from streams.kpis.aggregates import Aggregate, Changes
from streams.kpis.definition import Kpi, Occasion, Signal
from streams.kpis.moment import Moment

Step = tuple[str, Callable[[Any, Moment], Any], Callable[[Changes, Any, Groups], None], Groups]
"""One KPI at work: its key, its measure, how its aggregate folds a hit, and its groups."""

Plan = tuple[Step, ...]
"""The KPIs that look at one occasion, in the order of the catalogue."""

Route = tuple[Callable[[Event], str | None], Callable[[Event], Any], Mapping[Code, Plan], Plan, bool]
"""How the events of one class are folded; plain tuples, which unpack twice as fast as named ones. In this order:

how to read an event's badge (None if it bears none); how to read which kind of event it is (None if its class says
all); the plans by kind; the plan of any other kind; whether it is a deal's revision, from which the deal's state
follows. Each of these plans has the KPIs that look at every accepted event, too.
"""


class Plans:
    """All plans of some KPIs at one fair.

    Attributes:
        routes: by class of events.
        groups: by key of a KPI.
        signals: by what the fold itself notices; every signal is there.

    Raises:
        MustStop: a KPI looks on what no event can be.
    """

    def __init__(self, kpis: Sequence[Kpi[Any, Any]], fair: Fair) -> None:
        self._kpis = kpis
        self.groups = {kpi.key: Groups(kpi, fair) for kpi in kpis if kpi.measure is not None}
        self._kinds = {type(one) for kpi in kpis for one in kpi.occasions if isinstance(one, Code)} - {Signal}
        self.signals: Mapping[Signal, Plan] = {signal: self._plan(signal) for signal in Signal}
        self.routes: Mapping[type[Event], Route] = {cls: self._route(cls) for cls in EVENT_CLASSES}
        self._refuse_impossible()

    def _plan(self, *occasions: Occasion) -> Plan:
        wanted = set(map(_typed, occasions))
        return tuple(
            (kpi.key, kpi.measure, kpi.aggregate.fold, self.groups[kpi.key])
            for kpi in self._kpis
            if isinstance(kpi.aggregate, Aggregate)
            and kpi.measure is not None
            and not wanted.isdisjoint(map(_typed, kpi.occasions))
        )

    def _route(self, cls: type[Event]) -> Route:
        badges, kinds = fields_of(cls, BadgeRef), self._kinds_of(cls)
        if len(badges) > 1 or len(kinds) > 1:
            raise MustStop(
                f"{cls.__name__} has several badges or kinds: {', '.join([*badges, *kinds])}",
                hint="an event is of one badge, and KPIs tell its kinds apart by one field; see schemas/events.py",
            )
        plans = {kind: self._plan(kind, cls, Signal.ACCEPTED) for field in kinds for kind in kinds[field]}
        others = self._plan(cls, Signal.ACCEPTED)
        return _field(badges), _field(kinds), plans, others, issubclass(cls, DealRevision)

    def _kinds_of(self, cls: type[Event]) -> dict[str, type[Code]]:
        """Return the fields of a class by whose words some KPI looks at events."""
        return {field: words for words in self._kinds for field in fields_of(cls, words)}

    def _refuse_impossible(self) -> None:
        kinds = (kind for _, _, plans, _, _ in self.routes.values() for kind in plans)
        possible = set(map(_typed, (*Signal, *self.routes, *kinds)))
        for kpi in self._kpis:
            for occasion in kpi.occasions:
                if _typed(occasion) not in possible:
                    raise MustStop(
                        f"KPI {kpi.name} looks on {occasion!r}, which no event can be",
                        hint="name its class of events in a topic's `events` in schemas/topics.py",
                    )


def _typed(occasion: Occasion) -> tuple[type, Occasion]:
    """Return an occasion with its type: the same word of two lists is two kinds."""
    return type(occasion), occasion


def _field(names: Iterable[str]) -> Callable[[Event], Any]:
    """Return how to read the one field of an event, or None if there is no such field."""
    for name in names:
        return attrgetter(name)
    return lambda _: None
