"""What several boards use alike: levels, variables, links, marks, and expressions that join KPIs with the fair file."""

from typing import Final

from dashboards.queries import fact, inside, total
from dashboards.spec import BAD, GOOD, NEUTRAL, QUIET, WARN, WATCH, Levels, Link, Mark, Variable
from streams.kpis.definition import Label, Window
from streams.kpis.gates import GATE_DENIALS, GATE_PASSAGES
from streams.kpis.halls import HALL_OCCUPANCY

CAPACITY: Final[Levels] = ((None, GOOD), (0.8, WATCH), (0.9, WARN), (1.0, BAD))
"""Levels of a hall's permit: look, slow the doors down, close them."""
PRESSURE: Final[Levels] = ((None, GOOD), (0.7, WATCH), (1.0, BAD))
"""Arrivals beside what the lanes can pass: above 1 the queue grows."""
LANE_PER_MINUTE: Final = 6
"""Badges that a lane with a QR reader passes a minute; 5 to 8 were published."""
DENIED: Final[Levels] = ((None, GOOD), (0.03, WATCH), (0.08, BAD))
DENSITY: Final[Levels] = ((None, GOOD), (0.43, WATCH), (1.0, WARN), (2.0, BAD))
"""Persons a square metre: walking is free up to 0.43; venues plan for at most 2."""
AGE: Final[Levels] = ((None, GOOD), (120, WATCH), (300, BAD))
"""Seconds since the newest closed minute."""

HALL: Final = Variable("hall", "Hall", "label_values(fair_hall_occupancy, hall)", all=True)
GATE: Final = Variable("gate", "Gate", "label_values(fair_gate_passages, gate)", all=True)
SPAN: Final = Variable("window", "Over", "day,fair", custom=True, start="day")

FAIR_NOW, GATES, DEALS, EXHIBITORS = "fair-now", "fair-gates", "fair-deals", "fair-exhibitors"
QUALITY, PIPELINE, COMPARE = "fair-quality", "fair-pipeline", "fair-compare"

TO_HALL: Final = Link("This hall", f"/d/{GATES}?var-hall=${{__field.labels.hall}}&${{__url_time_range}}")
TO_DEALS: Final = Link("Deals and results", f"/d/{DEALS}?${{__url_time_range}}")
TO_EXHIBITORS: Final = Link("Exhibitors and exhibits", f"/d/{EXHIBITORS}?${{__url_time_range}}")
TO_QUALITY: Final = Link("Data quality", f"/d/{QUALITY}?${{__url_time_range}}")
TO_GATES: Final = Link("Gates and halls", f"/d/{GATES}?${{__url_time_range}}")
TO_PIPELINE: Final = Link("Pipeline health", f"/d/{PIPELINE}?${{__url_time_range}}")

OPENS: Final = Mark(
    "Opening", "max by (day) (fair_opens_timestamp_seconds)", GOOD, "The fair opens", "{{day}}", at_value=True
)
CLOSES: Final = Mark(
    "Closing", "max by (day) (fair_closes_timestamp_seconds)", NEUTRAL, "The fair closes", "{{day}}", at_value=True
)
GATE_IDLE: Final = Mark(
    "Gates without a passage", "fair:gate_idle == 1", BAD, "Gate {{gate}}", "no passage for 15 minutes: closed, or mute"
)
DEPLOYS: Final = Mark(
    "Deploys",
    "max by (instance) (process_start_time_seconds{job='fairpulse-worker'})",
    QUIET,
    "Worker started",
    "{{instance}}",
    at_value=True,
)
MARKS: Final = (OPENS, CLOSES, GATE_IDLE, DEPLOYS)


def load(where: str = "") -> str:
    """Return persons in each hall as a share of its capacity."""
    return f"{inside(HALL_OCCUPANCY, Label.HALL, where=where)} / {fact('hall_capacity_persons', Label.HALL)}"


def density(where: str = "") -> str:
    """Return persons a square metre in each hall."""
    return f"{inside(HALL_OCCUPANCY, Label.HALL, where=where)} / {fact('hall_area_square_meters', Label.HALL)}"


def entries_a_minute(where: str = "", window: Window = Window.M15) -> str:
    """Return entries a minute at each gate, over the last 15 minutes."""
    matchers = ", ".join(one for one in ('direction="entry"', where) if one)
    return f"{total(GATE_PASSAGES, window, Label.GATE, where=matchers)} / {window.minutes}"


def pressure(where: str = "") -> str:
    """Return arrivals at each gate beside what all of its lanes can pass."""
    return f"{entries_a_minute(where)} / ({fact('gate_lanes', Label.GATE)} * {LANE_PER_MINUTE})"


def denied(where: str = "", *by: Label) -> str:
    """Return denied scans as a share of all scans at the gates, over the last 15 minutes."""
    passed = total(GATE_PASSAGES, Window.M15, *by, where=where)
    refused = f"({total(GATE_DENIALS, Window.M15, *by, where=where)} or {passed} * 0)"
    return f"{refused} / ({refused} + {passed})"


def named(expr: str, label: Label) -> str:
    """Return the series with the name that the fair file gives to the hall or gate, as label `name`."""
    return f"({expr}) * on ({label}) group_left (name) max by ({label}, name) (fair_{label}_info)"
