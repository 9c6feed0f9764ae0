"""The fingerprint: eight hex digits for the meaning of a state. A worker never reads state of another meaning.

The fingerprint is derived from the structure of KPIs, keys and records, the limits of time, and a part of the fair
file. Versions stand for code: a KPI's version for its measure, FOLD_VERSION for the rest.
`python -m tests.kpis.digests` finds a version that should have been raised.

Some parts of the fair file are left out, although admission and measures use them: halls, sections, booths, exhibits,
exhibitors, and gates that are not countable. Exhibitors are added and changed until the last evening, and each change
would fold the whole fair again. So a correction counts from the moment when a worker has it. Events refused before
stay refused until they are redriven. The section of a lead is looked up when it is shown. Where that is not good
enough, start all workers with the next FAIRPULSE_GENERATION: the fair is then folded again.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from schemas.codes import Code
from schemas.events import type_of
from schemas.fair.model import Fair
from schemas.witness import Witness
from streams.fold.calendar import AHEAD, AROUND
from streams.fold.identity import EVENT_ID_BITS, TERMINAL_BITS, TOPIC_BITS, TOPIC_NUMBERS
from streams.fold.state import NOBODY, DealState, Delta, JournalRecord, PersonRevision
from streams.kpis.definition import LONGEST, Folded, Occasion
from streams.kpis.register import Content

FOLD_VERSION: Final = 5
"""Raised whenever a code change makes the same events give another state: which events decoding and admission accept,
how an aggregate folds, how a deal is booked, how the journal writes numbers.
"""


def fingerprint(fair: Fair, folded: Iterable[Folded[Any, Any]], lateness_ms: int) -> str:
    """Return eight hex digits that change when the meaning of the state changes.

    The meaning covers

    * the key (with its version), occasions, labels, aggregate and windows of every trace and folded KPI;
    * the fold's own version, and the layout of journal records and event keys;
    * which times are believed, how long panes are kept, and the allowed lateness;
    * what the fair file says about time, countable gates, the register of badges and money.

    A KPI that is a view has no state, so it is left out, and so are the audit profiles and the host country: they are
    asked when a number is shown.

    The journal has the fingerprint in its name. A new meaning starts with an empty journal, and the fair is folded
    again from offset 0 of the event topics.
    """
    records = (JournalRecord, Delta, DealState, PersonRevision, Witness)
    meaning = [
        FOLD_VERSION,
        [(record.__name__, record.__struct_fields__) for record in records],
        Content._fields,
        (EVENT_ID_BITS, TOPIC_BITS, TERMINAL_BITS, NOBODY),
        sorted(TOPIC_NUMBERS.items()),
        sorted(_structure(kpi) for kpi in folded),
        (lateness_ms, LONGEST, str(AHEAD), str(AROUND)),
        fair.fair_id,
        fair.zone.key,
        [(str(day.date), str(day.opens), str(day.closes)) for day in fair.days],
        sorted(gate.gate_id for gate in fair.gates.values() if gate.countable),
        fair.badge_register,
        fair.reporting_currency,
        sorted((code, str(info)) for code, info in fair.currencies.items()),
        sorted((code, str(rates)) for code, rates in fair.rates.items()),
    ]
    return hashlib.sha256(repr(meaning).encode()).hexdigest()[:8]


def _structure(kpi: Folded[Any, Any]) -> tuple[str, ...]:
    """Return the parts of a KPI that the fold uses, as texts that are the same in every process and Python release."""
    occasions = sorted(map(_spelt, kpi.occasions))
    return kpi.key, *occasions, *map(str, kpi.labels), repr(kpi.aggregate), *sorted(map(str, kpi.windows))


def _spelt(occasion: Occasion) -> str:
    """Return a kind in the form "ScanKind entry", and a class of events as its type."""
    return f"{type(occasion).__name__} {occasion}" if isinstance(occasion, Code) else type_of(occasion)
