"""Gates and halls: flow, queues, density, denied scans."""

from dashboards.boards.shared import (
    CAPACITY,
    DENIED,
    DENSITY,
    GATE,
    GATES,
    HALL,
    LANE_PER_MINUTE,
    MARKS,
    PRESSURE,
    TO_QUALITY,
    WHEN_FULL,
    denied,
    density,
    entries_per_minute,
    load,
    named,
    pressure,
    spoken,
)
from dashboards.queries import fill, fill_bars, inside, total
from dashboards.spec import BAD, GOOD, NEUTRAL, WATCH, Board, Kind, Legend, Panel, Query, Row, about
from streams.kpis.definition import Window
from streams.kpis.gates import (
    FORCED_PASSAGES,
    GATE_DENIALS,
    GATE_ENTRIES_BY_ROLE,
    GATE_PASSAGES,
    SITE_OCCUPANCY,
)
from streams.kpis.halls import HALL_OCCUPANCY
from streams.kpis.labels import Label
from streams.kpis.quality import SCANS_BY_SOURCE

_H, _G = 'hall=~"$hall"', 'gate=~"$gate"'
_QUEUE = f"A lane passes about {LANE_PER_MINUTE} badges per minute; the number of lanes is from the fair file."

_DENIED = total(GATE_DENIALS, Window.DAY, Label.GATE, where=_G)
_FORCED = total(FORCED_PASSAGES, Window.DAY, Label.GATE, where=_G)
_PASSED = total(GATE_PASSAGES, Window.DAY, Label.GATE, where=f'direction="entry", {_G}')

_NOW = Row(
    4,
    (
        Panel(
            id=1,
            kind=Kind.STAT,
            title="On site now",
            what=about(SITE_OCCUPANCY),
            good="below the combined capacity of all halls.",
            do="close the gates one by one, first those of the fullest hall.",
            queries=(Query(fill(inside(SITE_OCCUPANCY))),),
            unit="locale",
            width=4,
        ),
        Panel(
            id=2,
            kind=Kind.STAT,
            title="Fullest hall",
            what="People in the fullest hall, as a share of its permitted capacity.",
            good="below 80 %.",
            do=WHEN_FULL,
            queries=(Query(f"max({load()})"),),
            unit="percentunit",
            width=4,
            levels=CAPACITY,
            decimals=0,
        ),
        Panel(
            id=3,
            kind=Kind.STAT,
            title="Gate under most pressure",
            what=f"Arrivals over 15 minutes, as a share of what all lanes of the gate can pass. {_QUEUE}",
            good="below 70 %. Above 100 % a queue grows.",
            do="open more lanes there, or send people to the gate under the least pressure.",
            queries=(Query(f"topk(1, sum by (gate) ({pressure()}))", "{{gate}}"),),
            unit="percentunit",
            width=4,
            levels=PRESSURE,
            decimals=0,
        ),
        Panel(
            id=4,
            kind=Kind.STAT,
            title="Entries per minute, all gates",
            what=f"{about(GATE_PASSAGES)} Entries at all gates together, averaged over 15 minutes.",
            good="about as many as yesterday at this hour: see Compare.",
            do="if it is zero while the fair is open, the gates are closed or their readers silent: see Data quality.",
            queries=(Query(f"sum({entries_per_minute()})"),),
            unit="locale",
            width=4,
            decimals=0,
        ),
        Panel(
            id=5,
            kind=Kind.STAT,
            title="Denied, all gates",
            what=f"{about(GATE_DENIALS)} As a share of all scans of the last 15 minutes.",
            good="below 3 %.",
            do="find the gate below. Usual causes: tickets for another day, or an outdated list on one reader.",
            queries=(Query(denied()),),
            unit="percentunit",
            width=4,
            levels=DENIED,
            decimals=1,
        ),
        Panel(
            id=6,
            kind=Kind.STAT,
            title="Gates without a passage",
            what="Gates that count visitors and passed somebody in the last hour, but nobody in the last 15 minutes.",
            good="none while the fair is open.",
            do="ask whether it is closed on purpose. If its readers are offline, they send later; nothing is lost.",
            queries=(Query(fill("sum(fair:gate_idle)")),),
            unit="locale",
            width=4,
            levels=((None, GOOD), (1, WATCH), (3, BAD)),
            links=(TO_QUALITY,),
        ),
    ),
)

_HALLS = Row(
    9,
    (
        Panel(
            id=7,
            kind=Kind.BARS,
            title="How full is each hall?",
            what=f"{about(HALL_OCCUPANCY)} As a share of its permitted capacity.",
            good="below 80 %.",
            do=WHEN_FULL,
            queries=(Query(f"sort_desc({named(load(_H), Label.HALL)})", "{{name}}"),),
            unit="percentunit",
            width=8,
            levels=CAPACITY,
            maximum=1,
            decimals=0,
        ),
        Panel(
            id=8,
            kind=Kind.BARS,
            title="How dense is each hall?",
            what="People per square metre of usable floor.",
            good="below 0.43: people walk freely. Above 1 they walk slowly; venues plan for at most 2.",
            do="guide visitors to another hall. Above 2, treat the hall as full.",
            queries=(Query(f"sort_desc({named(density(_H), Label.HALL)})", "{{name}}"),),
            unit="none",
            width=8,
            levels=DENSITY,
            maximum=2,
            decimals=2,
        ),
        Panel(
            id=9,
            kind=Kind.TREND,
            legend=Legend.RIGHT,
            title="How does each hall fill over the day?",
            what="People in each hall as a share of its capacity, with lines at 80, 90 and 100 %.",
            good="below the first line.",
            do="watch the slope: a hall that gains ten points in ten minutes soon reaches the next line.",
            queries=(Query(load(_H), "{{hall}}"),),
            unit="percentunit",
            width=8,
            levels=CAPACITY,
            lines=True,
        ),
    ),
)

_FLOW = Row(
    9,
    (
        Panel(
            id=10,
            kind=Kind.TREND,
            legend=Legend.RIGHT,
            title="How many people enter per minute, by gate?",
            what=f"{about(GATE_PASSAGES)} Entries per minute, averaged over five minutes.",
            good="all gates are in use, and none alone is at its limit.",
            do="open lanes at a gate whose area is flat at the top: a flat top means a queue.",
            queries=(Query(entries_per_minute(_G, Window.M5), "{{gate}}"),),
            unit="locale",
            width=8,
            stack=True,
            decimals=0,
        ),
        Panel(
            id=11,
            kind=Kind.TREND,
            title="How many people come and go per minute?",
            what=f"{about(GATE_PASSAGES)} Entries and exits per minute, averaged over five minutes.",
            good="more entries than exits until noon, more exits later.",
            do="exits without entries in the morning: an entry reader is silent, or mounted the wrong way round.",
            queries=(
                Query(f"""{total(GATE_PASSAGES, Window.M5, where=f'direction="entry", {_G}')} / 5""", "in"),
                Query(f"""{total(GATE_PASSAGES, Window.M5, where=f'direction="exit", {_G}')} / 5""", "out"),
            ),
            unit="locale",
            width=8,
            colours={"in": GOOD, "out": NEUTRAL},
            decimals=0,
        ),
        Panel(
            id=12,
            kind=Kind.TREND,
            legend=Legend.RIGHT,
            title="Where does a queue build up?",
            what=f"Arrivals over 15 minutes, as a share of what all lanes of the gate can pass. {_QUEUE}",
            good="below 70 %.",
            do="above 100 %, open lanes or redirect people. After three minutes an alert fires.",
            queries=(Query(pressure(_G), "{{gate}}"),),
            unit="percentunit",
            width=8,
            levels=PRESSURE,
            lines=True,
        ),
    ),
)

_TABLES = Row(
    11,
    (
        Panel(
            id=13,
            kind=Kind.TABLE,
            title="All gates",
            what=f"{about(GATE_PASSAGES, GATE_DENIALS)} "
            f"Pressure is arrivals as a share of what all lanes can pass. {_QUEUE}",
            good="pressure below 70 %.",
            do="click a heading to sort. A gate under pressure with free neighbours needs a sign to them.",
            queries=(
                Query(_PASSED, "Entries today"),
                Query(entries_per_minute(_G), "Entries per minute"),
                Query(f"100 * {pressure(_G)}", "Pressure, %"),
                Query(f"max by (gate) (fair_gate_lanes{{{_G}}})", "Lanes"),
                Query(f"({_DENIED} or {_PASSED} * 0)", "Denied today"),
            ),
            unit="locale",
            width=12,
            decimals=0,
            no_value="-",
            keep={"gate": "Gate"},
        ),
        Panel(
            id=14,
            kind=Kind.TREND,
            legend=Legend.RIGHT,
            title="What share is denied, by gate?",
            what=f"{about(GATE_DENIALS)} As a share of all scans of the last 15 minutes.",
            good="below 3 %.",
            do="one gate alone: check its reader and its list. All gates at once: check the ticket system.",
            queries=(Query(denied(_G, Label.GATE), "{{gate}}"),),
            unit="percentunit",
            width=6,
            levels=DENIED,
            lines=True,
            decimals=1,
        ),
        Panel(
            id=16,
            kind=Kind.BARS,
            title="Why are badges turned away today?",
            what=f"{about(GATE_DENIALS)} Today, by the reason that the reader gave.",
            good="few, and mostly tickets for another day.",
            do="many of one reason: see at which gate, and correct the list or the ticket behind it.",
            queries=(
                Query(
                    f"sort_desc({spoken(total(GATE_DENIALS, Window.DAY, Label.REASON, where=_G), Label.REASON)})",
                    "{{reason}}",
                ),
            ),
            unit="locale",
            width=6,
            no_value="none turned away",
        ),
    ),
)

_WHO = Row(
    9,
    (
        Panel(
            id=17,
            kind=Kind.BARS,
            title="Who comes in today, by role?",
            what=f"{about(GATE_ENTRIES_BY_ROLE)} A person may have many.",
            good="visitors are most, and few are unknown.",
            do="if many are unknown: with a register, a program writes to Kafka itself, see Persons, by the register, "
            "on Data quality. Without one, terminals send no role.",
            queries=(
                Query(
                    f"sort_desc({spoken(total(GATE_ENTRIES_BY_ROLE, Window.DAY, Label.ROLE, where=_G), Label.ROLE)})",
                    "{{role}}",
                ),
            ),
            unit="locale",
            width=8,
            no_value="no entry yet",
            links=(TO_QUALITY,),
        ),
        Panel(
            id=18,
            kind=Kind.BARS,
            title="Where do staff let denied badges through today?",
            what=about(FORCED_PASSAGES),
            good="a handful per gate.",
            do="ask the staff of a gate far above the others. The evidence of an audit lists each one.",
            queries=(Query(f"sort_desc({fill_bars(_FORCED, Label.GATE, 'none')})", "{{gate}}"),),
            unit="locale",
            width=8,
        ),
        Panel(
            id=19,
            kind=Kind.BARS,
            title="What reads the badges today?",
            what=about(SCANS_BY_SOURCE),
            good="few codes are typed by hand (manual).",
            do="if many are typed, the scanners or the prints are bad. The evidence of an audit lists each one.",
            queries=(
                Query(
                    f"sort_desc({spoken(total(SCANS_BY_SOURCE, Window.DAY, Label.SOURCE), Label.SOURCE)})", "{{source}}"
                ),
            ),
            unit="locale",
            width=8,
            no_value="no scan yet",
        ),
    ),
)

BOARD = Board(
    uid=GATES,
    title="Gates and halls",
    question="Where is it too full, and where does a queue build up?",
    rows=(_NOW, _HALLS, _FLOW, _TABLES, _WHO),
    variables=(HALL, GATE),
    marks=MARKS,
)
