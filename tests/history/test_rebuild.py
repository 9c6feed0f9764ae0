"""State that is rebuilt beside a running fair is the same, and workers can switch to it."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from rich.console import Console

from schemas.errors import FairpulseError, InvalidSettings, Unavailable
from streams.history.rebuild import catch_up, owners, rebuild_beside
from tests.support.builders import LATENESS
from tests.support.folded import folded_worker
from tests.support.workers import Feed, WorkerProcess, eventually, fair_of, must_equal_the_oracle

Start = Callable[..., WorkerProcess]


@pytest.mark.broker
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


Serve = Callable[[Sequence[Any]], list[str]]
FAIR = "ciftis-2025"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a stand-in of a worker for each report, and returns their addresses."""
    with ExitStack() as stack:

        def started(reports: Sequence[Any]) -> list[str]:
            workers = [stack.enter_context(folded_worker("127.0.0.1:1")) for _ in reports]
            for worker, report in zip(workers, reports, strict=True):
                worker.report = report
            return [worker.url for worker in workers]

        yield started


def report_of(*partitions: int, fair: str = FAIR, upto: int = 9) -> dict[str, Any]:
    """Return what a worker answers that has counted scans of some partitions up to an offset."""
    offsets = {str(partition): {"fair.scans": upto} for partition in partitions}
    return {"fair": fair, "kpis": {}, "partitions": list(partitions), "upto": offsets}


@pytest.mark.parametrize("fairs", [("other-2025",), (FAIR, "other-2025"), ("other-2025", FAIR)])
def test_a_rebuild_beside_a_worker_of_another_fair_is_refused(
    fairs: tuple[str, ...], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAIRPULSE_FAIR_FILE", raising=False)
    urls = serve([report_of(number, fair=fair) for number, fair in enumerate(fairs)])
    with pytest.raises(InvalidSettings) as refused:
        rebuild_beside(2, urls, None, None, "127.0.0.1:1")
    assert str(refused.value) == (
        "the workers' numbers are of the fair other-2025, not of ciftis-2025, whose example is used because no fair "
        "file is named; name its fair file with --fair or FAIRPULSE_FAIR_FILE"
    )


ONE_MISSING = "none of these workers folds partition {}; name every worker: --live URL --live URL"
TWICE = "two workers show partition {}; it is moving, or a worker is named twice; try again"
NAMED: dict[str, tuple[list[tuple[int, ...]], str]] = {
    "all, of two workers": ([(0, 1), (2, 3)], ""),
    "all, of one worker": ([(0, 1, 2, 3)], ""),
    "one of two workers": ([(0, 1)], ONE_MISSING.format(2)),
    "the other of two workers": ([(2, 3)], ONE_MISSING.format(0)),
    "a worker without partitions": ([()], ONE_MISSING.format(0)),
    "two workers with one partition": ([(0, 1, 2), (2, 3)], TWICE.format(2)),
    "a worker that is named twice": ([(0, 1, 2, 3), (0, 1, 2, 3)], TWICE.format(0)),
}


@pytest.mark.parametrize(("held", "said"), NAMED.values(), ids=NAMED)
def test_a_rebuild_compares_every_partition_with_one_worker_or_is_refused(
    held: list[tuple[int, ...]], said: str, serve: Serve
) -> None:
    urls = serve([report_of(*one) for one in held])
    if said:
        with pytest.raises(FairpulseError) as refused:
            owners(urls, 4)
        assert str(refused.value) == said
    else:
        assert owners(urls, 4) == {number: url for one, url in zip(held, urls, strict=True) for number in one}


STANDS = "the new worker stands at {} of 20 records, and has folded none for 0 s; its own messages above or "
BESIDE: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "it has all": ([report_of(0, 1)], report_of(0, 1), ""),
    "it is further": ([report_of(0, 1)], report_of(0, 1, upto=30), ""),
    "a worker is named twice": ([report_of(0, 1), report_of(0, 1)], report_of(0, 1), ""),
    "it is behind": ([report_of(0), report_of(1)], report_of(0, 1, upto=4), STANDS.format(10)),
    "it is far ahead in one, and has nothing of another": (
        [report_of(0, 1)],
        report_of(0, upto=900),
        STANDS.format(10),
    ),
    "it does not answer": ([report_of(0, 1)], {}, STANDS.format(0)),
}


@pytest.mark.parametrize(("live", "new", "said"), BESIDE.values(), ids=BESIDE)
def test_a_new_worker_that_stands_still_behind_the_others_ends_the_rebuild(
    live: list[dict[str, Any]], new: dict[str, Any], said: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.rebuild.STANDS_S", 0.1)
    urls = serve([*live, new])
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            if said:
                with pytest.raises(Unavailable) as stopped:
                    catch_up(process, urls[:-1], urls[-1], Console(stderr=True))
                assert str(stopped.value).startswith(said)
            else:
                catch_up(process, urls[:-1], urls[-1], Console(stderr=True))
        finally:
            process.kill()
