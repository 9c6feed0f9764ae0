"""Data quality: lag, late, duplicate, suspect, refused and test events, the register, live against recounted."""

from dashboards.boards.shared import (
    AGE,
    AGE_NOW,
    AGE_WHEN_WELL,
    MARKS,
    QUALITY,
    SCANNED,
    SILENT,
    TO_BOOTH,
    TO_GATES,
    TO_PIPELINE,
    TOPIC_COLOURS,
)
from dashboards.boards.topics_row import TOPICS
from dashboards.queries import UNRESOLVED, ZERO, fill, quantile, share, total
from dashboards.spec import (
    BAD,
    GOOD,
    NEUTRAL,
    NO_GATEWAY,
    NO_WORKER,
    WARN,
    WATCH,
    Board,
    Kind,
    Legend,
    Levels,
    Panel,
    Query,
    Row,
    about,
)
from streams.kpis.badges import REGISTERED_BADGES, UNREGISTERED_BADGES
from streams.kpis.booths import BOOTH_SCANS_BY_SECTION, SOFT_DUPLICATES
from streams.kpis.definition import Window
from streams.kpis.labels import Label
from streams.kpis.quality import (
    CLOCK_SUSPECTS,
    DUPLICATE_EVENTS,
    EVENT_LAG,
    EVENTS,
    LATE_EVENTS,
    REJECTED_EVENTS,
    TEST_EVENTS,
)

_DAY, _FAIR = Window.DAY, Window.FAIR
LAG: Levels = ((None, GOOD), (10, WATCH), (60, BAD))
FEW: Levels = ((None, GOOD), (0.01, WATCH), (0.05, BAD))


def _of_all(part: str) -> str:
    events = total(EVENTS, _DAY)
    return share(f"({part} or {events} * 0)", events)


def _among(copies: str, others: str) -> str:
    """Return copies as a share of copies and others; nothing before the first of either."""
    return share(f"({copies} or {others} * 0)", f"({others} + ({copies} or {others} * 0))")


def _by_hall(booths: str) -> str:
    return f"count by (hall) ({booths} * on (booth) group_left (hall) max by (booth, hall) (fair_booth_info))"


_SCANNING = _by_hall(f"({SCANNED} > 0)")
"""Booths that scanned today, by hall; a hall in which none is silent has a bar of zero, not none."""

_WAITING = f"sum({UNRESOLVED}) or {ZERO} unless on () {total(UNREGISTERED_BADGES, _FAIR)}"
"""Only gateways know it; but without a register nothing waits, and workers show who is not in it only if there is one.
"""

_TRUST = Row(
    4,
    (
        Panel(
            id=1,
            kind=Kind.STAT,
            title="Age of numbers",
            what="Time since the end of the newest closed minute.",
            good=AGE_WHEN_WELL,
            do="see Pipeline health: a worker may be recovering, or Kafka may be away.",
            queries=(Query(AGE_NOW),),
            unit="s",
            width=4,
            levels=AGE,
            decimals=0,
            no_value="no worker",
            links=(TO_PIPELINE,),
        ),
        Panel(
            id=13,
            kind=Kind.STAT,
            title="Cells that differ from the recount",
            what="Cells of all KPIs in which the live numbers differ from our own recount of the topics.",
            good="0. Until a first recount has succeeded, no number is shown.",
            do="publish nothing, and follow the runbook LiveDiffersFromAudit.",
            queries=(Query("max(fair_audit_differences)"),),
            unit="locale",
            width=4,
            levels=((None, GOOD), (1, BAD)),
            no_value="not recounted yet",
        ),
        Panel(
            id=17,
            kind=Kind.STAT,
            title="Not recounted for",
            what="Time since the recount last succeeded, or since it started if it never has.",
            good="a few minutes; no longer than a recount of all topics takes.",
            do="above 15 minutes, nobody checks the numbers: see the runbook AuditOld.",
            queries=(Query("max(fair_audit_waiting_seconds)"),),
            unit="s",
            width=4,
            levels=((None, GOOD), (300, WATCH), (900, BAD)),
            decimals=0,
            no_value="start the audit",
        ),
        Panel(
            id=14,
            kind=Kind.STAT,
            title="Missing sequence numbers",
            what="Sequence numbers that terminals used but no accepted event carries, as of the last recount.",
            good="0, or a few on their way. Once all is sent, those of refused events and of events that wait for a "
            "registration.",
            do="`fairpulse audit --out audit/` lists them per terminal: check its spool and its drawer.",
            queries=(Query("max(fair_audit_missing_sequence_numbers)"),),
            unit="locale",
            width=4,
            levels=((None, GOOD), (1, WATCH), (1_000, BAD)),
            no_value="not recounted yet",
        ),
        Panel(
            id=12,
            kind=Kind.STAT,
            title="Booths fallen silent",
            what="Booths that scanned badges today, but none for 30 minutes, as a share of all that scanned today.",
            good="below 20 % from noon on. After closing, all are silent.",
            do="see below. A whole hall: its network or power. Single booths: empty batteries. Both send later.",
            queries=(Query(share("fair:silent_booths", "fair:active_booths")),),
            unit="percentunit",
            width=4,
            levels=((None, GOOD), (0.2, WATCH), (0.5, BAD)),
            decimals=0,
            no_value=NO_WORKER,
        ),
        Panel(
            id=6,
            kind=Kind.STAT,
            title="Refused, whole fair",
            what=about(REJECTED_EVENTS),
            good="a handful. They are in fair.rejected, with their reason.",
            do="unknown booth or hall: correct the fair file, then redrive. Malformed: a terminal's software is wrong.",
            queries=(Query(fill(total(REJECTED_EVENTS, _FAIR))),),
            unit="locale",
            width=4,
            no_value=NO_WORKER,
            levels=((None, GOOD), (100, WATCH), (1_000, BAD)),
        ),
    ),
)

_NOW = Row(
    4,
    (
        Panel(
            id=2,
            kind=Kind.STAT,
            title="Delay of the slowest 1 %",
            what=f"{about(EVENT_LAG)} Over the last five minutes, one event in a hundred took longer than this.",
            good="below 10 seconds.",
            do="above a minute, some terminals send late: find the silent booths, and check their hall's network.",
            queries=(Query(quantile(0.99, EVENT_LAG, Window.M5)),),
            unit="s",
            width=5,
            levels=LAG,
            decimals=1,
            no_value="no event yet",
        ),
        Panel(
            id=21,
            kind=Kind.STAT,
            title="Persons, by the register",
            what="Persons whom the register of badges knows, and persons in events whom it lacks. At a fair without a "
            f"register, both are 0. {about(REGISTERED_BADGES, UNREGISTERED_BADGES)} Those whom it lacks are in "
            "events that programs wrote to Kafka themselves: what a gateway takes waits, see beside it.",
            good="nobody is missing in it. A person who is missing counts as no visitor.",
            do="import the registration again; numbers follow at once, also those of past days.",
            queries=(
                Query(fill(total(REGISTERED_BADGES, _FAIR)), "registered"),
                Query(fill(total(UNREGISTERED_BADGES, _FAIR)), "not in it"),
            ),
            unit="locale",
            width=5,
            no_value=NO_WORKER,
        ),
        Panel(
            id=22,
            kind=Kind.STAT,
            title="Events that wait for a registration",
            what="Events of badge codes that the register lacks. They are kept, and count as soon as it has the code. "
            "At a fair without a register, it is 0.",
            good="0, or a few while badges are printed.",
            do="import the registration. If they stay, they are of badges of another fair, and count nowhere.",
            queries=(Query(_WAITING),),
            unit="locale",
            width=5,
            levels=((None, GOOD), (1, WATCH), (1_000, BAD)),
            no_value=NO_GATEWAY,
        ),
        Panel(
            id=23,
            kind=Kind.STAT,
            title="Test events, whole fair",
            what=about(TEST_EVENTS),
            good="any number: they are in no other number.",
            do="if it rises during the fair without a test, a test badge or a test terminal is in use: swap it.",
            queries=(Query(fill(total(TEST_EVENTS, _FAIR))),),
            unit="locale",
            width=5,
            no_value=NO_WORKER,
        ),
        Panel(
            id=18,
            kind=Kind.STAT,
            title="Misplaced, whole fair",
            what="Events that a producer put into another partition than that of their key. They are not counted yet.",
            good="0.",
            do="correct the producer, then run `fairpulse dead-letters redrive`: see the runbook EventsMisplaced.",
            queries=(Query(fill(total(REJECTED_EVENTS, _FAIR, where='reason="misplaced"'))),),
            unit="locale",
            width=4,
            levels=((None, GOOD), (1, BAD)),
            no_value=NO_WORKER,
        ),
    ),
)

_TRENDS = Row(
    8,
    (
        Panel(
            id=7,
            kind=Kind.TREND,
            title="How many events per minute?",
            what=about(EVENTS),
            good="it follows the day of the fair. Scans are most frequent.",
            do="if scans or interactions are at zero while the fair is open, check the terminals and the gateway.",
            queries=(Query(total(EVENTS, Window.M1, Label.TOPIC), "{{topic}}"),),
            unit="locale",
            width=8,
            stack=True,
            colours=TOPIC_COLOURS,
        ),
        Panel(
            id=8,
            kind=Kind.TREND,
            title="How long do events take to arrive?",
            what=f"{about(EVENT_LAG)} Over the last five minutes.",
            good="the median below a second, nine in ten below 5 s.",
            do="all three rise: check the gateway and its network. Only the slowest: a few terminals were offline.",
            queries=(
                Query(quantile(0.5, EVENT_LAG, Window.M5), "median"),
                Query(quantile(0.9, EVENT_LAG, Window.M5), "nine in ten"),
                Query(quantile(0.99, EVENT_LAG, Window.M5), "99 in a hundred"),
            ),
            unit="s",
            width=8,
            levels=LAG,
            colours={"median": GOOD, "nine in ten": WATCH, "99 in a hundred": WARN},
            lines=True,
        ),
        Panel(
            id=9,
            kind=Kind.TREND,
            title="What share is late, duplicate or from a wrong clock?",
            what=f"{about(LATE_EVENTS, DUPLICATE_EVENTS, CLOCK_SUSPECTS)} As shares of the day so far; copies of all "
            f"that came. {about(SOFT_DUPLICATES)} As a share of all scans at booths.",
            good="late and duplicate ones below 1 %, none from a wrong clock; a few scans at booths are read again.",
            do="only late ones: an outage has ended. Only duplicates, above 5 %: a terminal keeps repeating itself, or "
            "answers get lost. Wrong clock: set the terminal's clock; its events count at the minute of their arrival.",
            queries=(
                Query(_of_all(total(LATE_EVENTS, _DAY)), "late"),
                Query(_among(total(DUPLICATE_EVENTS, _DAY), total(EVENTS, _DAY)), "duplicate"),
                Query(_among(total(SOFT_DUPLICATES, _DAY), total(BOOTH_SCANS_BY_SECTION, _DAY)), "read again"),
                Query(_of_all(total(CLOCK_SUSPECTS, _DAY)), "wrong clock"),
            ),
            unit="percentunit",
            width=8,
            levels=FEW,
            legend=Legend.RIGHT,
            colours={"late": WATCH, "duplicate": NEUTRAL, "read again": "purple", "wrong clock": BAD},
            decimals=2,
        ),
    ),
)

_AT_THE_DOOR = 'label_replace(fair:gateway_rejected_events > 0, "topic", "at a gateway", "", "")'
_WHERE = Row(
    9,
    (
        Panel(
            id=16,
            kind=Kind.BARS,
            title="What share of each hall's booths is silent?",
            what="Booths that scanned badges today, but none for 30 minutes, as a share of all that scanned today.",
            good="about the same in every hall.",
            do="a hall far above the others may have lost network or power: send a technician there first.",
            queries=(Query(f"sort_desc(({_by_hall(SILENT)} or {_SCANNING} * 0) / {_SCANNING})", "{{hall}}"),),
            unit="percentunit",
            width=6,
            levels=((None, GOOD), (0.3, WATCH), (0.7, BAD)),
            maximum=1,
            decimals=0,
            no_value="no scan yet",
            links=(TO_GATES,),
        ),
        Panel(
            id=15,
            kind=Kind.TABLE,
            title="Which booths fell silent?",
            what="Booths that scanned badges today, but none for 30 minutes. Those with the most scans come first.",
            good="only small booths. After closing, all of them.",
            do="send a technician, top of the list first. A booth that scans little may simply have no visitors.",
            queries=(
                Query(
                    f"topk(40, sum by (booth) ({SILENT})) * on (booth) group_left (name, hall) "
                    "max by (booth, name, hall) (fair_booth_info)",
                    "Scans today",
                ),
            ),
            unit="locale",
            width=8,
            decimals=0,
            no_value="no silent booth",
            keep={"hall": "Hall", "booth": "Booth", "name": "Exhibitor"},
            widths={"Hall": 70, "Booth": 90},
            links=(TO_BOOTH,),
        ),
        Panel(
            id=10,
            kind=Kind.TABLE,
            title="Why are records refused?",
            what=f'{about(REJECTED_EVENTS)} "At a gateway": events that gateways refused since they started.',
            good="an empty table.",
            do="remove the cause, then run `fairpulse dead-letters redrive`: they count as if they had just arrived.",
            queries=(
                Query(f"{total(REJECTED_EVENTS, _FAIR, Label.TOPIC, Label.REASON)} > 0 or {_AT_THE_DOOR}", "Records"),
            ),
            unit="locale",
            width=6,
            decimals=0,
            no_value="none refused",
            keep={"topic": "Topic", "reason": "Reason"},
            widths={"Topic": 140, "Reason": 130},
        ),
        Panel(
            id=11,
            kind=Kind.TABLE,
            title="Which gates have gone quiet?",
            what="Gates that count visitors and passed somebody in the last hour, but nobody in the last 15 minutes.",
            good="an empty table while the fair is open.",
            do="ask whether it is closed on purpose. If its readers are offline, they send later; nothing is lost.",
            queries=(Query("fair:gate_idle == 1", "Quiet"),),
            unit="none",
            width=4,
            no_value="no quiet gate",
            keep={"gate": "Gate"},
            links=(TO_GATES,),
        ),
    ),
)

BOARD = Board(
    uid=QUALITY,
    title="Data quality",
    question="Can these numbers be trusted?",
    rows=(_TRUST, _NOW, TOPICS, _TRENDS, _WHERE),
    marks=MARKS,
)
