"""Shared by several boards: levels, variables, links, marks, and expressions that join KPIs with the fair file."""

from typing import Any, Final

from dashboards.queries import BRIDGE, ZERO, fact, fill, inside, share, total
from dashboards.scraping import SCRAPE_SECONDS
from dashboards.spec import BAD, GOOD, NEUTRAL, QUIET, WARN, WATCH, BoardLink, Levels, Mark, Variable
from schemas import topics
from schemas.environment import variable
from schemas.profiles import FKM, Residence
from streams.kpis.booths import BOOTH_SCANS
from streams.kpis.definition import Kpi, Window
from streams.kpis.gates import GATE_DENIALS, GATE_PASSAGES
from streams.kpis.halls import HALL_OCCUPANCY
from streams.kpis.labels import Label
from streams.kpis.visits import COUNTED_BY_PROFILE

FILLS, NEARLY_FULL, FULL = 0.8, 0.9, 1.0
CAPACITY: Final[Levels] = ((None, GOOD), (FILLS, WATCH), (NEARLY_FULL, WARN), (FULL, BAD))
"""Levels of a hall's permitted capacity: watch the doors, slow them down, close them."""
WHEN_FULL: Final = (
    f"from {100 * FILLS:g} % watch the hall's doors, from {100 * NEARLY_FULL:g} % let in only as many people as leave, "
    f"at {100 * FULL:g} % close the doors."
)
PRESSURE: Final[Levels] = ((None, GOOD), (0.7, WATCH), (1.0, BAD))
"""Arrivals as a share of what the lanes can pass: above 1 the queue grows."""
LANE_PER_MINUTE: Final = 6
"""Badges per minute that a lane with a QR reader passes; published figures are 5 to 8."""
DENIED: Final[Levels] = ((None, GOOD), (0.03, WATCH), (0.08, BAD))
DENSITY: Final[Levels] = ((None, GOOD), (0.43, WATCH), (1.0, WARN), (2.0, BAD))
"""People per square metre: up to 0.43 they walk freely; venues plan for at most 2."""
AGE: Final[Levels] = ((None, GOOD), (120, WATCH), (300, BAD))
"""Seconds since the newest closed minute."""
AGE_WHEN_WELL: Final = f"at most a minute, plus {variable('allowed_lateness')}, plus {SCRAPE_SECONDS} s for the scrape."
"""It follows from the settings: a fair that waits longer for late events shows older numbers."""

_ENDED = "max(last_over_time(fair_window_end_timestamp_seconds[1h]))"
_NEWEST = f"max(last_over_time(fair_watermark_timestamp_seconds[{BRIDGE}]))"
AGE_NOW: Final = f"time() - {_ENDED} < 86400 or {_NEWEST} - {_ENDED}"
"""It goes on growing for an hour after the last worker has gone: an empty panel would look like one that is loading.

A fair of another day is a simulation or a replay: there the age is measured from its newest event. One scrape that
failed leaves it as it is.
"""
TOPIC_COLOURS: Final = {topics.SCANS.name: NEUTRAL, topics.INTERACTIONS.name: "purple", topics.DEALS.name: GOOD}
"""Trends by topic; a topic without a colour here gets one from Grafana."""
START_A_WORKER: Final = "no worker yet: run fairpulse worker"
HEADLINE: Final = 'max by (profile) (fair_profile_info{headline="yes"})'
"""1, with the name of the profile whose figures the boards show."""
NO_VERDICT: Final = (
    f"information, never a verdict: {FKM.name.upper()} looks at {FKM.visitor_share} % of the visitors and "
    f"{FKM.exhibitor_share} % of the exhibitors from abroad, and certifies neither."
)
URGENT: Final = 'ALERTS{alertstate="firing", severity=~"critical|warning"}'

HALL: Final = Variable("hall", "Hall", "label_values(fair_hall_occupancy, hall)", all=True)
GATE: Final = Variable("gate", "Gate", "label_values(fair_gate_passages, gate)", all=True)
SPAN: Final = Variable("window", "Over", "day,fair", custom=True, start="day")

FAIR_NOW, GATES, DEALS, EXHIBITORS = "fair-now", "fair-gates", "fair-deals", "fair-exhibitors"
QUALITY, PIPELINE, COMPARE, KPIS = "fair-quality", "fair-pipeline", "fair-compare", "fair-kpis"
TERMINALS = "fair-terminals"

TO_HALL: Final = BoardLink("This hall", f"/d/{GATES}?var-hall=${{__field.labels.hall}}&${{__url_time_range}}")
TO_BOOTH: Final = BoardLink("This booth", f"/d/{EXHIBITORS}?var-booth=${{__data.fields.Booth}}&${{__url_time_range}}")
TO_DEALS: Final = BoardLink("Deals and results", f"/d/{DEALS}?${{__url_time_range}}")
TO_EXHIBITORS: Final = BoardLink("Exhibitors and exhibits", f"/d/{EXHIBITORS}?${{__url_time_range}}")
TO_QUALITY: Final = BoardLink("Data quality", f"/d/{QUALITY}?${{__url_time_range}}")
TO_GATES: Final = BoardLink("Gates and halls", f"/d/{GATES}?${{__url_time_range}}")
TO_PIPELINE: Final = BoardLink("Pipeline health", f"/d/{PIPELINE}?${{__url_time_range}}")

OPENS: Final = Mark(
    "Opening", "max by (day) (fair_opens_timestamp_seconds)", GOOD, "The fair opens", "{{day}}", at_value=True
)
CLOSES: Final = Mark(
    "Closing", "max by (day) (fair_closes_timestamp_seconds)", NEUTRAL, "The fair closes", "{{day}}", at_value=True
)
GATE_IDLE: Final = Mark(
    "Gates without a passage",
    "fair:gate_idle == 1",
    BAD,
    "Gate {{gate}}",
    "no passage for 15 minutes: closed, or silent readers",
)
DEPLOYS: Final = Mark(
    "Deploys",
    "max by (instance) (process_start_time_seconds{job='fairpulse-worker'})",
    QUIET,
    "Worker started",
    "{{instance}}",
    at_value=True,
)
SCANNED: Final = total(BOOTH_SCANS, Window.DAY, Label.BOOTH)
"""Scans today, by booth."""
_SCANNED_BEFORE: Final = total(BOOTH_SCANS, Window.DAY, Label.BOOTH, offset="30m")
SILENT: Final = f"(({SCANNED} > 0) and ({SCANNED} - {_SCANNED_BEFORE} == 0))"
"""The same, but only of booths that have scanned nobody for half an hour."""
MARKS: Final = (OPENS, CLOSES, GATE_IDLE, DEPLOYS)


def urgent() -> str:
    """Return 2 for each firing critical alert and 1 for each firing warning, or a single 0 if there is none.

    The label `what` holds the alert's name and place. Without alerts and workers it is one series without a value:
    Grafana shows the names of series, and an empty panel would have none.
    """
    of = "alertname, hall, gate"
    critical = URGENT.replace('=~"critical|warning"', '="critical"')
    ranked = f"max by ({of}) ({critical} * 2 or {URGENT})"
    folded = f"max(last_over_time(fair_window_end_timestamp_seconds[{BRIDGE}])) * 0"
    return (
        f'label_join({ranked}, "what", " ", "alertname", "hall", "gate")'
        f' or label_replace({folded} unless on () {URGENT}, "what", "all is well", "", "")'
        f' or label_replace(vector(NaN) unless on () ({folded} or {URGENT}), "what", "{START_A_WORKER}", "", "")'
    )


def in_currency(expr: str) -> str:
    """Return money with the fair file's reporting currency as label `currency`, or "value" if it is unknown."""
    currency = "max by (currency) (fair_info)"
    unnamed = f'label_replace({expr}, "currency", "value", "", "")'
    return f"{expr} * on () group_left (currency) {currency} or ({unnamed} unless on () fair_info)"


def counted(window: Window | str) -> str:
    """Return what the fair's audit profile counts, with its name as label `profile`: the figure by its own rule.

    Until the fair file's facts are known there is no number: nobody could say whose it is.
    """
    figure = total(COUNTED_BY_PROFILE, window, Label.PROFILE)
    return f"({figure}) * on (profile) {HEADLINE} or {HEADLINE} * on () group_left () ({ZERO})"


def by_profile(expr: str) -> str:
    """Return a number of the visitors of the fair's audit profile, with its name as label `profile`, or "-"."""
    unnamed = f'label_replace({expr}, "profile", "-", "", "")'
    return f"({expr}) * on () group_left (profile) {HEADLINE} or ({unnamed} unless on () {HEADLINE})"


def from_abroad(kpi: Kpi[Any, Any], window: Window | str) -> str:
    """Return the share from abroad in a KPI by group: of those whose country is known."""
    return share(
        fill(total(kpi, window, where=f'group="{Residence.FOREIGN}"')),
        total(kpi, window, where=f'group!="{Residence.UNKNOWN}"'),
    )


def with_unknown(expr: str, unknown: str) -> str:
    """Return a number with another number, of those who are unknown, as its label `unknown`.

    If there is no such number, the other one is still told: on a series without a value.
    """
    return f'({or_no_value(expr)}) * on () group_left (unknown) count_values("unknown", {unknown})'


def or_no_value(expr: str) -> str:
    """Return a number without labels, or a series without a value: on the wall it keeps its name."""
    return f"({expr}) or on () vector(NaN)"


def unknown_group(kpi: Kpi[Any, Any], window: Window | str) -> str:
    """Return how many in a KPI by group have no known country."""
    return fill(total(kpi, window, where=f'group="{Residence.UNKNOWN}"'))


def spoken(expr: str, label: Label) -> str:
    """Return the series with a label's underscores as spaces, up to three of them."""
    for _ in range(3):
        expr = f'label_replace({expr}, "{label}", "$1 $2", "{label}", "(.*)_(.*)")'
    return expr


def load(where: str = "") -> str:
    """Return the people in each hall as a share of its capacity."""
    return f"{inside(HALL_OCCUPANCY, Label.HALL, where=where)} / {fact('hall_capacity_persons', Label.HALL)}"


def density(where: str = "") -> str:
    """Return people per square metre in each hall."""
    return f"{inside(HALL_OCCUPANCY, Label.HALL, where=where)} / {fact('hall_area_square_meters', Label.HALL)}"


def entries_per_minute(where: str = "", window: Window = Window.M15) -> str:
    """Return entries per minute at each gate, averaged over the window."""
    matchers = ", ".join(one for one in ('direction="entry"', where) if one)
    return f"{total(GATE_PASSAGES, window, Label.GATE, where=matchers)} / {window.minutes}"


def pressure(where: str = "") -> str:
    """Return arrivals at each gate as a share of what all of its lanes can pass."""
    return f"{entries_per_minute(where)} / ({fact('gate_lanes', Label.GATE)} * {LANE_PER_MINUTE})"


def denied(where: str = "", *by: Label) -> str:
    """Return denied scans as a share of all scans at the gates, over the last 15 minutes."""
    passed = total(GATE_PASSAGES, Window.M15, *by, where=where)
    refused = f"({total(GATE_DENIALS, Window.M15, *by, where=where)} or {passed} * 0)"
    return f"{refused} / ({refused} + {passed})"


def named(expr: str, label: Label) -> str:
    """Return the series with the hall's or gate's name from the fair file as label `name`."""
    return f"({expr}) * on ({label}) group_left (name) max by ({label}, name) (fair_{label}_info)"
