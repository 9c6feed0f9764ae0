"""Write the table of the catalogue's rows and their proofs: `python -m tests.truth.table`; `--check` writes nothing.

A case is proven if fold, recount and the numbers that were written by hand are the same. All cases are played when the
table is written.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.watched import (
    AT_CLOSE,
    CLOCK_SKEW,
    RESTATEMENT,
    TERMINAL_LAG,
    TERMINALS_SILENT,
    UNRECONCILED,
    WatchedNumber,
)
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.shown.view import View
from tests.kpis.test_cases import BY_NAME, telling, values
from tests.support.builders import LATENESS
from tests.support.stories import CASES as STORIES
from tests.support.stories import fair_file_of, fair_in, records_of
from tests.support.streams_of import parsed
from tests.truth.playing import Case, Play, folded, must_be, plays, recounted
from tests.truth.test_cases import CASES

PAGE = Path(__file__).with_name("README.md")

GATE = "gate terminal"
BOOTH = "booth terminal"
BADGES = "badges import"
BESIDE = (
    "`unregistered_badges`: only programs that write to Kafka themselves. Events that a gateway takes wait in the "
    "topic `fair.unresolved` until the badge is registered: see `fair_unresolved_events`"
)
ALL_TERMINALS = "terminals at booth, gate, hall and desk"


class Row(NamedTuple):
    """A row of the catalogue: its KPIs, which producers write its fields, and what gateways or the audit show of it."""

    number: str
    kpis: tuple[str, ...]
    fed_by: str
    watched: tuple[WatchedNumber, ...] = ()


ROWS = (
    Row("A1", ("gate_passages", "gate_entries_by_role"), f"{GATE}; role: {BADGES}"),
    Row("A2", ("visits", "counted_by_profile"), f"{GATE}; role: {BADGES}"),
    Row("A3", ("unique_visitors",), f"{GATE}; role: {BADGES}"),
    Row("A4", ("repeat_visits",), f"{GATE}; role: {BADGES}"),
    Row("A5", ("attendance",), f"{GATE}; role: {BADGES}"),
    Row("A6", ("attendance_by_role",), f"{GATE}; role: {BADGES}"),
    Row("A7", ("professional_visits",), f"{GATE}; role: {BADGES}"),
    Row(
        "A8",
        ("international_visitors", "visitors_by_group", "visits_by_group", "counted_by_group"),
        f"{GATE}; role and country: {BADGES}",
    ),
    Row("A9", ("visitors_by_country",), f"{GATE}; role and country: {BADGES}"),
    Row("D1", ("booth_scans", "booth_scans_by_section"), BOOTH),
    Row("D2", ("booth_visitors",), f"{BOOTH}; role: {BADGES}"),
    Row("D5", ("interactions",), BOOTH),
    Row("D6", ("exhibit_visitors", "exhibit_interactions"), f"{BOOTH}; role: {BADGES}"),
    Row("D7", ("leads",), f"{BOOTH}; role: {BADGES}"),
    Row(
        "D8",
        ("booth_audience", "exhibit_audience", "lead_audience", "funnel"),
        f"{GATE}, {BOOTH}; role: {BADGES}",
    ),
    Row("D9", ("meetings",), "booth terminal, desk terminal"),
    Row(
        "Q1",
        ("event_lag",),
        "time of arrival: gateway; clock offset: gateway",
        (TERMINAL_LAG,),
    ),
    Row("Q2", ("late_events",), "time of arrival: gateway"),
    Row("Q3", ("duplicate_events", "soft_duplicates"), f"{ALL_TERMINALS}; worker"),
    Row("Q4", ("clock_suspects",), "clock offset: gateway; worker", (CLOCK_SKEW,)),
    Row("Q5", (), f"{ALL_TERMINALS}; registry: gateway", (TERMINALS_SILENT,)),
    Row("Q6", ("gate_denials", "forced_passages", "unregistered_badges"), f"{GATE}; {BESIDE}"),
    Row("Q7", (), "time of arrival: gateway; the audit", (RESTATEMENT, AT_CLOSE, UNRECONCILED)),
)
"""The rows that are built, A10 and D3, D4 left out: no producer has such data."""

NOT_BUILT = (
    ("A2", "annulled entries still count", "the event is stored, and no KPI takes its target back yet"),
    ("A2", "a profile's own rule of presence", "one entry within opening hours makes a visit for all profiles"),
    ("A9", "countries of exhibitors on a board", "the fact `fair_exhibitors` has those of the fair file"),
    ("D6", "interactions decide ties of a day on the board", "a series more for each exhibit; /kpis has both numbers"),
    ("Q3", "soft duplicates elsewhere than at booths", "a passage has no minute in state: nine more bytes per event"),
)


_AT_GATEWAY, _IN_AUDIT = Path("../gateway/test_terminals_watched.py"), Path("../audit/test_restated.py")
TESTS = {
    **dict.fromkeys((TERMINAL_LAG, CLOCK_SKEW, TERMINALS_SILENT), _AT_GATEWAY),
    **dict.fromkeys((RESTATEMENT, AT_CLOSE, UNRECONCILED), _IN_AUDIT),
}
"""Where a number that is not folded is compared with the one worked out by hand, and with the recount if it has one."""


def text() -> str:
    """Return the page. Plays every case."""
    lines = [
        "# Rows of the catalogue, and their proofs",
        "",
        "`make generate` writes this page, from the catalogue of KPIs and from all cases. Each case says what happens",
        "at a small fair, and which numbers follow. The numbers are written by hand. A case is proven if the live fold",
        "and the recount of the audit give the same numbers.",
        "",
        "| row | KPIs | definition | source | cases | fed by | live = recount = by hand |",
        "|---|---|---|---|---|---|---|",
        *map(_line, ROWS),
        "",
        "The named cases are in this folder. The cases of a KPI are files in its folder. A number of the gateway or of",
        "the audit has a test of its own, which compares it with one worked out by hand.",
        "",
        "## Not built",
        "",
        "| row | part | why |",
        "|---|---|---|",
        *(f"| {row} | {part} | {why} |" for row, part, why in NOT_BUILT),
        "",
    ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    kpis = [BY_NAME[name] for name in row.kpis]
    named = [case for case in CASES if case.expected.keys() & set(row.kpis)]
    folders = [f"[{name}](../kpis/cases/{name})" for name in row.kpis]
    tests = sorted({f"[{TESTS[one].stem}]({TESTS[one]})" for one in row.watched})
    found = [*(_holds(name, path) for name in row.kpis for path in sorted((STORIES / name).glob("*.json")))]
    found += [_is_proven(case, row.kpis) for case in named]
    cells = (
        row.number,
        "<br>".join(f"`{name}`" for name in (*row.kpis, *(one.name for one in row.watched))),
        " ".join(one.question for one in (*kpis, *row.watched)),
        " ".join(f"{one.source[0].upper()}{one.source[1:]}." for one in (*kpis, *row.watched)),
        "<br>".join([*folders, *([f"{len(named)} named"] if named else []), *tests]),
        row.fed_by,
        ", ".join([*([f"{sum(found)} of {len(found)} cases"] if found else []), *(["in the test"] if tests else [])]),
    )
    return f"| {' | '.join(cells)} |"


def _holds(name: str, path: Path) -> bool:
    """Return whether fold, recount and answer of a story are the same."""
    story = json.loads(path.read_text(encoding="utf-8"))
    file = fair_file_of(story)
    fair, state, records = fair_in(file), PartitionState(), records_of(story["events"])
    engine = Engine(fair, LATENESS)
    for (_, topic), log in parsed(records, fair).items():
        engine.apply(state, engine.fold(state, topic, log))
    for window, answer in story["answer"].items():
        if telling(values(state, BY_NAME[name], window, fair), answer) != answer:
            return False
    report = View(engine, lambda: {0: state}).report()
    return not [one for one in differences(Oracle(file, LATENESS).read(records), [report]) if one.name == name]


def _is_proven(case: Case, names: tuple[str, ...]) -> bool:
    """Return whether fold, recount and the numbers of a case are the same, in two orders."""
    expected = {name: windows for name, windows in case.expected.items() if name in names}
    try:
        for play in _few(case):
            must_be(expected, recounted(case.fair_file, play), "recount")
            must_be(expected, folded(case.fair_file, play), "fold")
    except AssertionError:
        return False
    return True


def _few(case: Case) -> Iterator[Play]:
    """Yield the first two ways to play a case; the tests play all."""
    ways = plays(case.records)
    yield next(ways)
    yield next(ways)


def main() -> int:
    """Write the page; with --check only report that it is stale."""
    now = text()
    known = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if now == known:
        return 0
    if "--check" in sys.argv:
        print("error: tests/truth/README.md is stale; run: make generate", file=sys.stderr)
        return 1
    PAGE.write_text(now, encoding="utf-8")
    print("wrote tests/truth/README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
