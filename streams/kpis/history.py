"""KPIs about the days on which a person was at the fair, read from the days of another KPI. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pyroaring import BitMap
from typing_extensions import override

from streams.kpis.definition import History, Kpi, Window


@dataclass(frozen=True, slots=True)
class FirstTime(History):
    """Persons who came on a day and on no earlier day. Over the fair that is everybody: use a `Distinct` KPI."""

    of: Kpi[Any, Any]
    windows: ClassVar[frozenset[Window]] = frozenset({Window.DAY})

    @override
    def on_day(self, days: Mapping[str, BitMap], day: str) -> BitMap:
        return days[day] - _before(days, day)

    @override
    def over_fair(self, days: Mapping[str, BitMap]) -> BitMap:
        return BitMap.union(*days.values())


@dataclass(frozen=True, slots=True)
class Returning(History):
    """Persons who came on a day and on an earlier day too; over the fair, those who came on two days or more."""

    of: Kpi[Any, Any]
    windows: ClassVar[frozenset[Window]] = frozenset({Window.DAY, Window.FAIR})

    @override
    def on_day(self, days: Mapping[str, BitMap], day: str) -> BitMap:
        return days[day] & _before(days, day)

    @override
    def over_fair(self, days: Mapping[str, BitMap]) -> BitMap:
        return BitMap.union(BitMap(), *(self.on_day(days, day) for day in days))


def _before(days: Mapping[str, BitMap], day: str) -> BitMap:
    """Return everybody who came on any earlier day. Days are texts such as 2025-09-10, which sort by date."""
    return BitMap.union(BitMap(), *(members for earlier, members in days.items() if earlier < day))
