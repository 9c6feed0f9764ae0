"""How values are combined: count, sum, distinct, tally, spaced, histogram. The order in which they come never matters.

A cell is the value of one aggregate for one group. A group is the label values joined into one text by the fold.
Every value has two forms: a change (what a chunk adds; plain data for the journal) and a total (kept in state).
`fold` adds a hit to a change, `absorb` adds a change to a total, `merge` combines the totals of several panes.
"""

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final, Generic, NewType

from pyroaring import BitMap
from typing_extensions import TypeVar, override

from streams.kpis.labels import LabelValues

Group = NewType("Group", str)
"""Label values joined into one text; only `streams.fold.groups` writes and reads it."""

Hit = TypeVar("Hit", default=Any)
"""The result of a KPI's measure, which its aggregate folds."""

GroupOf = Mapping[LabelValues, Group]
"""Finds the group for label values."""
Changes = dict[Group, Any]
"""What a chunk adds, per group: an int, a set of members, or a list of what the aggregate says."""
Totals = dict[Group, Any]
"""The total so far, per group: an int, a bitmap, or a list of what the aggregate says."""
Value = int | list[int]
"""A total as plain numbers; values of disjoint partitions add up."""


class Aggregate(ABC, Generic[Hit]):
    """One way to combine values.

    Attributes:
        hit: what a hit holds besides the label values, in words; empty if nothing.
    """

    __slots__ = ()
    kind: ClassVar[str]
    hit: ClassVar[str] = ""

    @abstractmethod
    def fold(self, changes: Changes, hit: Hit, groups: GroupOf) -> None:
        """Add a hit to the changes of a chunk. An invalid hit raises, here or when it is absorbed."""

    @abstractmethod
    def absorb(self, totals: Totals, changes: Changes) -> None:
        """Add the changes of a chunk to totals.

        Raises:
            TypeError, OverflowError: a change comes from an invalid hit.
        """

    def gather(self, totals: Totals, changes: Changes) -> None:
        """Add the changes of a chunk to the totals of a minute. Raises as `absorb`."""
        self.absorb(totals, changes)

    @abstractmethod
    def merge(self, totals: Sequence[Any]) -> Any:
        """Return the total over several panes or days of one partition; the empty total for none."""

    def value(self, total: Any) -> Value:
        """Return the total as plain numbers."""
        number: Value = total
        return number


def add(values: Iterable[Value]) -> Value:
    """Return the value over disjoint partitions. There must be at least one."""
    first, *rest = values
    for value in rest:
        if isinstance(first, int) and isinstance(value, int):
            first += value
        else:
            assert isinstance(first, list)
            assert isinstance(value, list)
            first = [a + b for a, b in zip(first, value, strict=True)]
    return first


def whole(number: Any) -> int:
    """Return the number if it is whole: sums of floats depend on the order.

    Raises:
        TypeError: it is not.
    """
    if type(number) is not int:
        raise TypeError("a number that is not whole")
    return number


class _Additive(Aggregate[Hit]):
    """Whole numbers that are added."""

    __slots__ = ()

    @override
    def absorb(self, totals: Totals, changes: Changes) -> None:
        get = totals.get
        for group, change in changes.items():
            totals[group] = get(group, 0) + whole(change)

    @override
    def merge(self, totals: Sequence[Any]) -> Any:
        return sum(totals)


@dataclass(frozen=True, slots=True)
class Count(_Additive[LabelValues]):
    """How often something happened. A hit is the label values."""

    kind: ClassVar[str] = "count"

    @override
    def fold(self, changes: Changes, hit: LabelValues, groups: GroupOf) -> None:
        group = groups[hit]
        changes[group] = changes.get(group, 0) + 1


@dataclass(frozen=True, slots=True)
class Sum(_Additive[tuple[LabelValues, int]]):
    """A signed amount in whole units. A hit is the label values and the amount."""

    kind: ClassVar[str] = "sum"
    hit: ClassVar[str] = "a whole number"

    @override
    def fold(self, changes: Changes, hit: tuple[LabelValues, int], groups: GroupOf) -> None:
        values, amount = hit
        group = groups[values]
        changes[group] = changes.get(group, 0) + amount


@dataclass(frozen=True, slots=True)
class Distinct(Aggregate[tuple[LabelValues, int]]):
    """An exact count of different members: Roaring bitmaps of dense numbers. A hit is the label values and the member.

    Members of different partitions are disjoint because the badge is the record key, so partitions add up.
    """

    kind: ClassVar[str] = "distinct"
    hit: ClassVar[str] = "a member: the moment's `badge` unless it is -1, or a result of its `number`"

    @override
    def fold(self, changes: Changes, hit: tuple[LabelValues, int], groups: GroupOf) -> None:
        values, member = hit
        group = groups[values]
        members = changes.get(group)
        if members is None:
            changes[group] = {whole(member)}  # one check tells the type of all; bitmaps refuse numbers below 0
        else:
            members.add(member)

    @override
    def absorb(self, totals: Totals, changes: Changes) -> None:
        for group, members in changes.items():
            bitmap = totals.get(group)
            if bitmap is None:
                totals[group] = BitMap(members)
            elif len(members) == 1:
                bitmap.add(next(iter(members)))
            else:
                bitmap.update(members)

    @override
    def merge(self, totals: Sequence[Any]) -> Any:
        return BitMap.union(*totals) if totals else BitMap()

    @override
    def value(self, total: Any) -> Value:
        return len(total)


Layers = list[BitMap]
"""Members in layers: a member that was met three times is in three of them."""


def times(layers: Layers, of: BitMap) -> int:
    """Return how often some members were met, all together."""
    return sum(layer.intersection_cardinality(of) for layer in layers)


@dataclass(frozen=True, slots=True)
class PerMember(Aggregate[tuple[LabelValues, int]]):
    """How often each member was met. A hit is the label values and the member. A total is `Layers`."""

    kind: ClassVar[str] = "tally"
    hit: ClassVar[str] = Distinct.hit

    @override
    def fold(self, changes: Changes, hit: tuple[LabelValues, int], groups: GroupOf) -> None:
        values, member = hit
        changes.setdefault(groups[values], []).append(whole(member))

    @override
    def absorb(self, totals: Totals, changes: Changes) -> None:
        for group, met in changes.items():
            layers = totals.setdefault(group, [])
            for one in met:
                free = next((layer for layer in layers if one not in layer), None)
                if free is None:
                    layers.append(BitMap((one,)))
                else:
                    free.add(one)

    @override
    def merge(self, totals: Sequence[Any]) -> Any:
        return [layer for layers in totals for layer in layers]

    @override
    def value(self, total: Any) -> Value:
        return sum(map(len, total))


INSTANT_BITS: Final = 42
"""Bits of an instant beside its member, in milliseconds since 1970: until the year 2109."""
SPACED_MEMBERS: Final = 1 << 64 - INSTANT_BITS
"""Members of a partition that can be told apart, about four million: each meeting with one beyond them counts."""
_FAR: Final = 1 << INSTANT_BITS
"""More than any two instants of a member are apart."""


@dataclass(frozen=True, slots=True)
class Spaced(Aggregate[tuple[LabelValues, int, int]]):
    """Meetings with members, of which those in quick succession are one. For days and single minutes.

    A hit is the label values, the member (-1 for nobody in particular, who is never met again) and the instant in
    milliseconds since 1970. It counts unless the member was met in the `gap` milliseconds before, both ends included.

    A total of a day is how many counted, how many there were, and the instants of all members, sorted: 8 bytes each.
    A total of a minute has only those without a member in the first place, and its members in any order: what came in
    the minutes before is in other panes. `spaced` puts them together.
    """

    gap: int
    kind: ClassVar[str] = "spaced"
    hit: ClassVar[str] = "a member or -1, and the moment's millisecond"

    @override
    def fold(self, changes: Changes, hit: tuple[LabelValues, int, int], groups: GroupOf) -> None:
        values, member, instant = hit
        change = changes.setdefault(groups[values], [0, []])
        if 0 <= whole(member) < SPACED_MEMBERS:
            change[1].append(member << INSTANT_BITS | whole(instant))
        else:
            change[0] += 1

    @override
    def absorb(self, totals: Totals, changes: Changes) -> None:
        for group, (unnamed, met) in changes.items():
            total = totals.get(group)
            if total is None:
                total = totals[group] = [0, 0, array("Q")]
            total[0] += unnamed
            total[1] += unnamed + len(met)
            for one in met:
                self._meet(total, one)

    @override
    def gather(self, totals: Totals, changes: Changes) -> None:
        for group, (unnamed, met) in changes.items():
            total = totals.get(group)
            if total is None:
                totals[group] = [unnamed, unnamed + len(met), array("Q", met)]
            else:
                total[0] += unnamed
                total[1] += unnamed + len(met)
                total[2].extend(met)

    def _meet(self, total: list[Any], one: int) -> None:
        met = total[2]
        at = bisect_left(met, one)
        before = met[at - 1] if at else -_FAR
        after = met[at] if at < len(met) else one + _FAR
        if after == one:
            return
        if one - before > self.gap:
            total[0] += 1
        if after - one <= self.gap < after - before:
            total[0] -= 1  # the one after it counted so far
        met.insert(at, one)

    @override
    def merge(self, totals: Sequence[Any]) -> Any:
        """Return the total of some minutes; those of days are never merged."""
        members = array("Q")
        for _, _, met in totals:
            members.extend(met)
        return [sum(total[0] for total in totals), sum(total[1] for total in totals), members]

    def spaced(self, total: Any, before: Any | None) -> int:
        """Return how many count in one minute.

        Args:
            total: of the minute.
            before: of the minutes before it in which the gap may begin; None if nobody was met then.
        """
        met: list[int] = sorted({*total[2], *(() if before is None else before[2])})
        its = set(total[2])
        alone = sum(one in its and one - earlier > self.gap for earlier, one in pairwise([-_FAR, *met]))
        unnamed: int = total[0]
        return unnamed + alone

    @override
    def value(self, total: Any) -> Value:
        count: int = total[0]
        return count


@dataclass(frozen=True, slots=True)
class Histogram(Aggregate[tuple[LabelValues, int]]):
    """The distribution of values. A hit is the label values and a value in milliseconds.

    A total is the count of each bucket (the last bucket has no upper bound), then the sum in milliseconds.

    Attributes:
        bounds: upper bounds of the buckets in milliseconds, inclusive, like `le` in Prometheus.
        cap: larger values count as this value; None for no cap.
    """

    bounds: tuple[int, ...]
    cap: int | None = None
    kind: ClassVar[str] = "histogram"
    hit: ClassVar[str] = "whole milliseconds"

    @override
    def fold(self, changes: Changes, hit: tuple[LabelValues, int], groups: GroupOf) -> None:
        values, value = hit
        if self.cap is not None and value > self.cap:
            value = self.cap
        group = groups[values]
        cell = changes.get(group)
        if cell is None:
            cell = changes[group] = [0] * (len(self.bounds) + 2)
        cell[bisect_left(self.bounds, value)] += 1
        cell[-1] += value

    @override
    def absorb(self, totals: Totals, changes: Changes) -> None:
        for group, change in changes.items():
            whole(change[-1])
            total = totals.get(group)
            totals[group] = list(change) if total is None else [a + b for a, b in zip(total, change, strict=True)]

    @override
    def merge(self, totals: Sequence[Any]) -> Any:
        return [sum(column) for column in zip([0] * (len(self.bounds) + 2), *totals, strict=True)]
