"""Terminals: which are silent, slow, or have a wrong clock; and what booths and exhibits send in each minute."""

from dashboards.boards.minute_row import MINUTE
from dashboards.boards.shared import MARKS, TERMINALS, TO_GATES, TO_PIPELINE
from dashboards.queries import NEVER_HEARD, OFFSETS, SILENT_FOR
from dashboards.spec import BAD, GOOD, NEUTRAL, NO_GATEWAY, WATCH, Board, Kind, Levels, Panel, Query, Row
from schemas.watched import CLOCK_SKEW, CLOCK_WRONG_S, SILENT_S, TERMINAL_LAG, TERMINALS_SILENT

FEW: Levels = ((None, GOOD), (1, WATCH), (20, BAD))
_LAGS = f"max by (terminal, quantile) ({TERMINAL_LAG.metric}"


_SILENT = Row(
    8,
    (
        Panel(
            id=1,
            kind=Kind.STAT,
            title="Silent terminals",
            what=f"Enrolled terminals that no gateway heard for {SILENT_S:g} s. {TERMINALS_SILENT.about}.",
            good="0 while the fair is open; at night, all are.",
            do="see beside it where they are. A whole gate or hall: its network or power. Nothing is lost.",
            queries=(Query("sum(fair:terminals_silent)"),),
            unit="locale",
            width=4,
            levels=FEW,
            no_value=NO_GATEWAY,
        ),
        Panel(
            id=2,
            kind=Kind.BARS,
            title="Where are silent terminals?",
            what="Silent terminals of each gate and each hall, and of all booths and all desks together.",
            good="none at a gate that is open.",
            do="send a technician to a gate first. A gate that is closed on purpose may be switched off.",
            queries=(Query("sort_desc(fair:terminals_silent)", "{{kind}} {{place}}"),),
            unit="locale",
            width=8,
            levels=FEW,
            no_value=NO_GATEWAY,
            links=(TO_GATES,),
        ),
        Panel(
            id=3,
            kind=Kind.TABLE,
            title="Which terminals are silent?",
            what="Terminals that were heard before and are silent now, and for how long; the newest 40 of them.",
            good="an empty table while the fair is open.",
            do="ask the booth or gate: a battery, a cable, the network. What it saved is sent later.",
            queries=(Query(f"bottomk(40, {SILENT_FOR})", "Silent for"),),
            unit="s",
            width=8,
            decimals=0,
            no_value="none, or no gateway",
            keep={"terminal": "Terminal", "kind": "Kind", "place": "Place"},
        ),
        Panel(
            id=4,
            kind=Kind.STAT,
            title="Never heard",
            what="Enrolled terminals that no gateway has heard since it was started, nor within the hour before.",
            good="0 once all terminals are set up.",
            do="`fairpulse terminals list` names all of them: set up what is missing, and revoke what is not needed.",
            queries=(Query(f"count({NEVER_HEARD}) or sum(fair:terminals_silent) * 0"),),
            unit="locale",
            width=4,
            levels=((None, NEUTRAL),),
            no_value=NO_GATEWAY,
        ),
    ),
)

_CLOCKS = Row(
    8,
    (
        Panel(
            id=5,
            kind=Kind.STAT,
            title=f"Clocks off by more than {CLOCK_WRONG_S:g} s",
            what=f"Terminals whose clock is further off than {CLOCK_WRONG_S:g} s, in either direction.",
            good="0. Their events are corrected, so no number is wrong yet.",
            do="set the clocks of the terminals beside it, or let them ask a time server.",
            queries=(Query(f"count(abs({OFFSETS}) > {CLOCK_WRONG_S:g}) or sum(fair:terminals_silent) * 0"),),
            unit="locale",
            width=4,
            levels=FEW,
            no_value=NO_GATEWAY,
        ),
        Panel(
            id=6,
            kind=Kind.TABLE,
            title="Which clocks are furthest off?",
            what=f"{CLOCK_SKEW.about}. Above zero, the terminal's clock is slow.",
            good="all within two seconds.",
            do="a whole hour: its time zone is wrong. Seconds that grow: its clock drifts, and nothing corrects it.",
            queries=(Query(OFFSETS, "Off by"),),
            unit="s",
            width=8,
            decimals=1,
            minimum=None,
            no_value="no clock is known",
            keep={"terminal": "Terminal"},
        ),
        Panel(
            id=7,
            kind=Kind.TABLE,
            title="Which terminals are slow?",
            what=f"{TERMINAL_LAG.about}.",
            good="99 in a hundred within a few seconds.",
            do="both columns are long: its network is bad. Only the second: it was offline for a while.",
            queries=(
                Query(f'{_LAGS}{{quantile="0.99"}})', "99 in a hundred within"),
                Query(f'{_LAGS}{{quantile="0.5"}})', "Half within"),
            ),
            unit="s",
            width=12,
            decimals=1,
            no_value="no event lately",
            keep={"terminal": "Terminal"},
            links=(TO_PIPELINE,),
        ),
    ),
)

BOARD = Board(
    uid=TERMINALS,
    title="Terminals",
    question="Which terminals need somebody, and what comes in each minute?",
    rows=(_SILENT, _CLOCKS, MINUTE),
    marks=MARKS,
)
