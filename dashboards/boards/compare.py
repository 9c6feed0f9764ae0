"""Compare: today beside yesterday, last week or the last edition, at the same hour."""

from typing import Any

from dashboards.boards.shared import COMPARE, MARKS, TO_DEALS, TO_EXHIBITORS, TO_GATES
from dashboards.queries import inside, total
from dashboards.spec import (
    GOOD,
    NEUTRAL,
    WARN,
    WATCH,
    Board,
    BoardLink,
    Kind,
    Levels,
    Panel,
    Query,
    Row,
    Variable,
    about,
)
from schemas.watched import AT_CLOSE, RESTATEMENT, UNRECONCILED
from streams.kpis.booths import LEADS
from streams.kpis.deals import CONTRACT_VALUE_REPORTED, INTENDED_VALUE_REPORTED, OUTCOMES
from streams.kpis.definition import Kpi, Window
from streams.kpis.gates import GATE_PASSAGES, SITE_OCCUPANCY
from streams.kpis.quality import EVENTS
from streams.kpis.visits import VISITS

_DAY, _THEN = Window.DAY, "$offset"
CHANGE: Levels = ((None, WARN), (-0.2, WATCH), (-0.05, GOOD))
_BEFORE = "Compared with the same time of day `$offset` ago; 52w is the last edition, if it was recorded or backfilled."
BACK = Variable("offset", "Compare with", "1d,2d,3d,7d,52w", custom=True, start="1d")


def _change(id_: int, title: str, kpi: Kpi[Any, Any], link: BoardLink) -> Panel:
    now, then = total(kpi, _DAY), total(kpi, _DAY, offset=_THEN)
    return Panel(
        id=id_,
        kind=Kind.STAT,
        title=title,
        what=f"{about(kpi)} Today's change in percent. {_BEFORE}",
        good="above -5 %. The first and the last day always differ from the others.",
        do="see when the lines below separate: early for weather and trains, suddenly for a silent gate.",
        queries=(Query(f"{now} / ({then} > 0) - 1"),),
        unit="percentunit",
        width=4,
        minimum=-1,
        levels=CHANGE,
        decimals=0,
        no_value="nothing to compare",
        links=(link,),
    )


def _pair(id_: int, title: str, what: str, now: str, then: str, link: BoardLink, *, unit: str = "locale") -> Panel:
    return Panel(
        id=id_,
        kind=Kind.TREND,
        title=title,
        what=f"{what} {_BEFORE}",
        good="the two lines have the same shape.",
        do="a sudden gap points to a technical fault, a slowly growing one to the fair itself.",
        queries=(Query(now, "today"), Query(then, "then")),
        unit=unit,
        width=8,
        colours={"today": NEUTRAL, "then": "purple"},
        dashed=("then",),
        no_value="nothing to compare",
        links=(link,),
    )


def _of(id_: int, title: str, kpi: Kpi[Any, Any], link: BoardLink, unit: str = "locale") -> Panel:
    return _pair(id_, title, about(kpi), total(kpi, _DAY), total(kpi, _DAY, offset=_THEN), link, unit=unit)


_CHANGES = Row(
    4,
    (
        _change(1, "Visits", VISITS, TO_GATES),
        _change(2, "Gate passages", GATE_PASSAGES, TO_GATES),
        _change(3, "Leads", LEADS, TO_EXHIBITORS),
        _change(4, "Results", OUTCOMES, TO_DEALS),
        _change(5, "Contract value", CONTRACT_VALUE_REPORTED, TO_DEALS),
        _change(6, "Events", EVENTS, TO_GATES),
    ),
)

_PEOPLE = Row(
    9,
    (
        _of(7, "Visits, today and $offset ago", VISITS, TO_GATES),
        _pair(
            8,
            "On site, today and $offset ago",
            about(SITE_OCCUPANCY),
            inside(SITE_OCCUPANCY),
            inside(SITE_OCCUPANCY, offset=_THEN),
            TO_GATES,
        ),
        _of(9, "Leads, today and $offset ago", LEADS, TO_EXHIBITORS),
    ),
)

_VALUE = Row(
    9,
    (
        _of(10, "Results, today and $offset ago", OUTCOMES, TO_DEALS),
        _of(11, "Contract value, today and $offset ago", CONTRACT_VALUE_REPORTED, TO_DEALS, "short"),
        _of(12, "Intended value, today and $offset ago", INTENDED_VALUE_REPORTED, TO_DEALS, "short"),
    ),
)

_MOVED = f"max by (day, kpi) ({RESTATEMENT.metric})"
_CLOSED = f"max by (day, kpi) ({AT_CLOSE.metric})"
_AFTERWARDS = Row(
    9,
    (
        Panel(
            id=13,
            kind=Kind.TABLE,
            title="Which figures moved after their day had closed?",
            what=f"{RESTATEMENT.about}. The share is of the "
            "figure at closing time. Money is in minor units. Terminals that were offline send later.",
            good="a percent or less, and no change from the second morning on.",
            do="quote the figure of now, and its time. Correct what was published if it moved by more than you said.",
            queries=(
                Query(f"{_MOVED} != 0", "Moved by"),
                Query(f"{_CLOSED} and {_MOVED} != 0", "At closing time"),
                Query(f"{_MOVED} / ({_CLOSED} > 0) != 0", "Share"),
            ),
            units={"Share": "percentunit"},
            unit="locale",
            width=16,
            minimum=None,
            no_value="none, or no recount",
            keep={"day": "Day", "kpi": "Figure"},
        ),
        Panel(
            id=14,
            kind=Kind.TABLE,
            title="Which figures differ from the recount?",
            what=f"{UNRECONCILED.about}.",
            good="an empty table.",
            do="publish nothing, and follow the runbook LiveDiffersFromAudit.",
            queries=(Query(f"max by (day, kpi) ({UNRECONCILED.metric}) > 0", "Apart by"),),
            unit="locale",
            width=8,
            levels=((None, GOOD), (1, WARN)),
            no_value="none, or no recount",
            keep={"day": "Day", "kpi": "Figure"},
        ),
    ),
)

BOARD = Board(
    uid=COMPARE,
    title="Compare",
    question="Is today better than yesterday, or than the last edition?",
    rows=(_CHANGES, _PEOPLE, _VALUE, _AFTERWARDS),
    variables=(BACK,),
    marks=MARKS,
)
