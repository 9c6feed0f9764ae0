"""Numbers of the fair that need a clock, a registry or an earlier answer: gateways and the audit show them.

The fold cannot count them: it has no clock, and each would cost bytes per event. Metrics, boards and pages take names
and texts from these constants.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedNumber:
    """One number that is not folded.

    Attributes:
        name: its name in the catalogue.
        metric: its family on /metrics.
        question: the question that it answers.
        unit: of a value.
        window: over which time it is.
        source: its exact definition.
        labels: of its series.
        shown_by: the program that shows it.
    """

    name: str
    metric: str
    question: str
    unit: str
    window: str
    source: str
    labels: tuple[str, ...]
    shown_by: str

    @property
    def about(self) -> str:
        """Question and definition, without the full stop."""
        return f"{self.question} {self.source[0].upper()}{self.source[1:]}"

    @property
    def help(self) -> str:
        """The text on /metrics."""
        return f"{self.about} (unit: {self.unit})."


LAG_RECENT_S: Final = 300.0
"""Events received longer ago are not in the lag of their terminal."""
SLOWEST: Final = 20
"""Most terminals whose lag or clock offset a gateway shows; of 2,000, those that somebody can look after."""
CLOCK_WRONG_S: Final = 120.0
"""A clock that is further off is wrong, and its terminal is always shown."""
SILENT_S: Final = 120.0
"""A terminal that was not heard for longer is silent."""

TERMINAL_LAG: Final = WatchedNumber(
    name="terminal_lag",
    metric="fair_gateway_terminal_lag_seconds",
    question="How long do the events of the slowest terminals take to the server?",
    unit="seconds",
    window="5m",
    source="time received minus time happened, corrected for the clock and never below zero, of accepted events of the "
    f"last five minutes: the least that half and 99 % of them do not exceed; the {SLOWEST} terminals with the highest; "
    "terminals for tests are left out",
    labels=("terminal", "quantile"),
    shown_by="gateway",
)

CLOCK_SKEW: Final = WatchedNumber(
    name="clock_skew",
    metric="fair_gateway_terminal_clock_offset_seconds",
    question="By how much are the clocks of terminals wrong?",
    unit="seconds",
    window="10m",
    source="server clock minus terminal clock, by which the terminal's last request was corrected; the "
    f"{SLOWEST} terminals furthest off, and all beyond {CLOCK_WRONG_S:g} s; terminals for tests are left out",
    labels=("terminal",),
    shown_by="gateway",
)

TERMINALS_SILENT: Final = WatchedNumber(
    name="terminals_silent",
    metric="fair_gateway_terminal_heard_timestamp_seconds",
    question="When was each enrolled terminal last heard?",
    unit="seconds",
    window="2m",
    source="arrival of its last request of any kind with a valid token, 0 before the first; silent if no gateway heard "
    f"it for {SILENT_S:g} s; terminals for tests are left out",
    labels=("terminal", "kind", "place"),
    shown_by="gateway",
)

RESTATEMENT: Final = WatchedNumber(
    name="restatement",
    metric="fair_audit_restated",
    question="By how much did each figure of a day move after the day had closed?",
    unit="units of the KPI",
    window="day",
    source="its sum over all labels now minus the sum from events received up to closing time, by the recount",
    labels=("kpi", "day"),
    shown_by="audit",
)

AT_CLOSE: Final = WatchedNumber(
    name="figure_at_close",
    metric="fair_audit_at_close",
    question="What was each figure of a day when the day closed?",
    unit="units of the KPI",
    window="day",
    source="its sum over all labels from events received up to closing time, with the register as it is now",
    labels=("kpi", "day"),
    shown_by="audit",
)

UNRECONCILED: Final = WatchedNumber(
    name="unreconciled",
    metric="fair_audit_unreconciled",
    question="By how much does each figure of a day differ from the recount?",
    unit="units of the KPI",
    window="day",
    source="sum over all labels of live minus recounted, without their signs; 0 if all agree",
    labels=("kpi", "day"),
    shown_by="audit",
)

ALL_WATCHED: Final = (TERMINAL_LAG, CLOCK_SKEW, TERMINALS_SILENT, RESTATEMENT, AT_CLOSE, UNRECONCILED)
