"""Persons as the KPIs see them: what they count as. Worked out from traces and the register; pure.

At a fair with a register, the current registration alone says who somebody is, whatever came first. At any other fair
each scan says it: a person with two roles counts under both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pyroaring import BitMap

from schemas.fair.model import Fair
from streams.kpis.labels import LabelValues
from streams.kpis.register import Registrants

if TYPE_CHECKING:
    from streams.kpis.definition import Trace


class Period(NamedTuple):
    """Some days of the fair, or else some minutes.

    Attributes:
        days: venue-local dates such as 2025-09-10, ascending.
        minutes: since 1970; None for whole days.
    """

    days: tuple[str, ...] = ()
    minutes: range | None = None


TraceTotals = Mapping[LabelValues, Any]
"""Totals of a trace by label values."""


@dataclass(slots=True)
class People:
    """The persons of one partition at one moment. It keeps each result, so throw it away with the moment.

    Attributes:
        fair: the fair file.
        register: who the persons are; empty at a fair without a register.
        met: persons in accepted scans or interactions whom the register did not have then; empty without a register.
        totals: returns the totals of a trace over a span.
        days: all days with events, ascending.
    """

    fair: Fair
    register: Registrants
    met: BitMap
    totals: "Callable[[Trace[Any, Any], Period], TraceTotals]"
    days: tuple[str, ...]
    _worked_out: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def once(self, key: tuple[Any, ...], work: Callable[[], Any]) -> Any:
        """Return what some work gives; it is done once per key."""
        if key not in self._worked_out:
            self._worked_out[key] = work()
        return self._worked_out[key]

    @property
    def registered(self) -> BitMap:
        """All persons in the register."""
        found: BitMap = self.once(("registered",), lambda: union(self.register.by_role.values()))
        return found

    def in_roles(self, roles: Iterable[str]) -> BitMap:
        """Return all persons who have one of some roles in the register."""
        chosen = frozenset(roles)
        found: BitMap = self.once(
            ("in_roles", chosen), lambda: union(self.register.by_role.get(role, BitMap()) for role in chosen)
        )
        return found

    @property
    def visitors(self) -> BitMap:
        """All persons who are visitors by the fair's profile and by the register."""
        return self.in_roles(self.fair.profile.visitors)

    def seen(self, trace: "Trace[Any, Any]", span: Period) -> BitMap:
        """Return all members of a trace over a span, whatever its labels say."""
        return union(self._seen(trace, day) for day in span.days)

    def _seen(self, trace: "Trace[Any, Any]", day: str) -> BitMap:
        found: BitMap = self.once(("seen", trace.key, day), lambda: union(self.totals(trace, Period((day,))).values()))
        return found

    def before(self, day: str) -> Sequence[str]:
        """Return the days before one."""
        return [earlier for earlier in self.days if earlier < day]


def union(sets: Iterable[BitMap]) -> BitMap:
    """Return everybody who is in any of some sets; nobody without sets."""
    return BitMap.union(BitMap(), *sets)
