"""The demo as a newcomer runs it, and the comparison with the simulator's ledger behind its exit code."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from dashboards.scraping import AUDIT, FACTS, GATEWAY, KAFKA, WORKER
from streams.local.demo import DemoPlan
from streams.local.ledger import Difference, compared, differences
from tests.support.prometheus import Prometheus, needs_prometheus
from tests.support.workers import eventually

PROGRAM = [str(Path(sys.executable).with_name("fairpulse")), "demo", "--visitors", "300", "--speed", "900"]


def demo(*options: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")}
    return subprocess.Popen(
        [*PROGRAM, *options], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
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
    monkeypatch.setattr("streams.local.demo.default_of", lambda *_: timedelta(seconds=usual_s))
    plan = DemoPlan(Path(), None, speed, 300, None, 1, direct)
    assert plan.lateness_seconds == lateness_s


def until_it_plays(running: "subprocess.Popen[str]") -> str:
    """Read what a demo says until it shows the fair; return that."""
    assert running.stdout is not None
    said: list[str] = []
    while not said or not said[-1].startswith("fair time"):
        said.append(running.stdout.readline())
        assert said[-1], running.wait()
    return "".join(said)


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


@pytest.mark.broker
def test_a_direct_demo_of_limited_time_ends_with_every_kpi_equal_to_the_ledger() -> None:
    with demo("--direct", "--seconds", "6") as running:
        said, _ = running.communicate(timeout=150)
    assert running.returncode == 0, said
    assert "all KPIs equal the simulator's ledger" in said


@pytest.mark.broker
def test_a_demo_through_terminals_and_gateway_counts_every_delivered_event_once_and_equals_the_audit() -> None:
    with demo("--seconds", "6") as running:
        said, _ = running.communicate(timeout=250)
    assert running.returncode == 0, said
    found = re.search(r"([0-9,]+) events delivered by terminals, each counted once", said)
    assert found is not None, said
    assert int(found[1].replace(",", "")) > 200
    assert "all KPIs equal the audit's" in said


@pytest.mark.broker
@needs_prometheus
def test_a_demo_names_a_prometheus_that_scrapes_every_part_of_it_and_evaluates_our_rules() -> None:
    with demo() as running:
        address = re.search(r"^Prometheus +(http://\S+)$", until_it_plays(running), re.MULTILINE)
        assert address is not None
        one = Prometheus(address[1])
        jobs = {WORKER, FACTS, GATEWAY, AUDIT, KAFKA}
        eventually(lambda: {dict(labels)["job"] for labels in one.query("up == 1")} == jobs, "every part is scraped")
        eventually(lambda: bool(one.query("fair:hall_load > 0")), "rules are evaluated")
        eventually(lambda: one.query("fair_audit_differences") != {}, "the audit has ended a round")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)


@pytest.mark.broker
def test_ctrl_c_stops_everything_that_a_demo_has_started() -> None:
    with demo() as running:
        until_it_plays(running)
        started = family(running.pid)
        assert len(started) >= 4  # Kafka, a worker, a gateway, the simulator
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "Traceback" not in said
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


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
