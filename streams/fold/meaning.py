"""What the numbers of a state mean, in eight hex digits: state of another meaning is not read."""

import hashlib
from collections.abc import Iterable
from typing import Any

from schemas.fair.model import Fair
from streams.kpis.definition import Kpi


def fingerprint(fair: Fair, kpis: Iterable[Kpi[Any, Any]], lateness_ms: int) -> str:
    """Return eight hex digits that change when state of before no longer means the same.

    Meaning is every KPI's key, labels, aggregate and windows, what the fair file says about time, countable gates,
    visitors and money, and the allowed lateness. The journal bears the fingerprint in its name: a changed meaning
    starts an empty journal, and the fair is folded anew from offset 0 of the event topics.
    """
    meaning = [
        [(kpi.key, kpi.labels, repr(kpi.aggregate), kpi.windows) for kpi in kpis if kpi.occasions],
        lateness_ms,
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
