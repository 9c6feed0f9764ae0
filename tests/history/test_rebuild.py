"""State that is rebuilt beside a running fair is the same, and workers can switch to it."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support.builders import LATENESS
from tests.support.workers import Feed, WorkerProcess, eventually, fair_of, must_equal_the_oracle

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def test_a_rebuilt_generation_equals_the_running_one_and_takes_over_from_its_own_journal(
    broker: str, start_worker: Start
) -> None:
    old = start_worker().wait_ready()
    feed = Feed(broker, fair_of(visitors=300, seed=61), rate=250)
    eventually(lambda: old.events() > 1_000, "the fair is under way")
    environment = {"FAIRPULSE_PARTITIONS": "4", "FAIRPULSE_CLOCK": "event", "FAIRPULSE_SESSION_TIMEOUT": "6"}
    environment["FAIRPULSE_ALLOWED_LATENESS"] = str(LATENESS.total_seconds())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "streams", "rebuild", "--generation", "2"),
            *("--live", f"http://127.0.0.1:{old.port}", "--bootstrap-servers", broker),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 partitions, " in done.stdout
    assert " 0 differences" in done.stdout
    assert "FAIRPULSE_GENERATION=2" in done.stdout
    feed.finish()
    old.stop()
    new = start_worker(generation="2").wait_ready()
    oracle = must_equal_the_oracle(broker, new)
    folded = new.metric("fair_worker_records_total")
    total = sum(oracle.kpis()["events"]["fair"].values())
    assert folded < total, "the events that the rebuild had folded came from its journal"
