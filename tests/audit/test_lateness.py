"""Fold and recount agree to the millisecond on when a minute closes, for any lateness."""

from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from schemas.events import Event
from schemas.fair.file import example_fair_path, load_fair
from schemas.times import epoch_ms
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle
from streams.audit.run import audit, plan_from
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import pane_values
from streams.kpis.definition import Window
from streams.kpis.gates import GATE_PASSAGES
from streams.shown.answers import Number
from streams.shown.view import View
from tests.support.builders import local, records, scan
from tests.support.remedies import told

SMALL = example_fair_path("small")
RECORDING = Path(__file__).parents[1] / "recordings" / "reconnect_flush.fairrec"
MS = timedelta(milliseconds=1)
SCANS = frozenset({("topic", "fair.scans")})

each_lateness = pytest.mark.parametrize(
    "lateness",
    [timedelta(0), MS, timedelta(seconds=0.5), timedelta(seconds=1.5), timedelta(seconds=30), timedelta(seconds=90)],
    ids=str,
)


def of_both(events: Sequence[Event], lateness: timedelta) -> tuple[Oracle, list[Number]]:
    """Return the oracle for the events, and all numbers in which the fold differs from it."""
    engine, state = Engine(load_fair(SMALL), lateness), PartitionState()
    engine.apply(state, engine.fold(state, "fair.scans", list(enumerate(events))))
    oracle = Oracle(SMALL, lateness).read(records(events))
    return oracle, differences(oracle, [View(engine, lambda: {0: state}).report()])


@each_lateness
def test_an_event_is_late_from_the_millisecond_at_which_its_minute_closes(lateness: timedelta) -> None:
    closes = local("11:01") + lateness
    arrivals = [closes - MS, closes, closes + MS]
    events = [scan(f"v{at}", at="11:00", received=when) for at, when in enumerate(arrivals)]
    oracle, different = of_both(events, lateness)
    assert oracle.kpis()["late_events"]["fair"] == {SCANS: 2}
    assert not different, told(different)


@each_lateness
@pytest.mark.parametrize("early", [timedelta(0), MS], ids=["closed", "open"])
def test_the_newest_closed_minute_is_the_same_one(lateness: timedelta, early: timedelta) -> None:
    newest = local("11:02") + lateness - early
    events = [scan("ada", at="11:00:30"), scan("bob", at="11:01:30"), scan("eve", at=newest, received=newest)]
    _, different = of_both(events, lateness)
    assert not different, told(different)


@each_lateness
@pytest.mark.parametrize("behind", range(14, 19))
def test_a_minute_that_no_window_needs_is_forgotten_by_both(lateness: timedelta, behind: int) -> None:
    newest = local("11:30")
    events = [scan("ada", at=newest), scan("bob", at=newest - timedelta(minutes=behind), received=newest)]
    engine, state = Engine(load_fair(SMALL), lateness), PartitionState()
    for number, event in enumerate(events):
        engine.apply(state, engine.fold(state, "fair.scans", [(number, event)]))
    oracle = Oracle(SMALL, lateness).read(records(events))
    end = epoch_ms(newest) // 60_000 - behind + 1
    ours = pane_values(state, GATE_PASSAGES, Window.M1, end)
    assert list(oracle.window("gate_passages", 1, end).values()) == list(ours.values())


@pytest.mark.parametrize("lateness", [0.5, 1.5, 30, 90])
def test_a_recording_is_audited_at_any_lateness(lateness: float) -> None:
    plan = plan_from(RECORDING, (), None, None, lateness, None, None)
    found = audit(plan, Console(file=StringIO()))
    assert found.numbers
    assert not found.differences, told(found.differences)
