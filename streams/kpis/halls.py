"""KPIs of the halls: occupancy and dwell time."""

from schemas.codes import ScanKind, ScanResult
from schemas.events import VisitorScan
from streams.kpis.aggregates import Histogram, Sum
from streams.kpis.definition import Kpi, On, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment

DWELL_CAP_MS = 7_200_000
"""Two hours: in a longer stay, a door reader has missed an exit."""

DWELL_BOUNDS_MS = tuple(1_000 * s for s in (60, 120, 300, 600, 900, 1_200, 1_800, 2_700, 3_600, 5_400, 7_200))


def _through_door(scan: VisitorScan, _: Moment) -> tuple[LabelValues, int] | None:
    if scan.result is not ScanResult.ACCEPTED:
        return None
    return ((scan.hall_id or "",), 1 if scan.scan_kind is ScanKind.ZONE_IN else -1)


def _stay(scan: VisitorScan, _: Moment) -> tuple[LabelValues, int] | None:
    if scan.dwell_ms is None or scan.result is not ScanResult.ACCEPTED:
        return None
    return ((scan.hall_id or "",), scan.dwell_ms)


HALL_OCCUPANCY = Kpi(
    name="hall_occupancy",
    question="How many persons are in each hall now (in minus out since midnight)?",
    unit=Unit.PERSONS,
    source="in minus out, reset every day; signed: floor it at zero for display only",
    on=On[VisitorScan]((ScanKind.ZONE_IN, ScanKind.ZONE_OUT)),
    labels=(Label.HALL,),
    aggregate=Sum(),
    measure=_through_door,
    windows=(Window.DAY,),
)

HALL_DWELL = Kpi(
    name="hall_dwell",
    question="How long do visitors stay in each hall?",
    unit=Unit.SECONDS,
    source="length of a stay, capped at two hours; stays without an exit are left out",
    on=On[VisitorScan]((ScanKind.ZONE_OUT,)),
    labels=(Label.HALL,),
    aggregate=Histogram(bounds=DWELL_BOUNDS_MS, cap=DWELL_CAP_MS),
    measure=_stay,
    windows=(Window.M15, Window.DAY),
    wide=True,
)

KPIS = (HALL_OCCUPANCY, HALL_DWELL)
