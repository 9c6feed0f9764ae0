"""Plans: which KPIs look at which events and signals, worked out once from the declarations of both.

The field types of an event class show where its badge is and which kinds it has; a KPI declares its occasions. So a
new class of events needs no code here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any

from schemas.codes import Code
from schemas.errors import MustStop
from schemas.events import BadgeRegistered, DealRevision, Event, fields_of
from schemas.fair.model import Fair
from schemas.ids import BadgeRef
from schemas.partitioning import BY_KEY
from schemas.topics import EVENT_TOPICS, Topic
from streams.fold.groups import Groups
from streams.kpis.aggregates import Aggregate, Changes
from streams.kpis.definition import Folded, Occasion, Signal
from streams.kpis.moment import Moment

Step = tuple[str, Callable[[Any, Moment], Any], Callable[[Changes, Any, Groups], None], Groups]
"""One KPI or trace in a plan: its key, its measure, the function that folds a hit, and its groups."""

Plan = tuple[Step, ...]
"""The KPIs and traces that look at one occasion, in the order of the catalogue."""


class Keeps(Enum):
    """The state that the fold keeps of a class of events besides its KPIs."""

    NOTHING = "nothing"
    DEAL = "deal"
    """Revisions of a deal, from which the deal's state follows."""
    REGISTRATION = "registration"
    """The words of the register on a person. It is not an event of the fair, so no KPI looks at it."""


Route = tuple[Callable[[Event], str | None], Callable[[Event], Any], Mapping[Code, Plan], Plan, Keeps]
"""How the events of one class are folded. A plain tuple, which unpacks twice as fast as a named one, of

1. the function that reads an event's badge (None for an event without one);
2. the function that reads an event's kind (None if the class has no kinds);
3. the plans by kind;
4. the plan for any other kind;
5. what is kept of them besides.

All these plans also contain the KPIs that look at every accepted event.
"""


class Plans:
    """All plans of some KPIs and traces at one fair.

    Attributes:
        routes: by class of events.
        groups: by key of a KPI.
        signals: the plan of every signal.

    Raises:
        MustStop: a KPI has an occasion that no event can have, or a badge of an event does not choose its partition.
    """

    def __init__(self, kpis: Sequence[Folded[Any, Any]], fair: Fair) -> None:
        self._kpis = kpis
        self.groups = {kpi.key: Groups(kpi, fair) for kpi in kpis if kpi.measure is not None}
        self._kinds = {type(one) for kpi in kpis for one in kpi.occasions if isinstance(one, Code)} - {Signal}
        self.signals: Mapping[Signal, Plan] = {signal: self._plan(signal) for signal in Signal}
        self.routes: Mapping[type[Event], Route] = {
            cls: self._route(topic, cls) for topic in EVENT_TOPICS for cls in topic.events
        }
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

    def _route(self, topic: Topic, cls: type[Event]) -> Route:
        badges, kinds = fields_of(cls, BadgeRef), self._kinds_of(cls)
        if badges and (badges[0] != topic.key[0] or topic.partitioner != BY_KEY):
            raise MustStop(
                f"{cls.__name__} has a badge that does not choose its partition, and all events of a badge share one",
                hint=f"make {badges[0]} the first field of the key of {topic.name}, with BY_KEY, in schemas/topics.py",
            )
        if len(badges) > 1 or len(kinds) > 1:
            raise MustStop(
                f"{cls.__name__} has several badges or kinds: {', '.join([*badges, *kinds])}",
                hint="an event has one badge, and all KPIs select its kinds by the same field; see schemas/events.py",
            )
        plans = {kind: self._plan(kind, cls, Signal.ACCEPTED) for field in kinds for kind in kinds[field]}
        others = self._plan(cls, Signal.ACCEPTED)
        return _field(badges), _field(kinds), plans, others, _keeps(cls)

    def _kinds_of(self, cls: type[Event]) -> dict[str, type[Code]]:
        """Return the fields of a class by which some KPI selects events, with the type of each."""
        return {field: words for words in self._kinds for field in fields_of(cls, words)}

    def _refuse_impossible(self) -> None:
        kinds = (kind for _, _, plans, _, _ in self.routes.values() for kind in plans)
        possible = set(map(_typed, (*Signal, *self.routes, *kinds)))
        for kpi in self._kpis:
            for occasion in kpi.occasions:
                if _typed(occasion) not in possible:
                    raise MustStop(
                        f"{kpi.called} has the occasion {occasion!r}, which no event can have",
                        hint="name its class of events in a topic's `events` in schemas/topics.py",
                    )


def _keeps(cls: type[Event]) -> Keeps:
    if issubclass(cls, BadgeRegistered):
        return Keeps.REGISTRATION
    return Keeps.DEAL if issubclass(cls, DealRevision) else Keeps.NOTHING


def _typed(occasion: Occasion) -> tuple[type, Occasion]:
    """Return an occasion with its type: the same word in two lists means two kinds."""
    return type(occasion), occasion


def _field(names: Iterable[str]) -> Callable[[Event], Any]:
    """Return the function that reads this one field of an event; it returns None if no field is named."""
    for name in names:
        return attrgetter(name)
    return lambda _: None
