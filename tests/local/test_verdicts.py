"""The last words of a demo: how many events were counted, or that nobody knows."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.fair.file import example_fair_path, load_fair
from schemas.ports import HOST, free_port
from streams.local.cast import BOOK, DemoPlan, DemoSimulator, DemoStage, DemoWorker
from streams.local.children import Children
from streams.local.crew import Crew
from streams.local.parts import Part, answers_at, wait_for
from streams.local.verdicts import Proof, say_what_was_counted, unregistered

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
SHOWN = "28,100 (fair time 09:50)"
ANSWERS = """
import http.server, sys
class Worker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Worker).serve_forever()
"""


def events(count: int, *, windows: bool) -> str:
    fair = {"fair": [{"labels": {}, "value": count}]}
    return json.dumps({"kpis": {"events": {"windows": fair} if windows else fair}})


@pytest.fixture
def proof(tmp_path: Path) -> Iterator[Callable[[int | None, int | None], Proof]]:
    """Return a function from the events that were sent, and that a worker has counted, to the end of such a demo."""
    children = Children()

    def make(sent: int | None, counted: int | None) -> Proof:
        port = free_port()
        serves = [sys.executable, "-c", ANSWERS, str(port), events(counted or 0, windows=True)]
        worker = Part.start(children, tmp_path, "worker", SLEEPER if counted is None else serves)
        url = f"http://{HOST}:{port}"
        if counted is not None:
            wait_for(lambda: answers_at(url), worker, 30)
        if sent is not None:
            (tmp_path / BOOK).write_text(events(sent, windows=False))
        simulator = DemoSimulator(Part.start(children, tmp_path, "simulator", SLEEPER), tmp_path)
        file = example_fair_path("small")
        plan = DemoPlan(file, None, 60, 300, None, 1, direct=True)
        stage = DemoStage(plan, file, load_fair(file), children, tmp_path, "kafka-1:9092", is_own_kafka=True)
        return Proof(stage, Crew([worker]), DemoWorker(worker, url), simulator, None)

    yield make
    children.close(timedelta(seconds=5))


@pytest.mark.parametrize(
    ("sent", "counted", "told"),
    [
        (28_896, 28_896, "28,896 events, each counted once."),
        (28_896, 28_100, "Of 28,896 events, 28,100 were counted when it ended."),
        (None, 28_100, "28,100 events were counted; more were on their way when it ended."),
        (
            28_896,
            None,
            f"28,896 events were delivered. No worker answered at the end; the last number shown was {SHOWN}.",
        ),
        (None, None, f"No worker answered at the end; the last number shown was {SHOWN}."),
    ],
)
def test_a_demo_says_at_its_end_what_it_knows_of_the_events_and_not_more(
    proof: Callable[[int | None, int | None], Proof],
    capsys: pytest.CaptureFixture[str],
    sent: int | None,
    counted: int | None,
    told: str,
) -> None:
    say_what_was_counted(proof(sent, counted), 0, SHOWN)
    assert capsys.readouterr().out.splitlines()[0] == told


@pytest.mark.parametrize(
    ("waiting", "told"),
    [
        (0, ""),
        (1, ", and 1 waits for the registration of its badge"),
        (1_200, ", and 1,200 wait for the registration of their badge"),
    ],
)
def test_events_of_unknown_badges_are_told_apart_from_those_that_are_counted(waiting: int, told: str) -> None:
    assert unregistered(waiting) == told
