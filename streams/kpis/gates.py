"""What happens at the gates: passages, denials, forced passages, and how many are on the site.

Passages are movements, never published as visitors. Visits and visitors are in `streams.kpis.visits`.
"""

from collections.abc import Mapping

from schemas.codes import ScanKind, ScanResult
from schemas.events import VisitorScan
from streams.kpis.aggregates import Count, Layers, Sum, times
from streams.kpis.definition import Derived, Kpi, On, Unit, Window
from streams.kpis.labels import UNKNOWN, UNSTATED, Label, LabelValues
from streams.kpis.moment import Moment
from streams.kpis.people import People, Period
from streams.kpis.presence import ENTERED

_PASSAGE: On[VisitorScan] = On((ScanKind.ENTRY, ScanKind.EXIT))
_ACCEPTED = ScanResult.ACCEPTED


def _passage(scan: VisitorScan, _: Moment) -> LabelValues | None:
    return (scan.gate_id or "", scan.scan_kind) if scan.result is _ACCEPTED else None


def _denial(scan: VisitorScan, _: Moment) -> LabelValues | None:
    return None if scan.result is _ACCEPTED else (scan.gate_id or "", scan.reason or UNSTATED)


def _forced(scan: VisitorScan, _: Moment) -> LabelValues | None:
    return (scan.gate_id or "",) if scan.forced and scan.result is _ACCEPTED else None


def _inside(scan: VisitorScan, moment: Moment) -> tuple[LabelValues, int] | None:
    if scan.result is not _ACCEPTED or not moment.fair.gates[scan.gate_id or ""].countable:
        return None
    return ((), 1 if scan.scan_kind is ScanKind.ENTRY else -1)


def _entries_by_role(people: People, span: Period) -> Mapping[LabelValues, int]:
    found: dict[LabelValues, int] = {}
    for (gate, claimed), entries in people.totals(ENTERED, span).items():
        for role, count in _by_role(people, entries, claimed).items():
            found[gate, role] = found.get((gate, role), 0) + count
    return {labels: count for labels, count in found.items() if count}


def _by_role(people: People, entries: Layers, claimed: str) -> Mapping[str, int]:
    all_entries = sum(map(len, entries))
    if not people.fair.badge_register:
        return {claimed or UNKNOWN: all_entries}
    told = {role: times(entries, members) for role, members in people.register.by_role.items()}
    return {**told, UNKNOWN: all_entries - sum(told.values())}


GATE_PASSAGES = Kpi(
    name="gate_passages",
    question="How many badges passed each gate, by direction?",
    unit=Unit.PASSAGES,
    source="gate flow in persons per minute; never published as visitors",
    on=_PASSAGE,
    labels=(Label.GATE, Label.DIRECTION),
    aggregate=Count(),
    measure=_passage,
    windows=(Window.M1, Window.M5, Window.M15, Window.DAY, Window.FAIR),
)

GATE_ENTRIES_BY_ROLE = Kpi(
    name="gate_entries_by_role",
    question="Who comes in at each gate, by the role that the register gives now?",
    unit=Unit.PASSAGES,
    source="accepted entries at any perimeter gate, each event once; never published as visitors",
    labels=(Label.GATE, Label.ROLE),
    aggregate=Derived(of=(ENTERED,), count=_entries_by_role),
    windows=(Window.DAY, Window.FAIR),
    wide=True,
)

GATE_DENIALS = Kpi(
    name="gate_denials",
    question="How many badges did each gate turn away, and why?",
    unit=Unit.SCANS,
    source="numerator of a gate's denied ratio: denied scans out of all scans, by reason",
    on=_PASSAGE,
    labels=(Label.GATE, Label.REASON),
    aggregate=Count(),
    measure=_denial,
    windows=(Window.M15, Window.DAY),
)

FORCED_PASSAGES = Kpi(
    name="forced_passages",
    question="How many badges did staff let through although the gate had denied them?",
    unit=Unit.PASSAGES,
    source="accepted scans at a gate that are marked as forced; listed one by one in the evidence",
    on=_PASSAGE,
    labels=(Label.GATE,),
    aggregate=Count(),
    measure=_forced,
    windows=(Window.DAY,),
)

SITE_OCCUPANCY = Kpi(
    name="site_occupancy",
    question="How many persons are on the site now (entries minus exits since midnight)?",
    unit=Unit.PERSONS,
    source="entries minus exits, reset every day; signed: floor it at zero for display only",
    on=_PASSAGE,
    aggregate=Sum(),
    measure=_inside,
    windows=(Window.DAY,),
)

KPIS = (GATE_PASSAGES, GATE_ENTRIES_BY_ROLE, GATE_DENIALS, FORCED_PASSAGES, SITE_OCCUPANCY)
