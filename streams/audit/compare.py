"""What the product shows on /kpis beside what the oracle recomputed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from streams.audit.oracle import WINDOWS, Labels, Oracle, Value
from streams.audit.oracle_rules import epoch_ms


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the product's answer and the oracle's part."""

    name: str
    window: str
    labels: str
    live: Value
    recomputed: Value

    @override
    def __str__(self) -> str:
        where = f"{self.name}{{{self.labels}}} [{self.window}]"
        if isinstance(self.live, int) and isinstance(self.recomputed, int):
            return f"{where}: live {self.live}, recomputed {self.recomputed}, {self.live - self.recomputed:+}"
        return f"{where}: live {self.live}, recomputed {self.recomputed} (count, sum in ms, buckets)"


def differences(oracle: Oracle, answers: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Compare what all workers answer on /kpis, added up, with the oracle; no difference, empty list.

    Windows of minutes are compared if all workers end them at the same minute.
    """
    expected = oracle.kpis()
    names = sorted({*expected, *(name for answer in answers for name in answer["kpis"])})
    ends = {answer["window_end"] for answer in answers}
    end = ends.pop() if len(ends) == 1 else None
    found = []
    for name in names:
        mine = dict(expected.get(name, {}))
        for window in WINDOWS.get(name, "").split():
            if end is not None and window.endswith("m"):
                mine[window] = oracle.window(name, int(window[:-1]), epoch_ms(end) // 60_000)
        theirs = shown(name, answers)
        for window in sorted({*mine, *theirs}):
            if window.endswith("m") and end is None:
                continue
            left, right = theirs.get(window, {}), mine.get(window, {})
            for key in sorted({*left, *right}, key=sorted):
                live, recomputed = left.get(key, 0), right.get(key, 0)
                if live != recomputed and any((live,) if isinstance(live, int) else live) | bool(recomputed):
                    labels = ", ".join(f"{label}={value}" for label, value in sorted(key))
                    found.append(Difference(name, window, labels, live, recomputed))
    return found


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


def _plus(one: Value | None, other: Value) -> Value:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(map(sum, zip(one, other, strict=True)))
    if isinstance(one, tuple) or isinstance(other, tuple):
        return other
    return (one or 0) + other
