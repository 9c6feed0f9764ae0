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
    command = [sys.executable, "-m", "streams", "rebuild", "--generation", "2", "--bootstrap-servers", broker, "--live"]

    def rebuilt_beside(worker: WorkerProcess) -> subprocess.CompletedProcess[str]:
        address = f"http://127.0.0.1:{worker.port}"
        return subprocess.run(
            [*command, address], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    done = rebuilt_beside(old)
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
    refused = rebuilt_beside(new)
    assert (refused.returncode, refused.stdout) == (1, ""), "it would have joined the workers that it is compared with"
    assert refused.stderr == "error: --generation: running workers have generation 2; give 3 or more\n"
