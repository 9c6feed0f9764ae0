"""Exhibitors and exhibits: who draws visitors, one booth in detail, the funnel from visit to lead."""

from dashboards.boards.shared import (
    EXHIBITORS,
    HALL,
    MARKS,
    SPAN,
    TO_BOOTH,
    TO_DEALS,
    TO_GATES,
    spoken,
)
from dashboards.queries import fill, share, total
from dashboards.spec import GOOD, NEUTRAL, Board, Kind, Panel, Query, Row, Variable, about
from streams.kpis.booths import (
    BOOTH_SCANS,
    BOOTH_VISITORS,
    EXHIBIT_VISITORS,
    INTERACTIONS,
    LEADS,
)
from streams.kpis.definition import Window
from streams.kpis.funnel import BOOTH_AUDIENCE, EXHIBIT_AUDIENCE, LEAD_AUDIENCE
from streams.kpis.labels import Label
from streams.kpis.visits import UNIQUE_VISITORS, VISITS

_DAY, _W = Window.DAY, "$window"
BOOTH = Variable("booth", "Booth", "label_values(fair_booth_scans, booth)")
_HALLS = 'hall=~"$hall"'
_MINE = 'booth="$booth"'
_EXHIBITS = 'fair_exhibit_info{booth="$booth"}'
_UNSCANNED = "Not all of them were scanned at a booth."
_SMALL = "Numbers of a few visitors say little about an exhibitor, but may identify the visitors: do not publish them."


def _step(id_: int, title: str, what: str, expr: str) -> Panel:
    return Panel(
        id=id_,
        kind=Kind.STAT,
        title=title,
        what=what,
        good="each step keeps at least a third of the one before.",
        do="if few visitors leave a lead, booths may not be scanning badges: remind them.",
        queries=(Query(fill(expr)),),
        unit="locale",
        width=4,
    )


_FUNNEL = Row(
    4,
    (
        _step(1, "Visits today", about(VISITS), total(VISITS, _DAY)),
        _step(2, "At a booth today", about(BOOTH_AUDIENCE), total(BOOTH_AUDIENCE, _DAY)),
        _step(
            3,
            "Tried an exhibit today",
            f"{about(EXHIBIT_AUDIENCE)} {_UNSCANNED}",
            total(EXHIBIT_AUDIENCE, _DAY),
        ),
        _step(4, "Left a lead today", about(LEAD_AUDIENCE), total(LEAD_AUDIENCE, _DAY)),
        _step(5, "Leads today", about(LEADS), total(LEADS, _DAY)),
        Panel(
            id=6,
            kind=Kind.STAT,
            title="Booths with a visitor today",
            what=f"How many booths scanned at least one visitor today? {about(BOOTH_SCANS)}",
            good="nearly all booths of the fair file by noon.",
            do="send somebody to the silent booths: the scanner's battery may be empty, or the booth deserted.",
            queries=(Query(fill("fair:active_booths")),),
            unit="locale",
            width=4,
        ),
    ),
)

_RATES = Row(
    8,
    (
        Panel(
            id=7,
            kind=Kind.TREND,
            title="How far do visitors get?",
            what="Visitors of the whole fair who were at a booth, tried an exhibit or left a lead, as shares of all.",
            good="the shares are stable from the second day on.",
            do="if a share falls while the fair is full, the halls may be too dense to stop in: see Gates and halls.",
            queries=(
                Query(share(total(BOOTH_AUDIENCE, Window.FAIR), total(UNIQUE_VISITORS, Window.FAIR)), "at a booth"),
                Query(
                    share(total(EXHIBIT_AUDIENCE, Window.FAIR), total(UNIQUE_VISITORS, Window.FAIR)), "at an exhibit"
                ),
                Query(share(total(LEAD_AUDIENCE, Window.FAIR), total(UNIQUE_VISITORS, Window.FAIR)), "left a lead"),
            ),
            unit="percentunit",
            width=8,
            colours={"at a booth": NEUTRAL, "at an exhibit": "purple", "left a lead": GOOD},
            links=(TO_GATES,),
        ),
        Panel(
            id=8,
            kind=Kind.BARS,
            title="Which sections take the most leads?",
            what=about(LEADS),
            good="in proportion to the size of the section.",
            do="if a section has no leads, ask whether its booths use the lead app.",
            queries=(Query(f"sort_desc({total(LEADS, _W, Label.SECTION)})", "{{section}}"),),
            unit="locale",
            width=8,
            links=(TO_DEALS,),
        ),
        Panel(
            id=9,
            kind=Kind.BARS,
            title="What do visitors do at the exhibits?",
            what=about(INTERACTIONS),
            good="demonstrations and touches are most frequent; leads follow.",
            do="if a kind is missing altogether, the terminals' software may not report it.",
            queries=(Query(f"sort_desc({spoken(total(INTERACTIONS, _W, Label.KIND), Label.KIND)})", "{{kind}}"),),
            unit="locale",
            width=8,
        ),
    ),
)

_TOPS = Row(
    10,
    (
        Panel(
            id=10,
            kind=Kind.TABLE,
            title="Top booths today",
            what=f"{about(BOOTH_VISITORS)} {_SMALL}",
            good="the exhibitors that you would expect.",
            do="click on a booth to see it below.",
            queries=(
                Query(
                    f"topk(25, {total(BOOTH_VISITORS, _DAY, Label.BOOTH)}) "
                    "* on (booth) group_left (name, hall) max by (booth, name, hall) (fair_booth_info)",
                    "Visitors",
                ),
            ),
            unit="locale",
            width=8,
            decimals=0,
            keep={"booth": "Booth", "name": "Exhibitor", "hall": "Hall"},
            widths={"Booth": 90, "Hall": 70},
            links=(TO_BOOTH,),
        ),
        Panel(
            id=11,
            kind=Kind.TABLE,
            title="Top exhibits of the last 15 minutes",
            what=f"{about(EXHIBIT_VISITORS)} {_SMALL}",
            good="the list changes during the day.",
            do="if a crowd gathers at one exhibit, tell the manager of its hall.",
            queries=(
                Query(
                    f"topk(25, {total(EXHIBIT_VISITORS, Window.M15, Label.EXHIBIT)}) "
                    "* on (exhibit) group_left (name, booth) max by (exhibit, name, booth) (fair_exhibit_info)",
                    "Visitors",
                ),
            ),
            unit="locale",
            width=8,
            decimals=0,
            keep={"name": "Exhibit", "booth": "Booth", "exhibit": "Id"},
            widths={"Exhibit": 240, "Booth": 75, "Id": 140},
            links=(TO_BOOTH,),
        ),
        Panel(
            id=12,
            kind=Kind.TABLE,
            title="Top exhibits today",
            what=f"{about(EXHIBIT_VISITORS)} {_SMALL}",
            good="the exhibits that the press office promotes are in the list.",
            do="click on a booth to see it below.",
            queries=(
                Query(
                    f"topk(25, {total(EXHIBIT_VISITORS, _DAY, Label.EXHIBIT)}) * on (exhibit) group_left (name, booth) "
                    "max by (exhibit, name, booth) (fair_exhibit_info)",
                    "Visitors",
                ),
            ),
            unit="locale",
            width=8,
            decimals=0,
            keep={"name": "Exhibit", "booth": "Booth", "exhibit": "Id"},
            widths={"Exhibit": 240, "Booth": 75, "Id": 140},
            links=(TO_BOOTH,),
        ),
    ),
)

_ONE = Row(
    8,
    (
        Panel(
            id=13,
            kind=Kind.STAT,
            title="Booth $booth: visitors today",
            what=f"{about(BOOTH_VISITORS)} {_SMALL}",
            good="above the median of its hall.",
            do="if there are none at noon, call the booth.",
            queries=(Query(fill(total(BOOTH_VISITORS, _DAY, where=_MINE))),),
            unit="locale",
            width=4,
        ),
        Panel(
            id=14,
            kind=Kind.STAT,
            title="Booth $booth: scans per visitor",
            what=f"{about(BOOTH_SCANS, BOOTH_VISITORS)} How often the average visitor is scanned.",
            good="1 to 2.",
            do="if it is far above, the scanner reads twice, or somebody is testing it with one badge.",
            queries=(Query(share(total(BOOTH_SCANS, _DAY, where=_MINE), total(BOOTH_VISITORS, _DAY, where=_MINE))),),
            unit="none",
            width=4,
            decimals=1,
        ),
        Panel(
            id=15,
            kind=Kind.TREND,
            title="Booth $booth: how is its day going?",
            what=f"{about(BOOTH_VISITORS)} Compared with the average booth of the fair.",
            good="at or above the average.",
            do="if it is flat while the average rises, the scanner is off or the booth deserted.",
            queries=(
                Query(total(BOOTH_VISITORS, _DAY, where=_MINE), "this booth"),
                Query("fair:booth_visitors_average", "average booth"),
            ),
            unit="locale",
            width=8,
            colours={"this booth": GOOD, "average booth": NEUTRAL},
        ),
        Panel(
            id=16,
            kind=Kind.TABLE,
            title="Booth $booth: its exhibits today",
            what=f"{about(EXHIBIT_VISITORS)} {_SMALL}",
            good="every exhibit has visitors.",
            do="if an exhibit has none, check that its terminal is on.",
            queries=(
                Query(
                    f"({total(EXHIBIT_VISITORS, _DAY, Label.EXHIBIT)} or max by (exhibit) ({_EXHIBITS}) * 0) "
                    f"* on (exhibit) group_left (name) max by (exhibit, name) ({_EXHIBITS})",
                    "Visitors",
                ),
            ),
            unit="locale",
            width=8,
            decimals=0,
            keep={"exhibit": "Exhibit", "name": "Name"},
            widths={"Name": 300},
        ),
    ),
)

BOARD = Board(
    uid=EXHIBITORS,
    title="Exhibitors and exhibits",
    question="Who draws visitors, and what comes of it?",
    rows=(_FUNNEL, _RATES, _TOPS, _ONE),
    variables=(SPAN, HALL, BOOTH),
    marks=MARKS,
)
