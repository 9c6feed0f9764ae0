"""Fair now: the wall display. Twelve numbers, the halls and the trend of the day; readable from five metres."""

from dashboards.boards.shared import (
    AGE,
    AGE_NOW,
    AGE_WHEN_WELL,
    CAPACITY,
    FAIR_NOW,
    MARKS,
    NO_VERDICT,
    START_A_WORKER,
    TO_DEALS,
    TO_EXHIBITORS,
    TO_GATES,
    TO_HALL,
    TO_PIPELINE,
    TO_QUALITY,
    WHEN_FULL,
    by_profile,
    counted,
    from_abroad,
    in_currency,
    load,
    named,
    or_no_value,
    unknown_group,
    urgent,
    with_unknown,
)
from dashboards.queries import fill, inside, share, total
from dashboards.spec import (
    BAD,
    GOOD,
    NEUTRAL,
    NO_WORKER,
    WARN,
    WATCH,
    Block,
    Board,
    BoardLink,
    Kind,
    Panel,
    Query,
    Row,
    about,
)
from streams.kpis.booths import LEADS
from streams.kpis.deals import CONTRACT_VALUE_REPORTED, DEALS, INTENDED_VALUE_REPORTED, OUTCOMES
from streams.kpis.definition import Window
from streams.kpis.gates import GATE_PASSAGES, SITE_OCCUPANCY
from streams.kpis.labels import Label
from streams.kpis.visits import (
    COUNTED_BY_PROFILE,
    PROFESSIONAL_VISITS,
    UNIQUE_VISITORS,
    VISITORS_BY_COUNTRY,
    VISITORS_BY_GROUP,
    VISITS,
)

_DAY, _FAIR = Window.DAY, Window.FAIR
_RANGE = "no fixed range: see Compare. No body outside has audited a live number: quote it with its time."
_NOTHING = "no data"
"""A longer text would not fit beside the name at that size; the panel for what needs attention says what is missing."""
_PROFILE = "${__field.labels.profile}"
_WHOSE = "The profile in the name says who is a visitor; its own figure is the first number of the wall."
_LOOK = "if it looks wrong, see Data quality first: a silent gate looks like a quiet fair."


def _number(
    id_: int,
    title: str,
    what: str,
    expr: str,
    link: BoardLink,
    *,
    unit: str = "locale",
    good: str = _RANGE,
    decimals: int | None = None,
    no_value: str = _NOTHING,
) -> Panel:
    return Panel(
        id=id_,
        kind=Kind.STAT,
        title=title,
        what=what,
        good=good,
        do=_LOOK,
        queries=(Query(expr),),
        unit=unit,
        width=4,
        decimals=decimals,
        no_value=no_value,
        links=(link,),
        large=True,
    )


_PEOPLE = Row(
    4,
    (
        _number(
            1,
            f"Counted today, {_PROFILE}",
            f"Today's figure of the audit profile in the name, by its own rule. {about(COUNTED_BY_PROFILE)}",
            counted(_DAY),
            TO_EXHIBITORS,
        ),
        _number(2, "On site now", about(SITE_OCCUPANCY), fill(inside(SITE_OCCUPANCY)), TO_GATES),
        _number(
            3,
            f"Persons so far, {_PROFILE}",
            f"Different persons over the whole fair. {_WHOSE} {about(UNIQUE_VISITORS)}",
            by_profile(fill(total(UNIQUE_VISITORS, _FAIR))),
            TO_GATES,
        ),
        _number(
            4,
            f"Professional, {_PROFILE}",
            f"{about(PROFESSIONAL_VISITS)} As a share of today's visits. {_WHOSE}",
            by_profile(or_no_value(share(fill(total(PROFESSIONAL_VISITS, _DAY)), total(VISITS, _DAY)))),
            TO_GATES,
            unit="percentunit",
            decimals=0,
            no_value="no visit",
        ),
        _number(
            5,
            f"Abroad, {_PROFILE}, ${{__field.labels.unknown}} ?",
            "Visitors of the whole fair from abroad, as a share of those whose country is known. The number before the "
            "question mark is that of visitors whose country is unknown; if no country is known, there is no share. "
            f"{_WHOSE} {about(VISITORS_BY_GROUP)}",
            by_profile(with_unknown(from_abroad(VISITORS_BY_GROUP, _FAIR), unknown_group(VISITORS_BY_GROUP, _FAIR))),
            TO_EXHIBITORS,
            unit="percentunit",
            good=NO_VERDICT,
            decimals=0,
            no_value="no share",
        ),
        _number(
            6,
            f"Visitors' countries, {_PROFILE}",
            "How many countries and regions did visitors come from? An unknown country is not counted. "
            f"{_WHOSE} {about(VISITORS_BY_COUNTRY)}",
            by_profile(fill("fair:countries")),
            TO_GATES,
        ),
    ),
)

_RESULTS = Row(
    4,
    (
        _number(7, "Results", about(OUTCOMES), fill(total(OUTCOMES, _FAIR)), TO_DEALS),
        _number(
            8,
            "Deals",
            f"{about(DEALS)} Not every result is a deal.",
            fill(total(DEALS, _FAIR)),
            TO_DEALS,
        ),
        _number(
            9,
            "Contracts, ${__field.labels.currency}",
            f"{about(CONTRACT_VALUE_REPORTED)} It is never added to intended value.",
            in_currency(fill(total(CONTRACT_VALUE_REPORTED, _FAIR))),
            TO_DEALS,
            unit="short",
            decimals=1,
        ),
        _number(
            10,
            "Intended, ${__field.labels.currency}",
            f"{about(INTENDED_VALUE_REPORTED)} Counted for one year. It is never added to contract value.",
            in_currency(fill(total(INTENDED_VALUE_REPORTED, _FAIR))),
            TO_DEALS,
            unit="short",
            decimals=1,
        ),
        _number(11, "Leads today", about(LEADS), fill(total(LEADS, _DAY)), TO_EXHIBITORS),
        Panel(
            id=12,
            kind=Kind.STAT,
            title="Age of numbers",
            what="Time since the end of the newest closed minute: every number here is this old.",
            good=AGE_WHEN_WELL,
            do="see Pipeline health: a worker may be recovering, or Kafka may be away.",
            queries=(Query(AGE_NOW),),
            unit="s",
            width=4,
            levels=AGE,
            decimals=0,
            no_value=_NOTHING,
            links=(TO_QUALITY,),
            large=True,
        ),
    ),
)

_HALLS = Panel(
    id=13,
    kind=Kind.BARS,
    title="How full is each hall?",
    what="People in each hall (entries minus exits since midnight), as a share of its permitted capacity.",
    good="below 80 %.",
    do=WHEN_FULL,
    queries=(Query(f"sort_desc({named(load(), Label.HALL)})", "{{name}}"),),
    unit="percentunit",
    width=12,
    levels=CAPACITY,
    maximum=1,
    decimals=0,
    no_value=NO_WORKER,
    links=(TO_HALL,),
    large=True,
)

_URGENT = Panel(
    id=17,
    kind=Kind.STAT,
    title="What needs attention now?",
    what="Critical alerts and warnings that are firing now, with the hall or gate where there is one.",
    good="all is well.",
    do="see on Pipeline health how long each has been firing, and open the runbook with the alert's name.",
    queries=(Query(urgent(), "{{what}}"),),
    unit="none",
    width=12,
    levels=((None, GOOD), (1, WARN), (2, BAD)),
    no_value=START_A_WORKER,
    links=(TO_PIPELINE,),
    large=True,
    names=True,
)

_DAY_SO_FAR = Panel(
    id=14,
    kind=Kind.TREND,
    title="How is the day going?",
    what="People on the site now, and visits made so far today.",
    good="the same shape as the day before: see Compare.",
    do="a line that suddenly turns flat means a silent gate or a stopped worker: see Data quality.",
    queries=(Query(inside(SITE_OCCUPANCY), "on site"), Query(total(VISITS, _DAY), "visits today")),
    unit="locale",
    width=12,
    decimals=0,
    colours={"on site": NEUTRAL, "visits today": GOOD},
    no_value=NO_WORKER,
)

_PASSAGES = Panel(
    id=15,
    kind=Kind.TREND,
    title="How many people pass the gates per minute?",
    what=f"{about(GATE_PASSAGES)} Entries and exits at all gates per minute, averaged over five minutes.",
    good="more entries than exits until noon, more exits later.",
    do="see Gates and halls for the gate that is different.",
    queries=(
        Query(f"""{total(GATE_PASSAGES, Window.M5, where='direction="entry"')} / 5""", "in"),
        Query(f"""{total(GATE_PASSAGES, Window.M5, where='direction="exit"')} / 5""", "out"),
    ),
    unit="locale",
    width=6,
    decimals=0,
    colours={"in": GOOD, "out": NEUTRAL},
    no_value=NO_WORKER,
    links=(TO_GATES,),
)

_WORTH = Panel(
    id=16,
    kind=Kind.TREND,
    title="What are today's deals worth?",
    what=f"{about(CONTRACT_VALUE_REPORTED, INTENDED_VALUE_REPORTED)} The two are never added.",
    good="steps up with the ceremonies. Steps down are normal too: amendments and cancellations.",
    do="if a step is larger than its ceremony, have the deal checked before you quote it.",
    queries=(
        Query(total(CONTRACT_VALUE_REPORTED, _DAY), "contracts"),
        Query(total(INTENDED_VALUE_REPORTED, _DAY), "intended, one year"),
    ),
    unit="short",
    width=6,
    colours={"contracts": GOOD, "intended, one year": WATCH},
    no_value="no deal yet",
    links=(TO_DEALS,),
)

_BELOW = Row(17, (_HALLS, Block(12, (Row(3, (_URGENT,)), Row(7, (_DAY_SO_FAR,)), Row(7, (_PASSAGES, _WORTH))))))

BOARD = Board(
    uid=FAIR_NOW,
    title="Fair now",
    question="How is the fair doing at this moment? For the wall: open it with ?kiosk.",
    rows=(_PEOPLE, _RESULTS, _BELOW),
    marks=MARKS,
)
