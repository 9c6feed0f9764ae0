"""The message of a red test after a KPI was added or changed: which numbers differ, and how to correct either side."""

from collections.abc import Callable, Iterable
from typing import Any

from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Derived, Kpi, Signal
from streams.shown.answers import Number

ORACLE = "streams/audit/recount/counts.py"
LEDGER = "producers/play/simulator/ledger.py"
MOST_LINES = 20
"""Most numbers in a message: one missing line can make thousands of them differ."""


def recount_remedy(kpi: Kpi[Any, Any]) -> str:
    """Return the additions to the recount for a KPI of its kind."""
    labels = f"by {' and '.join(kpi.labels)}" if kpi.labels else "without labels"
    needs = "; what it needs of the fair file is read in streams/audit/recount/fair.py"
    where = "where the event is taken, in oracle.py there"
    if Signal.DEAL_STATE in kpi.occasions:
        where = "in deals.py there"
    elif isinstance(kpi.aggregate, Derived):
        where = "from its persons, in visits.py or floor.py there"
    return f'in {ORACLE} let WINDOWS say "{kpi.name}": "{" ".join(kpi.windows)}", and count it {where}, {labels}{needs}'


def ledger_remedy(kpi: Kpi[Any, Any]) -> str:
    """Return the additions to the ledger for a KPI of its kind."""
    place = "where its fact is booked"
    if isinstance(kpi.aggregate, Derived):
        place = "from its persons"
    elif Signal.DEAL_STATE in kpi.occasions:
        place = "in _settle_deals"
    return f'in {LEDGER} let LABELS say "{kpi.name}": {tuple(map(str, kpi.labels))}, and count it {place}'


def measure_remedy(kpi: Kpi[Any, Any]) -> str:
    """Return where the code is that counts for a KPI."""
    what, code = ("its measure", kpi.measure) if kpi.measure else ("its view", getattr(kpi.aggregate, "count", None))
    assert code is not None
    return f"put {what} in {code.__module__.replace('.', '/')}.py right"


def told(found: Iterable[Number]) -> str:
    """Return the numbers in which fold and recount differ, and for each KPI how to correct either."""
    return _told(found, "the fold", measure_remedy)


def told_of_ledger(found: Iterable[Number]) -> str:
    """Return the numbers in which ledger and recount differ, and for each KPI how to correct either."""
    return _told(found, "the ledger", ledger_remedy)


def _told(found: Iterable[Number], book: str, remedy: Callable[[Kpi[Any, Any]], str]) -> str:
    numbers = list(found)
    lines = [
        f"{one.name}{{{one.labels}}} [{one.window}]: {book} gives {one.live}, the recount gives {one.recomputed}"
        for one in numbers[:MOST_LINES]
    ]
    if len(numbers) > MOST_LINES:
        lines.append(f"... and {len(numbers) - MOST_LINES} more")
    names = {one.name for one in numbers}
    lines += [
        f"{kpi.name}: if the recount is right, {remedy(kpi)}; if {book} is right, {recount_remedy(kpi)}"
        for kpi in ALL_KPIS
        if kpi.name in names
    ]
    return "\n".join(lines)
