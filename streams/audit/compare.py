"""What the product shows on /kpis beside what the oracle recomputed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from streams.audit.oracle import WINDOWS, Labels, Oracle, Value
from streams.audit.oracle_rules import epoch_ms


@dataclass(frozen=True, slots=True)
class Number:
    """One number as the product shows it and as the oracle recomputes it; 0 where there is none.

    Attributes:
        window: `fair`, a date, or minutes (`15m`).
        labels: `booth=A-1, hall=1`; empty without labels.
    """

    name: str
    window: str
    labels: str
    live: Value
    recomputed: Value

    @property
    def differs(self) -> bool:
        """Whether the two part; a histogram that saw nothing is as good as none."""
        return self.live != self.recomputed and any(map(any, map(_parts, (self.live, self.recomputed))))

    @override
    def __str__(self) -> str:
        where = f"{self.name}{{{self.labels}}} [{self.window}]"
        if isinstance(self.live, int) and isinstance(self.recomputed, int):
            return f"{where}: live {self.live}, recomputed {self.recomputed}, {self.live - self.recomputed:+}"
        return f"{where}: live {self.live}, recomputed {self.recomputed} (count, sum in ms, buckets)"


def differences(oracle: Oracle, answers: Sequence[Mapping[str, Any]]) -> list[Number]:
    """Compare what all workers answer on /kpis, added up, with the oracle; no difference, empty list.

    Windows of minutes are compared if all workers end them at the same minute.
    """
    return [number for number in numbers(oracle, answers, minutes=True) if number.differs]


def numbers(oracle: Oracle, answers: Sequence[Mapping[str, Any]], *, minutes: bool = False) -> Iterator[Number]:
    """Yield every number that is shown or recomputed, of days and the fair; also of windows of minutes if asked."""
    expected = oracle.kpis()
    ends = {answer["window_end"] for answer in answers}
    end = ends.pop() if len(ends) == 1 and minutes else None
    for name in sorted({*expected, *(name for answer in answers for name in answer["kpis"])}):
        mine = dict(expected.get(name, {}))
        for window in WINDOWS.get(name, "").split():
            if end is not None and window.endswith("m"):
                mine[window] = oracle.window(name, int(window[:-1]), epoch_ms(end) // 60_000)
        theirs = shown(name, answers)
        for window in sorted({*mine, *theirs}):
            if window.endswith("m") and end is None:
                continue
            yield from pair(name, window, theirs.get(window, {}), mine.get(window, {}))


def pair(name: str, window: str, live: Mapping[Labels, Value], other: Mapping[Labels, Value]) -> Iterator[Number]:
    """Yield the numbers of one window side by side; a missing one is 0."""
    for key in sorted({*live, *other}, key=sorted):
        labels = ", ".join(f"{label}={value}" for label, value in sorted(key))
        yield Number(name, window, labels, live.get(key, 0), other.get(key, 0))


def shown(name: str, answers: Sequence[Mapping[str, Any]]) -> dict[str, dict[Labels, Value]]:
    """Return one KPI of the /kpis answers of all workers, added up, by window (days by their date)."""
    windows: dict[str, dict[Labels, Value]] = defaultdict(dict)
    for answer in answers:
        for window, content in answer["kpis"].get(name, {}).get("windows", {}).items():
            for label, series in content.items() if window == "day" else [(window, content)]:
                for one in series:
                    key, value = frozenset(one["labels"].items()), one["value"]
                    if isinstance(value, Mapping):
                        value = (value["count"], value["sum"], *value["buckets"])
                    windows[label][key] = _plus(windows[label].get(key), value)
    return windows


def _parts(value: Value) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else value


def _plus(one: Value | None, other: Value) -> Value:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(map(sum, zip(one, other, strict=True)))
    if isinstance(one, tuple) or isinstance(other, tuple):
        return other
    return (one or 0) + other
