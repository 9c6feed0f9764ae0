"""Compares the numbers on /kpis with those that the oracle recomputed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from schemas.errors import MustStop
from streams.audit.recount.oracle import WINDOWS, Oracle
from streams.audit.recount.times import epoch_ms
from streams.shown.answers import Number, pair, shown


def differences(oracle: Oracle, answers: Sequence[Mapping[str, Any]]) -> list[Number]:
    """Return the numbers in which the /kpis answers of all workers, added up, differ from the oracle; empty if none.

    Windows of minutes are compared only if they end at the same minute in all answers.

    Raises:
        MustStop: a KPI is shown that the oracle does not recompute.
    """
    return [number for number in numbers(oracle, answers, minutes=True) if number.differs]


def numbers(oracle: Oracle, answers: Sequence[Mapping[str, Any]], *, minutes: bool = False) -> Iterator[Number]:
    """Yield every number, shown or recomputed, of days and the fair; with `minutes` also of windows of minutes.

    Raises:
        MustStop: a KPI is shown that the oracle does not recompute.
    """
    for answer in answers:
        must_know(answer["kpis"])
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


def must_know(kpis: Iterable[str]) -> None:
    """Raise MustStop if one of these KPIs from /kpis is not recomputed. It would be compared with zero."""
    for name in kpis:
        if name not in WINDOWS:
            raise MustStop(
                f"the recount does not know the KPI {name}",
                hint="count it in streams/audit/recount/, and name it in counts.py there; a failing test says where",
            )
