"""The simulator's ledger against a worker's KPIs. The two share no code: one knows what it did, the other counted."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from typing_extensions import override

from streams.shown.answers import Report


class Difference(NamedTuple):
    """A number that is not what it must be."""

    kpi: str
    window: str
    labels: str
    live: int
    ledger: int

    @override
    def __str__(self) -> str:
        where = f"{self.kpi} {self.window} {self.labels}".rstrip()
        return f"{where}: live {self.live}, ledger {self.ledger}, difference {self.live - self.ledger:+d}"


def differences(report: Report, ledger: Report) -> list[Difference]:
    """Return every number of the ledger that the worker shows otherwise; a missing one counts as 0.

    Only day and fair windows stand in a ledger. A histogram is compared by its buckets and its sum.
    """
    found = []
    for name, booked in ledger["kpis"].items():
        live = _numbers(report["kpis"][name]["windows"])
        must = _numbers(booked)
        found += [
            Difference(name, *at, live.get(at, 0), must.get(at, 0))
            for at in sorted(live.keys() | must.keys())
            if at[0].split(" ")[0] in booked and live.get(at, 0) != must.get(at, 0)
        ]
    return found


def compared(ledger: Report) -> int:
    """Return how many numbers the ledger holds."""
    return sum(len(_numbers(booked)) for booked in ledger["kpis"].values())


def events_in(report: Report) -> int:
    """Return how many accepted events a report or a ledger counts over the fair."""
    kpi = report["kpis"]["events"]
    series = kpi.get("windows", kpi)["fair"]
    return sum(one["value"] for one in series)


def _numbers(windows: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    return {(window, labels): value for window, labels, value in _flat(windows)}


def _flat(windows: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    for window, values in windows.items():
        days = values.items() if isinstance(values, Mapping) else [("", values)]
        for day, series in days:
            where = f"{window} {day}".rstrip()
            for one in series:
                labels = ",".join(f"{label}={value}" for label, value in sorted(one["labels"].items()))
                value = one["value"]
                if isinstance(value, Mapping):
                    for at, count in enumerate([*value["buckets"], value["sum"]]):
                        yield where, f"{labels} #{at}".strip(), count
                else:
                    yield where, labels, value
