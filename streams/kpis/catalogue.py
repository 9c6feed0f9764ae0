"""All KPIs of the fair."""

from typing import Any

from streams.kpis import booths, deals, gates, halls, quality
from streams.kpis.definition import Kpi

ALL_KPIS: tuple[Kpi[Any, Any], ...] = (
    *gates.KPIS,
    *halls.KPIS,
    *booths.KPIS,
    *deals.KPIS,
    *quality.KPIS,
)
