"""The live view on screens of several sizes, with the numbers of a simulated fair folded in this process."""

from collections.abc import Mapping
from datetime import datetime, timedelta
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
from streams.local.liveview import LiveView, Now, ToTry, sparkline

FAIR = load_fair(example_fair_path("small"))
LATENESS = timedelta(seconds=180)
TO_TRY = [
    ToTry("kill -9 12345", "kills the worker: another one counts on from its journal", is_essential=True),
    ToTry("kill -9 12346", "pulls the gateway: scans wait at the terminals"),
    ToTry("http://127.0.0.1:20001/", "scan a badge, such as ADA: watch your booth's number", is_essential=True),
    ToTry("http://127.0.0.1:20002/kpis", "all numbers as JSON; /metrics for Prometheus"),
    ToTry("Ctrl-C", "ends it, says what was counted, and leaves nothing", is_essential=True),
]
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


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (60, 20), (60, 15), (56, 16), (60, 10)])
@pytest.mark.parametrize("missing", ["", "no worker", "worker does not answer"])
def test_the_view_fits_every_screen_and_names_what_to_try(
    reports: list[Mapping[str, Any]], width: int, height: int, missing: str
) -> None:
    view = LiveView(FAIR, STORY, next(iter(FAIR.booths)))
    for report in reports:
        view.take(report)
    happened = ["09:47  worker killed: another one starts"] if missing else []
    console = Console(width=width, height=height, record=True, file=StringIO())
    console.print(view.render(reports[-1], Now(17, happened, missing, TO_TRY), width, height))
    lines = console.export_text().splitlines()
    assert len(lines) <= height - 1
    assert max(map(len, lines)) <= width
    begins = ["kill -9 12345", "http://127.0.0.1:20001/", "Ctrl-C"]
    begins += happened if height > 10 else []
    begins += ["events accepted", "visits today"] if height > 15 else []
    begins += ["kill -9 12346", "leads today", "scans at your booth"] if height >= 24 else []
    assert [one for one in begins if not any(line.startswith(one) for line in lines)] == []
    assert "2025-10-25 09:4" in lines[0]
    assert lines[0].endswith(f", {missing}: old numbers" if missing else "")


def test_a_line_for_a_pipe_has_no_zero_and_says_when_its_numbers_are_old(reports: list[Mapping[str, Any]]) -> None:
    view = LiveView(FAIR, STORY, next(iter(FAIR.booths)))
    alive = view.line(reports[-1], Now(17))
    assert "visits today 0" not in alive
    assert "waiting at terminals 17" in alive
    assert "(no worker: old numbers)" in view.line(reports[-1], Now(17, missing="no worker"))


@pytest.mark.parametrize(
    ("at", "is_closed"),
    [
        ("2025-10-25T08:00", False),
        ("2025-10-25T17:59", False),
        ("2025-10-25T18:00", True),
        ("2025-10-25T19:30", True),
        ("2025-10-26T08:30", True),
        ("2025-10-26T10:00", False),
    ],
)
def test_the_view_says_so_when_the_fair_has_closed(
    reports: list[Mapping[str, Any]], at: str, *, is_closed: bool
) -> None:
    end = datetime.fromisoformat(at).replace(tzinfo=FAIR.zone)
    report = {**reports[-1], "window_end": end.isoformat()}
    view = LiveView(FAIR, STORY)
    assert ("the fair is closed" in view.line(report, Now())) == is_closed
    console = Console(width=80, height=24, record=True, file=StringIO())
    console.print(view.render(report, Now(), 80, 24))
    assert ("the fair is closed" in console.export_text()) == is_closed


def test_a_trend_has_one_step_per_number() -> None:
    assert sparkline([1, 2, 3]) == "▁▄█"
    assert sparkline([]) == ""
