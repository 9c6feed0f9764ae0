"""The workers' answers on /kpis, added up and set beside the numbers of another source."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

Report = Mapping[str, Any]
"""A worker's answer on /kpis. A replay and the simulator's ledger give the same shape."""

Labels = frozenset[tuple[str, str]]
ShownValue = int | tuple[int, ...]
"""A number; for a histogram its count, its sum in milliseconds, then the count of each bucket."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number as the product shows it and as the oracle recomputes it; 0 if a side does not have it.

    Attributes:
        window: `fair`, a date, or minutes (`15m`).
        labels: for example `booth=A-1, hall=1`; empty without labels.
    """

    name: str
    window: str
    labels: str
    live: ShownValue
    recomputed: ShownValue

    @property
    def differs(self) -> bool:
        """Whether the two differ; an empty histogram equals a missing one."""
        return self.live != self.recomputed and any(map(any, map(_parts, (self.live, self.recomputed))))

    @override
    def __str__(self) -> str:
        where = f"{self.name}{{{self.labels}}} [{self.window}]"
        if isinstance(self.live, int) and isinstance(self.recomputed, int):
            return f"{where}: live {self.live}, recomputed {self.recomputed}, {self.live - self.recomputed:+}"
        return f"{where}: live {self.live}, recomputed {self.recomputed} (count, sum in ms, buckets)"


def pair(
    name: str, window: str, live: Mapping[Labels, ShownValue], other: Mapping[Labels, ShownValue]
) -> Iterator[Number]:
    """Yield the numbers of one window with both their values; a missing value is 0."""
    for key in sorted({*live, *other}, key=sorted):
        labels = ", ".join(f"{label}={value}" for label, value in sorted(key))
        yield Number(name, window, labels, live.get(key, 0), other.get(key, 0))


def shown(name: str, answers: Sequence[Mapping[str, Any]]) -> dict[str, dict[Labels, ShownValue]]:
    """Return one KPI from the /kpis answers of all workers, added up, by window (days by their date)."""
    windows: dict[str, dict[Labels, ShownValue]] = defaultdict(dict)
    for answer in answers:
        for window, content in answer["kpis"].get(name, {}).get("windows", {}).items():
            for label, series in content.items() if window == "day" else [(window, content)]:
                for one in series:
                    key, value = frozenset(one["labels"].items()), one["value"]
                    if isinstance(value, Mapping):
                        value = (value["count"], value["sum"], *value["buckets"])
                    windows[label][key] = _plus(windows[label].get(key), value)
    return windows


def _parts(value: ShownValue) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else value


def _plus(one: ShownValue | None, other: ShownValue) -> ShownValue:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(map(sum, zip(one, other, strict=True)))
    if isinstance(one, tuple) or isinstance(other, tuple):
        return other
    return (one or 0) + other
