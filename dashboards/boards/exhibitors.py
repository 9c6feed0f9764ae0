"""Exhibitors and exhibits: who came, by profile and role; who draws visitors; the funnel from visit to lead."""

from dashboards.boards.shared import (
    EXHIBITORS,
    MARKS,
    NO_VERDICT,
    SPAN,
    TO_BOOTH,
    TO_DEALS,
    TO_GATES,
    TO_QUALITY,
    counted,
    from_abroad,
    spoken,
    unknown_group,
)
from dashboards.queries import fill, fill_bars, share, total
from dashboards.spec import GOOD, NEUTRAL, NO_WORKER, Block, Board, Kind, Panel, Query, Row, Variable, about
from streams.kpis.booths import (
    BOOTH_SCANS,
    BOOTH_VISITORS,
    EXHIBIT_INTERACTIONS,
    EXHIBIT_VISITORS,
    INTERACTIONS,
    LEADS,
)
from streams.kpis.definition import Window
from streams.kpis.funnel import BOOTH_AUDIENCE, EXHIBIT_AUDIENCE, FUNNEL_STEPS, LEAD_AUDIENCE
from streams.kpis.labels import Label
from streams.kpis.meetings import MEETINGS
from streams.kpis.visits import (
    ATTENDANCE_BY_ROLE,
    COUNTED_BY_PROFILE,
    REPEAT_VISITS,
    UNIQUE_VISITORS,
    VISITS_BY_GROUP,
)

_DAY, _W = Window.DAY, "$window"
BOOTH = Variable("booth", "Booth", "label_values(fair_booth_scans, booth)")
_MINE = 'booth="$booth"'
_EXHIBITS = 'fair_exhibit_info{booth="$booth"}'
_NOWHERE = "country unknown"
_TOUCHED = total(EXHIBIT_INTERACTIONS, Window.M15, Label.EXHIBIT)
_TRIED = total(EXHIBIT_VISITORS, Window.M15, Label.EXHIBIT)
_RANK = f"{_TRIED} + {_TOUCHED} / 1e6 or {_TRIED}"
"""Visitors; interactions break a tie, in decimals that are not shown."""
_SMALL = "Numbers of a few visitors say little about an exhibitor, but may identify the visitors: do not publish them."


def _titled(expr: str) -> str:
    """Return a number of each audit profile with the profile's title."""
    return f"({expr}) * on (profile) group_left (title) max by (profile, title) (fair_profile_info)"


_WHO = Row(
    8,
    (
        Panel(
            id=1,
            kind=Kind.STAT,
            title="By the fair's profile",
            what="The name beside the number is that of the audit profile that the fair file names; the number is its "
            f"own figure, by its own rule. {about(COUNTED_BY_PROFILE)}",
            good="as Compare shows for the days before.",
            do="quote it with the name of the profile, and with its time: no body outside has audited it.",
            queries=(Query(counted(_W), "{{profile}}"),),
            unit="locale",
            width=3,
            no_value="no data",
            links=(TO_GATES,),
        ),
        Panel(
            id=17,
            kind=Kind.BARS,
            title="What does each audit profile count?",
            what=f"{about(COUNTED_BY_PROFILE)} Every profile is counted all the time; COUNTING.md has their rules.",
            good="each figure is for its own body. They are not expected to be equal.",
            do="never quote one without the name of its profile.",
            queries=(Query(f"sort_desc({_titled(total(COUNTED_BY_PROFILE, _W, Label.PROFILE))})", "{{title}}"),),
            unit="locale",
            width=6,
            no_value="no visit yet",
        ),
        Panel(
            id=18,
            kind=Kind.BARS,
            title="Who came, by role?",
            what=f"{about(ATTENDANCE_BY_ROLE)} `unknown`: persons whom the register lacks, or who gave no role.",
            good="few are unknown. The roles that a profile leaves out are here as well.",
            do="if many are unknown, the register was not imported: see Data quality.",
            queries=(
                Query(f"sort_desc({spoken(total(ATTENDANCE_BY_ROLE, _W, Label.ROLE), Label.ROLE)} > 0)", "{{role}}"),
            ),
            unit="locale",
            width=5,
            no_value="no visit yet",
            links=(TO_QUALITY,),
        ),
        Panel(
            id=19,
            kind=Kind.BARS,
            title="Where do visits come from?",
            what=f"{about(VISITS_BY_GROUP)} An unknown country is neither at home nor abroad.",
            good="few are unknown.",
            do="ask the registration for the missing countries: a corrected registration counts at once.",
            queries=(Query(f"sort_desc({total(VISITS_BY_GROUP, _W, Label.GROUP)})", "{{group}}"),),
            unit="locale",
            width=4,
            no_value="no visit yet",
        ),
        Block(
            6,
            (
                Row(
                    4,
                    (
                        Panel(
                            id=20,
                            kind=Kind.STAT,
                            title="Visits from abroad",
                            what="Visits from abroad as a share of those whose country is known, and beside it the "
                            "number of visits whose country is unknown. If no country is known, there is no share. "
                            f"{about(VISITS_BY_GROUP)}",
                            good=NO_VERDICT,
                            do="quote both. Ask the registration for the missing countries: they count at once.",
                            queries=(
                                Query(from_abroad(VISITS_BY_GROUP, _W), "of the known ones"),
                                Query(unknown_group(VISITS_BY_GROUP, _W), _NOWHERE),
                            ),
                            units={_NOWHERE: "locale"},
                            unit="percentunit",
                            width=6,
                            decimals=1,
                            no_value=NO_WORKER,
                        ),
                    ),
                ),
                Row(
                    4,
                    (
                        Panel(
                            id=22,
                            kind=Kind.STAT,
                            title="Repeat visits, whole fair",
                            what=about(REPEAT_VISITS),
                            good="it rises from the second day on.",
                            do="none on the second day of a fair: badges may have been printed anew for everybody.",
                            queries=(Query(fill(total(REPEAT_VISITS, Window.FAIR))),),
                            unit="locale",
                            width=6,
                        ),
                    ),
                ),
            ),
        ),
    ),
)

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
            title="How many meetings are proposed, accepted, declined, held?",
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
            what=f"{about(EXHIBIT_VISITORS)} Of exhibits with equally many visitors, the one with more interactions "
            f"comes first. {_SMALL}",
            good="the list changes during the day.",
            do="if a crowd gathers at one exhibit, tell the manager of its hall.",
            queries=(
                Query(
                    f"topk(25, {_RANK}) "
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
            what=f"{about(EXHIBIT_VISITORS)} Exhibits with equally many visitors are in no order. {_SMALL}",
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
            title="Booth $booth: scans today",
            what=f"{about(BOOTH_SCANS)} Scans of anybody, staff too: do not divide them by visitors.",
            good="about one or two for each visitor.",
            do="if it is far above, the scanner reads twice, or staff or one test badge is scanned again and again.",
            queries=(Query(fill(total(BOOTH_SCANS, _DAY, where=_MINE))),),
            unit="locale",
            width=4,
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
    rows=(_WHO, _FUNNEL, _RATES, _TOPS, _ONE),
    variables=(SPAN, BOOTH),
    marks=MARKS,
)
