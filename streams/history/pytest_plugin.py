"""The fixture `replay` of the pytest plugin: a fair's numbers as they were, and still are with today's code.

    def test_the_rush_at_the_north_gate(replay):
        rush = replay("opening_rush")
        assert rush.at("2025-10-25T09:30").value("visits", day="2025-10-25") == 54
        assert rush.final().value("unique_visitors") == 104

Recordings lie beside the test, in a folder `recordings` there or further up, or at the path that is given. The plugin
itself is the module `fairpulse`.
"""

import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.recording.inspection import missing_in, nothing_in
from schemas.recording.reader import Recording
from streams.history.replay import LATENESS, Replay

SUFFIX = ".fairrec"
FOLDER = "recordings"

Replays = Callable[..., Replay]


def replays(request: pytest.FixtureRequest) -> Replays:
    """Return a function from a recording's name or path to its replay, for the test that asks.

    A recording that holds a part only, or nothing, gives a Python warning: pytest shows standard error of failed tests
    alone.
    """

    def of(
        name: str | Path, *, fair_file: Path | None = None, lateness: timedelta = LATENESS, partitions: int = 1
    ) -> Replay:
        path = find(name, request.path.parent, request.config.rootpath)
        recording = Recording(path)
        for line in (*nothing_in(recording), *missing_in(recording)):
            warnings.warn(line, stacklevel=2)
        return Replay.of(path, fair_file=fair_file, lateness=lateness, partitions=partitions)

    return of


def find(name: str | Path, beside: Path, root: Path) -> Path:
    """Return where a recording lies.

    Raises:
        FileNotFoundError: names the places where it was looked for.
    """
    given = Path(name)
    names = [given] if given.suffix else [given, given.with_suffix(SUFFIX)]
    folders = [beside, *(folder for folder in beside.parents if folder.is_relative_to(root))]
    places = [place for folder in folders for one in names for place in (folder / one, folder / FOLDER / one)]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"no recording {given.name} beside the test or in a folder {FOLDER} up to {root}")
