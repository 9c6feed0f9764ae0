"""Programs of a demo that die: which are started again, which end the demo, and what is said of it."""

import re
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


def test_every_kill_counts_also_of_a_program_that_is_not_back_yet(children: Children, tmp_path: Path) -> None:
    works = False
    part = Part.start(children, tmp_path, "worker", SLEEPER, lambda: works, "another one starts")
    crew = Crew([part])
    for _ in range(3):
        part.popen.kill()
        part.popen.wait()
        crew.look("12:07")
    assert crew.told() == "worker killed 3 times"
    works = True
    crew.look("12:10")
    assert crew.told().startswith("worker killed 3 times and came back after ")
    assert len(crew.happened()) == 3


def test_a_program_that_runs_and_does_not_answer_is_told_of_until_it_answers_and_at_the_end(
    children: Children, tmp_path: Path
) -> None:
    part = Part.start(children, tmp_path, "worker", SLEEPER)
    crew = Crew([part])
    crew.ask(part, "12:06", answered=True)
    crew.ask(part, "12:07", answered=False)
    assert crew.happened() == []
    crew.ask(part, "12:08", answered=True)
    assert (crew.happened(), crew.told()) == ([], "")
    part.heard -= 20
    crew.ask(part, "12:09", answered=False)
    assert crew.happened() == ["12:09  worker does not answer: is it frozen?"]
    crew.ask(part, "12:09", answered=True)
    assert crew.happened()[0].startswith("12:09  worker did not answer for 20.")
    assert crew.told().startswith("worker did not answer for 20.")
    part.heard -= 30
    crew.ask(part, "12:12", answered=False)
    assert re.fullmatch(r"worker did not answer for 30\.[0-9] s at most, twice", crew.told())


def test_a_program_that_is_killed_while_it_is_silent_is_silent_no_longer(children: Children, tmp_path: Path) -> None:
    part = Part.start(children, tmp_path, "worker", SLEEPER, lambda: False, "another one starts")
    crew = Crew([part])
    part.heard -= 20
    crew.ask(part, "12:07", answered=False)
    part.popen.kill()
    part.popen.wait()
    crew.look("12:08")
    crew.ask(part, "12:08", answered=False)
    first, second = crew.happened()
    assert first.startswith("12:07  worker did not answer for 20.")
    assert second == "12:08  worker killed: another one starts"
    assert "worker killed once; worker did not answer for 20." in crew.told()
