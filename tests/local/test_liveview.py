"""The live view on screens of several sizes, with the numbers of a simulated fair folded in this process."""

from collections.abc import Mapping
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from producers.play.run import opened_for
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.frames import RecordedRecord
from schemas.times import from_epoch_ms
from streams.fold.engine import Engine
from streams.history.replay import Replay
from streams.local.liveview import LiveView, Now, sparkline

FAIR = load_fair(example_fair_path("small"))
LATENESS = timedelta(seconds=180)
TO_TRY = [("kill -9 12345", "kills the worker"), ("http://127.0.0.1:20001/", "scan a badge"), ("Ctrl-C", "ends it")]
STORY = "A simulated fair, 60 times as fast as a real one. " * 3


@pytest.fixture(scope="module")
def reports() -> list[Mapping[str, Any]]:
    """Reports of ten minutes, of a fair that has been open for fifty."""
    until_ms = opened_for(50, 0, FAIR)
    records = []
    for number, one in enumerate(emissions(FAIR, scenario_named("fair_day"), seed=1)):
        if one.at_ms >= until_ms:
            break
        records.append(RecordedRecord(one.topic, 0, number, one.at_ms, one.key, one.value))
    replay = Replay(Engine(FAIR, LATENESS), lambda: records)
    return [replay.at(from_epoch_ms(until_ms - 60_000 * before)).report for before in reversed(range(10))]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (60, 20), (56, 16)])
@pytest.mark.parametrize("stale", [False, True])
def test_the_view_fits_every_screen_and_names_what_to_try(
    reports: list[Mapping[str, Any]], width: int, height: int, stale: bool
) -> None:
    view = LiveView(FAIR, STORY, next(iter(FAIR.booths)))
    for report in reports:
        view.take(report)
    happened = ["09:47  worker killed: another one starts"] if stale else []
    console = Console(width=width, height=height, record=True, file=StringIO())
    console.print(view.render(reports[-1], Now(17, happened, stale, TO_TRY), width, height))
    lines = console.export_text().splitlines()
    assert len(lines) <= height - 1
    assert max(map(len, lines)) <= width
    assert any(line.startswith("visits today") for line in lines)
    assert any("no worker: old numbers" in line for line in lines) == stale
    if height >= 24:
        assert any(line.startswith("kill -9 12345") for line in lines)
        assert any(line.startswith("Ctrl-C") for line in lines)


def test_a_line_for_a_pipe_has_no_zero_and_says_when_its_numbers_are_old(reports: list[Mapping[str, Any]]) -> None:
    view = LiveView(FAIR, STORY, next(iter(FAIR.booths)))
    alive = view.line(reports[-1], Now(17))
    assert "visits today 0" not in alive
    assert "waiting at terminals 17" in alive
    assert "(no worker: old numbers)" in view.line(reports[-1], Now(17, stale=True))


def test_a_trend_has_one_step_per_number() -> None:
    assert sparkline([1, 2, 3]) == "▁▄█"
    assert sparkline([]) == ""
