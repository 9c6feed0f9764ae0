"""KPIs of the halls: occupancy."""

from schemas.codes import ScanKind, ScanResult
from schemas.events import VisitorScan
from streams.kpis.aggregates import Sum
from streams.kpis.definition import Kpi, On, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment


def _through_door(scan: VisitorScan, _: Moment) -> tuple[LabelValues, int] | None:
    if scan.result is not ScanResult.ACCEPTED:
        return None
    return ((scan.hall_id or "",), 1 if scan.scan_kind is ScanKind.ZONE_IN else -1)


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

KPIS = (HALL_OCCUPANCY,)
