"""All KPIs of the fair."""

from typing import Any

from streams.kpis import badges, booths, deals, funnel, gates, halls, meetings, quality, visits
from streams.kpis.definition import Kpi

ALL_KPIS: tuple[Kpi[Any, Any], ...] = (
    *gates.KPIS,
    *visits.KPIS,
    *halls.KPIS,
    *booths.KPIS,
    *funnel.KPIS,
    *meetings.KPIS,
    *deals.KPIS,
    *badges.KPIS,
    *quality.KPIS,
)
