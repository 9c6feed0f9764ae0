"""What the numbers of a state mean, in eight hex digits: state of another meaning is not read.

The fingerprint is derived from the structure of KPIs, keys and records, the limits of time, and a part of the fair
file. Code is declared by versions: that of a KPI for its measure, FOLD_VERSION for the rest;
`python -m tests.kpis.digests` finds a version that was not raised.

Of the fair file these are left out, though admission and measures see them: halls, sections, booths, exhibits,
exhibitors, and gates that are not countable. Exhibitors come and change until the last evening, and each change would
fold the whole fair anew. So a correction counts from the moment a worker has it: events refused before stay refused
until they are redriven, and a lead of an exhibitor whose section was wrong stays in that section, beside the right one
if it comes again. Where that is not good enough, delete the journal topic: the fair is then folded anew.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from schemas.codes import Code
from schemas.events import type_of
from schemas.fair.model import Fair
from streams.fold.calendar import AHEAD, AROUND
from streams.fold.identity import EVENT_ID_BITS, TERMINAL_BITS, TOPIC_BITS, TOPIC_NUMBERS
from streams.fold.state import NOBODY, DealState, Delta, JournalRecord
from streams.kpis.definition import LONGEST, Kpi, Occasion

FOLD_VERSION: Final = 2
"""Raised when the same events leave another state through code alone: which events decoding and admission let through,
how an aggregate folds, how a deal is booked, how the journal spells numbers.
"""


def fingerprint(fair: Fair, kpis: Iterable[Kpi[Any, Any]], lateness_ms: int) -> str:
    """Return eight hex digits that change when state of before no longer means the same.

    Meaning is every folded KPI's key (with its version), occasions, labels, aggregate and windows; the fold's own
    version; the layout of journal records and event keys; which times are believed and how long panes are kept; what
    the fair file says about time, countable gates, visitors and money; and the allowed lateness. What is read from the
    days of another KPI has no state, and does not count.

    The journal bears the fingerprint in its name: a changed meaning starts an empty journal, and the fair is folded
    anew from offset 0 of the event topics.
    """
    meaning = [
        FOLD_VERSION,
        [(record.__name__, record.__struct_fields__) for record in (JournalRecord, Delta, DealState)],
        (EVENT_ID_BITS, TOPIC_BITS, TERMINAL_BITS, NOBODY),
        sorted(TOPIC_NUMBERS.items()),
        sorted(_structure(kpi) for kpi in kpis if kpi.occasions),
        (lateness_ms, LONGEST, str(AHEAD), str(AROUND)),
        fair.fair_id,
        fair.zone.key,
        [(str(day.date), str(day.opens), str(day.closes)) for day in fair.days],
        sorted(gate.gate_id for gate in fair.gates.values() if gate.countable),
        sorted(fair.visitor_roles),
        fair.host_country,
        fair.reporting_currency,
        sorted((code, str(info)) for code, info in fair.currencies.items()),
        sorted((code, str(rates)) for code, rates in fair.rates.items()),
    ]
    return hashlib.sha256(repr(meaning).encode()).hexdigest()[:8]


def _structure(kpi: Kpi[Any, Any]) -> tuple[str, ...]:
    """Return what the fold sees of a KPI, in words that no address, order of memory or release of Python changes."""
    occasions = sorted(map(_spelt, kpi.occasions))
    return kpi.key, *occasions, *map(str, kpi.labels), repr(kpi.aggregate), *sorted(map(str, kpi.windows))


def _spelt(occasion: Occasion) -> str:
    """Return a kind as "ScanKind entry", a class of events as its type."""
    return f"{type(occasion).__name__} {occasion}" if isinstance(occasion, Code) else type_of(occasion)
