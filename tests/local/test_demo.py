"""The demo as a newcomer runs it, and the comparison with the simulator's ledger behind its exit code."""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from dashboards.scraping import AUDIT, FACTS, GATEWAY, KAFKA, WORKER
from schemas.fair.file import example_fair_path
from streams.local.cast import DemoPlan
from streams.local.ledger import Difference, compared, differences
from tests.support.prometheus import Prometheus, needs_prometheus
from tests.support.registered import fair_with_register
from tests.support.workers import eventually

PROGRAM = [str(Path(sys.executable).with_name("fairpulse")), "demo", "--fair", str(example_fair_path("small"))]
HEADLINES = ("events accepted", "gate passages, last minute", "visits today", "on site now", "leads today")


def demo(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """Start a demo of a small fair whose temporary directory is `folder`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")}
    return subprocess.Popen(
        [*PROGRAM, "--visitors", "3000", *options],
        env={**environment, "TMPDIR": str(folder)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.parametrize(
    ("usual_s", "speed", "direct", "lateness_s"),
    [
        (0.5, 0.1, True, 0.5),
        (0.5, 0.1, False, 0.5),
        (0.25, 0.5, True, 0.5),
        (30.0, 60.0, True, 60.0),
        (30, 60, False, 180),
    ],
)
def test_a_minute_stays_open_as_by_default_or_longer_at_a_high_speed(
    monkeypatch: pytest.MonkeyPatch, usual_s: float, speed: float, direct: bool, lateness_s: float
) -> None:
    monkeypatch.setattr("streams.local.cast.default_of", lambda *_: timedelta(seconds=usual_s))
    plan = DemoPlan(Path(), None, speed, 300, None, 1, direct)
    assert plan.lateness_seconds == lateness_s


def until(running: "subprocess.Popen[str]", beginning: str) -> str:
    """Read what a demo says up to the line that begins so; return that."""
    assert running.stdout is not None
    said: list[str] = []
    while not said or not said[-1].startswith(beginning):
        said.append(running.stdout.readline())
        assert said[-1], "".join(said)
    return "".join(said)


def assert_first_picture_is_alive(said: str) -> None:
    """Check that no number of the first picture is zero."""
    picture = next(line for line in said.splitlines() if line.startswith("fair time"))
    shown = dict(re.findall(r"([a-z][a-z, ]*[a-z]) ([0-9,]+)(?:, |$)", picture))
    assert [name for name in HEADLINES if int(shown[name].replace(",", "")) == 0] == []


def family(parent: int) -> list[int]:
    """Return the processes that a process has started, theirs included."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, pending = [], [parent]
    while pending:
        pending += children.get(pending[0], [])
        found.append(pending.pop(0))
    return found[1:]


def scan(page: str, badge: str) -> None:
    """Scan a badge on the page of the booth."""
    fields = {"ids": [str(uuid.uuid4())], "lines": [badge], "end": "enter", "role": "visitor_professional"}
    request = Request(f"{page}api/scan", json.dumps(fields).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        (result,) = json.load(answer)["results"]
    assert not result["again"]


@pytest.mark.broker
def test_a_direct_demo_is_alive_from_the_first_picture_and_ends_with_every_kpi_equal_to_the_ledger(
    tmp_path: Path,
) -> None:
    with demo(tmp_path, "--direct", "--seconds", "6") as running:
        said, _ = running.communicate(timeout=150)
    assert running.returncode == 0, said
    assert_first_picture_is_alive(said)
    assert "all KPIs equal the simulator's own ledger" in said


@pytest.mark.broker
def test_a_demo_whose_worker_and_gateway_are_killed_counts_every_event_once_and_those_of_its_page(
    tmp_path: Path,
) -> None:
    with demo(tmp_path, "--seconds", "30") as running:
        said = until(running, "fair time")
        assert_first_picture_is_alive(said)
        page = re.search(r"^(http://\S+/)  scan a badge", said, re.MULTILINE)
        assert page is not None, said
        scan(page[1], "ADA")
        for pid in re.findall(r"^kill -9 ([0-9]+)", said, re.MULTILINE):
            os.kill(int(pid), signal.SIGKILL)
        scan(page[1], "GRACE")
        rest, _ = running.communicate(timeout=250)
    assert running.returncode == 0, said + rest
    found = re.search(
        r"([0-9,]+) events from [0-9]+ terminals, each counted once(?: \(.+\))?; [0-9,]+ numbers equal a re", rest
    )
    assert found is not None, rest
    assert int(found[1].replace(",", "")) > 1_000
    assert re.search(r"worker killed once and came back after [0-9.]+ s", rest), rest
    assert re.search(r"gateway killed once and came back after [0-9.]+ s", rest), rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.broker
def test_a_demo_of_a_fair_with_a_register_counts_known_badges_and_says_how_many_events_wait(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fair_file = fair_with_register(tmp_path_factory.mktemp("fair"))
    with demo(tmp_path, "--seconds", "8", "--fair", str(fair_file)) as running:
        said = until(running, "fair time")
        assert_first_picture_is_alive(said)
        page = re.search(r"^(http://\S+/)  scan a badge", said, re.MULTILINE)
        assert page is not None, said
        scan(page[1], "ADA")
        scan(page[1], "NOBODY")
        rest, _ = running.communicate(timeout=250)
    assert running.returncode == 0, said + rest
    waiting = re.search(r"counted once.*, and ([0-9,]+) waits? for the registration of (?:its|their) badge; ", rest)
    assert waiting is not None, rest
    assert int(waiting[1].replace(",", "")) >= 1


@pytest.mark.long
@pytest.mark.broker
@needs_prometheus
def test_a_demo_names_a_prometheus_that_scrapes_every_part_of_it_and_evaluates_our_rules(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        address = re.search(r"^(http://\S+) +Prometheus", until(running, "fair time"), re.MULTILINE)
        assert address is not None
        one = Prometheus(address[1])
        jobs = {WORKER, FACTS, GATEWAY, AUDIT, KAFKA}
        eventually(lambda: {dict(labels)["job"] for labels in one.query("up == 1")} == jobs, "every part is scraped")
        eventually(lambda: bool(one.query("fair:hall_load > 0")), "rules are evaluated")
        eventually(lambda: one.query("fair_audit_differences") != {}, "the audit has ended a round")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)


@pytest.mark.broker
@pytest.mark.parametrize(
    ("ask", "when"),
    [
        (signal.SIGINT, "fair time"),
        pytest.param(signal.SIGHUP, "fair time", marks=pytest.mark.long),
        (signal.SIGTERM, "starting a worker"),
    ],
    ids=["Ctrl-C", "closed terminal", "while it starts"],
)
def test_a_demo_that_is_asked_to_end_leaves_no_process_and_no_folder(
    tmp_path: Path, ask: signal.Signals, when: str
) -> None:
    with demo(tmp_path) as running:
        until(running, when)
        started = family(running.pid)
        running.send_signal(ask)
        said, _ = running.communicate(timeout=60)
    assert running.returncode == (129 if ask == signal.SIGHUP else 0), said
    assert said.endswith("The demo has stopped; nothing of it is left.\n")
    assert ("each counted once" in said or "were counted" in said) == (ask == signal.SIGINT)
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
    eventually(lambda: not [pid for pid in started if Path(f"/proc/{pid}").exists()], "every process has ended")


def series(value: object, **labels: str) -> list[dict[str, object]]:
    return [{"labels": labels, "value": value}]


LEDGER = {
    "kpis": {
        "visits": {"day": {"2025-09-10": series(3)}, "fair": series(3)},
        "hall_dwell": {"day": {"2025-09-10": series({"count": 2, "sum": 90, "buckets": [1, 1]}, hall="h1")}},
    }
}


def shown(visits: int, total: int = 90) -> dict[str, object]:
    windows = {
        "visits": {"day": {"2025-09-10": series(3)}, "fair": series(visits)},
        "hall_dwell": {
            "15m": series({"count": 1, "sum": 1, "buckets": [1, 0]}, hall="h1"),
            "day": {"2025-09-10": series({"count": 2, "sum": total, "buckets": [1, 1], "p50": 1}, hall="h1")},
        },
    }
    return {"kpis": {name: {"windows": value} for name, value in windows.items()}}


def test_equal_numbers_are_no_difference_and_windows_of_minutes_are_left_out() -> None:
    assert differences(shown(3), LEDGER) == []
    assert compared(LEDGER) == 5


def test_a_number_that_is_off_is_named_with_both_values() -> None:
    assert differences(shown(4), LEDGER) == [Difference("visits", "fair", "", 4, 3)]
    assert "live 4, ledger 3, difference +1" in str(differences(shown(4), LEDGER)[0])


def test_a_histogram_is_compared_by_buckets_and_sum() -> None:
    assert [difference.live for difference in differences(shown(3, total=91), LEDGER)] == [91]


def test_a_number_that_only_the_worker_shows_is_a_difference() -> None:
    report = shown(3)
    report["kpis"]["visits"]["windows"]["day"]["2025-09-11"] = series(1)  # type: ignore[index]
    assert differences(report, LEDGER) == [Difference("visits", "day 2025-09-11", "", 1, 0)]
