"""Fair now: the wall display. A dozen numbers, the halls, the trend of the day; readable from five metres."""

from dashboards.boards.shared import (
    AGE,
    AGE_NOW,
    CAPACITY,
    FAIR_NOW,
    MARKS,
    TO_DEALS,
    TO_EXHIBITORS,
    TO_GATES,
    TO_HALL,
    TO_PIPELINE,
    TO_QUALITY,
    in_currency,
    load,
    named,
    urgent,
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
from schemas.environment import default_text
from schemas.settings import WorkerSettings
from streams.kpis.booths import LEADS
from streams.kpis.deals import CONTRACT_VALUE_REPORTED, DEALS, INTENDED_VALUE_REPORTED, OUTCOMES
from streams.kpis.definition import Window
from streams.kpis.gates import (
    GATE_PASSAGES,
    INTERNATIONAL_VISITORS,
    PROFESSIONAL_VISITS,
    SITE_OCCUPANCY,
    UNIQUE_VISITORS,
    VISITORS_BY_COUNTRY,
    VISITS,
)
from streams.kpis.labels import Label

_DAY, _FAIR = Window.DAY, Window.FAIR
_OPEN = default_text(WorkerSettings, "allowed_lateness")
_LIVE = "Live numbers are provisional: quote them with the time, and the audited ones afterwards."
_LOOK = "look at Data quality first: a silent gate looks like a quiet fair."


def _number(
    id_: int,
    title: str,
    what: str,
    expr: str,
    link: BoardLink,
    *,
    unit: str = "locale",
    good: str = _LIVE,
    decimals: int | None = None,
    no_value: str = NO_WORKER,
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
    5,
    (
        _number(1, "Visits today", about(VISITS), fill(total(VISITS, _DAY)), TO_GATES),
        _number(2, "On site now", about(SITE_OCCUPANCY), fill(inside(SITE_OCCUPANCY)), TO_GATES),
        _number(3, "Visitors in all", about(UNIQUE_VISITORS), fill(total(UNIQUE_VISITORS, _FAIR)), TO_GATES),
        _number(
            4,
            "Professional",
            f"{about(PROFESSIONAL_VISITS)} As a share of today's visits.",
            share(total(PROFESSIONAL_VISITS, _DAY), total(VISITS, _DAY)),
            TO_GATES,
            unit="percentunit",
            decimals=0,
            no_value="no visit",
        ),
        _number(
            5,
            "From abroad",
            f"{about(INTERNATIONAL_VISITORS)} As a share of the visitors of the whole fair.",
            share(total(INTERNATIONAL_VISITORS, _FAIR), total(UNIQUE_VISITORS, _FAIR)),
            TO_GATES,
            unit="percentunit",
            good="5 % and more makes a fair international for FKM and UFI.",
            decimals=0,
            no_value="no visit",
        ),
        _number(
            6,
            "Countries",
            f"How many countries and regions did visitors come from? {about(VISITORS_BY_COUNTRY)}",
            fill("fair:countries"),
            TO_GATES,
        ),
    ),
)

_RESULTS = Row(
    5,
    (
        _number(7, "Results", about(OUTCOMES), fill(total(OUTCOMES, _FAIR)), TO_DEALS),
        _number(
            8,
            "Deals",
            f"{about(DEALS)} Results are more than deals.",
            fill(total(DEALS, _FAIR)),
            TO_DEALS,
        ),
        _number(
            9,
            "Contracts, ${__field.labels.currency}",
            f"{about(CONTRACT_VALUE_REPORTED)} Never added to intended value.",
            in_currency(fill(total(CONTRACT_VALUE_REPORTED, _FAIR))),
            TO_DEALS,
            unit="short",
            decimals=1,
        ),
        _number(
            10,
            "Intended, ${__field.labels.currency}",
            f"{about(INTENDED_VALUE_REPORTED)} Counted for one year. Never added to contract value.",
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
            what="Time since the end of the newest closed minute: every number here is as old as this.",
            good=f"below two minutes: a minute stays open for {_OPEN} by default, then it is scraped.",
            do="see Pipeline health: a worker may be recovering, or Kafka may be away.",
            queries=(Query(AGE_NOW),),
            unit="s",
            width=4,
            levels=AGE,
            decimals=0,
            no_value="start a worker",
            links=(TO_QUALITY,),
            large=True,
        ),
    ),
)

_HALLS = Panel(
    id=13,
    kind=Kind.BARS,
    title="How full is each hall?",
    what="Persons in each hall (in minus out since midnight) as a share of the capacity of its permit.",
    good="below 80 %.",
    do="from 80 % watch the doors, from 90 % let in only as many as leave, at 100 % close the hall's doors.",
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
    title="What needs somebody now?",
    what="Warnings and critical alerts that fire at this moment, each with the hall or gate it is about.",
    good="all is well.",
    do="open Pipeline health: it lists them with how long they have fired; each has a runbook of its name.",
    queries=(Query(urgent(), "{{what}}"),),
    unit="none",
    width=12,
    levels=((None, GOOD), (1, WARN), (2, BAD)),
    no_value="no worker yet: fairpulse worker",
    links=(TO_PIPELINE,),
    large=True,
    names=True,
)

_DAY_SO_FAR = Panel(
    id=14,
    kind=Kind.TREND,
    title="How does the day go?",
    what="Persons on the site, and visits made so far today.",
    good="the curve of the day before, see Compare.",
    do="a sudden flat line is a silent gate or a stopped worker, not a quiet fair: see Data quality.",
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
    title="How many pass the gates a minute?",
    what=about(GATE_PASSAGES),
    good="entries above exits until noon, the other way round after it.",
    do="see Gates and halls for the gate that makes the difference.",
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
    what=f"{about(CONTRACT_VALUE_REPORTED, INTENDED_VALUE_REPORTED)} Two lines, never their sum.",
    good="steps up with the ceremonies; steps down are amendments and cancellations, and right.",
    do="a step of more than the last ceremony: have the deal checked before it is quoted.",
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
