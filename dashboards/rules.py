"""Recording rules: numbers that are not sums of series (distinct countries, booths), and those that alerts share."""

from collections.abc import Mapping
from typing import Any, Final

from dashboards.boards.shared import SCANNED, SILENT, load, pressure
from dashboards.queries import FOLDS, LAG, terminals_silent, total
from dashboards.scraping import FACTS_SECONDS
from streams.kpis.booths import BOOTH_VISITORS
from streams.kpis.definition import Window
from streams.kpis.gates import GATE_PASSAGES
from streams.kpis.labels import UNKNOWN, Label
from streams.kpis.quality import EVENTS, REJECTED_EVENTS
from streams.kpis.visits import VISITORS_BY_COUNTRY

KNOWN_COUNTRY = f'country!="{UNKNOWN}"'
_COUNTABLE = 'max by (gate) (fair_gate_info{countable="yes"})'

RULES: Final[Mapping[str, str]] = {
    # The fair's own clock: the wall clock during a fair, the events' time in a replay.
    "fair:time": "max(fair_window_end_timestamp_seconds)",
    "fair:open": "max((max by (day) (fair_opens_timestamp_seconds) <= bool scalar(fair:time))"
    " * (max by (day) (fair_closes_timestamp_seconds) > bool scalar(fair:time)))",
    "fair:countries": f"count({total(VISITORS_BY_COUNTRY, Window.FAIR, Label.COUNTRY, where=KNOWN_COUNTRY)} > 0)",
    # Without this rule, a panel over a day and 1,820 booths takes three quarters of a second.
    "fair:booth_visitors_average": f"avg({total(BOOTH_VISITORS, Window.DAY, Label.BOOTH)})",
    "fair:active_booths": f"count({SCANNED} > 0)",
    "fair:silent_booths": f"count({SILENT}) or fair:active_booths * 0",
    "fair:terminals_silent": terminals_silent(),
    "fair:hall_load": load(),
    "fair:gate_pressure": pressure(),
    "fair:gate_passages": total(GATE_PASSAGES, Window.M15, Label.GATE),
    "fair:gate_idle": f"{_COUNTABLE} unless (fair:gate_passages > 0) and (max_over_time(fair:gate_passages[1h]) > 0)"
    f" and on () (max({FOLDS}) == 1)",
    "fair:rejected_events": total(REJECTED_EVENTS, Window.FAIR),
    # Counted since the gateways started: a rate would miss the first burst of a new reason.
    "fair:gateway_rejected_events": "sum by (reason) (fair_gateway_rejected_events_total)",
    "fair:events": total(EVENTS, Window.FAIR),
    "fair:partitions": "count(max by (partition) (fair_worker_remembered_events))",
    "fair:lag": f"sum(max by (topic, partition) ({LAG}))",
    "fair:partition_lag": f"sum by (partition) (max by (topic, partition) ({LAG}))",
    "fair:watermark": "max by (partition) (fair_watermark_timestamp_seconds)",
}
"""By name, in the order of evaluation: a rule sees the new values of those before it."""


def recording_rules() -> dict[str, Any]:
    """Return recording.yml."""
    assert FACTS_SECONDS < 300, "facts would be stale between two scrapes"
    return {
        "groups": [{"name": "fairpulse", "rules": [{"record": name, "expr": expr} for name, expr in RULES.items()]}]
    }
