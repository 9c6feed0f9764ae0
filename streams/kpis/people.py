"""Persons as the KPIs see them: who came, and what they count as. Worked out from traces and the register; pure.

At a fair with a register, the current registration alone says who somebody is, whatever came first. At any other fair
each scan says it: a person with two roles counts under both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pyroaring import BitMap

from schemas.fair.model import Fair
from schemas.profiles import Profile
from streams.kpis.labels import UNKNOWN, LabelValues
from streams.kpis.register import Register, Who

if TYPE_CHECKING:
    from streams.kpis.definition import Trace


class Span(NamedTuple):
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
    """The persons of one partition at one moment. What was worked out once is kept, so throw it away with the moment.

    Attributes:
        fair: the fair file.
        register: who the persons are; empty at a fair without a register.
        met: persons in accepted scans or interactions whom the register did not have then; empty without a register.
        totals: returns the totals of a trace over a span.
        days: all days with events, ascending.
    """

    fair: Fair
    register: Register
    met: BitMap
    totals: "Callable[[Trace[Any, Any], Span], TraceTotals]"
    days: tuple[str, ...]
    _kept: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def once(self, key: tuple[Any, ...], work: Callable[[], Any]) -> Any:
        """Return what some work gives; it is done once per key."""
        if key not in self._kept:
            self._kept[key] = work()
        return self._kept[key]

    def sorted_by_who(self, trace: "Trace[Any, Any]", day: str) -> Mapping[Who, BitMap]:
        """Return the members of a trace on a day by what they count as.

        The trace's last two labels are the role and the country that a scan claims, empty at a fair with a register.
        """
        found: Mapping[Who, BitMap] = self.once((trace.key, day), lambda: self._sorted(trace, day))
        return found

    def _sorted(self, trace: "Trace[Any, Any]", day: str) -> Mapping[Who, BitMap]:
        cells = self.totals(trace, Span((day,)))
        if not self.fair.badge_register:
            return {Who(role or UNKNOWN, country or UNKNOWN): members for (role, country), members in cells.items()}
        came = BitMap.union(BitMap(), *cells.values())
        found = {who: some for who, members in self.register.members.items() if (some := came & members)}
        if rest := came.difference(*found.values()) if found else came:
            found[Who(UNKNOWN, UNKNOWN)] = rest
        return found

    def visitors(self, profile: Profile | None = None) -> BitMap:
        """Return all persons who are visitors by a profile, the fair's own if none is given, and by the register."""
        chosen = profile or self.fair.profile
        found: BitMap = self.once(
            ("visitors", chosen.name),
            lambda: union(some for who, some in self.register.members.items() if who.role in chosen.visitors),
        )
        return found

    def before(self, day: str) -> Sequence[str]:
        """Return the days before one."""
        return [earlier for earlier in self.days if earlier < day]


def union(sets: Iterable[BitMap]) -> BitMap:
    """Return everybody who is in any of some sets; nobody without sets."""
    return BitMap.union(BitMap(), *sets)
