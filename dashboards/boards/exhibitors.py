"""Exhibitors and exhibits: who came, by profile and role; who draws visitors; the funnel from visit to lead."""

from itertools import pairwise

from dashboards.boards.shared import (
    EXHIBITORS,
    MARKS,
    SPAN,
    TO_BOOTH,
    TO_DEALS,
    TO_GATES,
    spoken,
)
from dashboards.boards.who_rows import WHO_CAME
from dashboards.queries import fill, fill_bars, share, total
from dashboards.spec import GOOD, NEUTRAL, Board, Kind, Panel, Query, Row, Variable, about
from streams.kpis.booths import (
    BOOTH_SCANS,
    BOOTH_VISITORS,
    EXHIBIT_INTERACTIONS,
    EXHIBIT_VISITORS,
    INTERACTIONS,
    LEADS,
)
from streams.kpis.definition import Window
from streams.kpis.funnel import FUNNEL_STEPS
from streams.kpis.labels import FUNNEL, Label
from streams.kpis.meetings import MEETINGS

_DAY, _W = Window.DAY, "$window"
BOOTH = Variable("booth", "Booth", "label_values(fair_booth_scans, booth)")
_MINE = 'booth="$booth"'
_EXHIBITS = 'fair_exhibit_info{booth="$booth"}'
_NEXT = {f"{before} to {step}": (before, step) for before, step in pairwise(FUNNEL)}
"""A step of the funnel and the one after it, by their words."""
_TOUCHED = total(EXHIBIT_INTERACTIONS, Window.M15, Label.EXHIBIT)
_TRIED = total(EXHIBIT_VISITORS, Window.M15, Label.EXHIBIT)
_RANK = f"{_TRIED} + {_TOUCHED} / 1e6 or {_TRIED}"
"""Visitors; interactions break a tie, in decimals that are not shown."""
_SMALL = "Numbers of a few visitors say little about an exhibitor, but may identify the visitors: do not publish them."


def _first(ranked: str) -> str:
    """Return the exhibits that come first, with their names."""
    named = "max by (exhibit, name, booth) (fair_exhibit_info)"
    return f"topk(25, {ranked}) * on (exhibit) group_left (name, booth) {named}"


def _step(step: str) -> str:
    return total(FUNNEL_STEPS, _W, where=f'step="{step}"')


_FUNNEL = Row(
    7,
    (
        Panel(
            id=23,
            kind=Kind.BARS,
            title="How many visitors get how far?",
            what=about(FUNNEL_STEPS),
            good="each step keeps at least a third of the one before.",
            do="if few visitors leave a lead, booths may not be scanning badges: remind them.",
            queries=(Query(total(FUNNEL_STEPS, _W, Label.STEP), "{{step}}"),),
            unit="locale",
            width=8,
            no_value="no visit yet",
        ),
        Panel(
            id=24,
            kind=Kind.BARS,
            title="How far do meetings come: invited, accepted, declined, held?",
            what=about(MEETINGS),
            good="most of the accepted ones are held.",
            do="if none is held, booths do not report it: remind them.",
            queries=(Query(fill_bars(total(MEETINGS, _W, Label.STEP), Label.STEP, "no meeting"), "{{step}}"),),
            unit="locale",
            width=8,
        ),
        Panel(
            id=5,
            kind=Kind.STAT,
            title="Leads today",
            what=about(LEADS),
            good="it rises all day.",
            do="if few visitors leave a lead, booths may not be scanning badges: remind them.",
            queries=(Query(fill(total(LEADS, _DAY))),),
            unit="locale",
            width=4,
        ),
        Panel(
            id=6,
            kind=Kind.STAT,
            title="Booths with a visitor today",
            what=f"How many booths scanned at least one visitor today? Staff alone is none. {about(BOOTH_VISITORS)}",
            good="nearly all booths of the fair file by noon.",
            do="send somebody to the silent booths: the scanner's battery may be empty, or the booth deserted.",
            queries=(Query(fill(f"count({total(BOOTH_VISITORS, _DAY, Label.BOOTH)} > 0)")),),
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
            title="How many go on to the next step?",
            what="Visitors at each step, as a share of those at the step before, of the day or of the whole fair. "
            f"{about(FUNNEL_STEPS)}",
            good="the shares are stable from one day to the next.",
            do="if a share falls while the fair is full, the halls may be too dense to stop in: see Gates and halls.",
            queries=tuple(Query(share(_step(step), _step(before)), words) for words, (before, step) in _NEXT.items()),
            unit="percentunit",
            width=8,
            colours=dict(zip(_NEXT, (NEUTRAL, "purple", GOOD), strict=True)),
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
            title="What is done at the exhibits?",
            what=f"{about(INTERACTIONS)} Of anybody, staff too.",
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
            what=f"{about(EXHIBIT_VISITORS)} Of exhibits with equally many visitors, the one with more interactions "
            f"comes first. {_SMALL}",
            good="the list changes during the day.",
            do="if a crowd gathers at one exhibit, tell the manager of its hall.",
            queries=(Query(_first(_RANK), "Visitors"),),
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
            what=f"{about(EXHIBIT_VISITORS)} Exhibits with equally many visitors are in no order. {_SMALL}",
            good="the exhibits that the press office promotes are in the list.",
            do="click on a booth to see it below.",
            queries=(Query(_first(total(EXHIBIT_VISITORS, _DAY, Label.EXHIBIT)), "Visitors"),),
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
            title="Booth $booth: scans today",
            what=f"{about(BOOTH_SCANS)} Scans of anybody, staff too: do not divide them by visitors.",
            good="somewhat above the visitors: a badge counts again after five minutes.",
            do="if it is far above them, staff are scanned too: ask the booth to scan visitors only.",
            queries=(Query(fill(total(BOOTH_SCANS, _DAY, where=_MINE))),),
            unit="locale",
            width=4,
        ),
        Panel(
            id=15,
            kind=Kind.TREND,
            title="Booth $booth: how is its day going?",
            what=f"{about(BOOTH_VISITORS)} Compared with the average of all booths that scanned a visitor today.",
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
    rows=(*WHO_CAME, _FUNNEL, _RATES, _TOPS, _ONE),
    variables=(SPAN, BOOTH),
    marks=MARKS,
)
