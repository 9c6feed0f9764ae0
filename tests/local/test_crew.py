"""Programs of a demo that die: which are started again, which end the demo, and what is said of it."""

import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.errors import Unavailable
from streams.local.children import Children
from streams.local.crew import Crew
from streams.local.parts import Part

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
FAILING = [sys.executable, "-c", "import sys; print('opening'); sys.exit('error: the disk is full; make room')"]


@pytest.fixture
def children() -> Iterator[Children]:
    ours = Children()
    yield ours
    ours.close(timedelta(seconds=5))


def test_a_program_that_is_killed_is_started_again_and_it_is_told_when_it_is_back(
    children: Children, tmp_path: Path
) -> None:
    works = False
    part = Part.start(children, tmp_path, "worker", SLEEPER, lambda: works, "another one starts")
    crew = Crew([part])
    crew.look("12:07")
    assert (crew.losses, crew.told()) == ([], "")
    first = part.popen
    first.kill()
    first.wait()
    crew.look("12:07")
    assert part.popen.pid != first.pid
    assert part.popen.poll() is None
    assert [loss.told() for loss in crew.losses] == ["12:07  worker killed: another one starts"]
    assert crew.is_away(part)
    works = True
    crew.look("12:10")
    assert not crew.is_away(part)
    assert crew.losses[0].told().startswith("12:07  worker killed; back after ")
    assert crew.told().startswith("worker killed once and came back after ")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_program_that_is_killed_again_and_again_is_always_started_again(
    children: Children, tmp_path: Path, number: signal.Signals
) -> None:
    part = Part.start(children, tmp_path, "gateway", SLEEPER)
    crew = Crew([part])
    for _ in range(5):
        part.popen.send_signal(number)
        part.popen.wait()
        crew.look("12:07")
    assert part.popen.poll() is None
    assert crew.told().startswith("gateway killed 5 times and came back after ")


def test_a_program_that_ends_by_itself_three_times_ends_the_demo_with_its_last_words(
    children: Children, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = Part.start(children, tmp_path, "exporter", FAILING)
    crew = Crew([part])
    for _ in range(2):
        part.popen.wait()
        crew.look("12:07")
    assert crew.losses[0].told().startswith("12:07  exporter ended (exit code 1)")
    part.popen.wait()
    with pytest.raises(Unavailable, match="the exporter ended with exit code 1: the disk is full; make room; "):
        crew.look("12:08")
    assert "exporter: opening\n" in capsys.readouterr().err
