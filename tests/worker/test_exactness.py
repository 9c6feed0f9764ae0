"""After any fault of workers, their KPIs equal the oracle's, which other code recomputes from Kafka's records."""

import random
from collections.abc import Callable

import pytest

from streams.worker.failstop import EXIT_MUST_STOP
from tests.support.workers import (
    SESSION_S,
    Feed,
    WorkerProcess,
    eventually,
    fair_of,
    must_equal_the_oracle,
    send,
)

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def test_three_kills_in_mid_stream_lose_nothing_and_double_nothing(broker: str, start_worker: Start) -> None:
    records, chance = fair_of(visitors=900, seed=11), random.Random(11)
    worker = start_worker().wait_ready()
    feed = Feed(broker, records, rate=1_500)
    goal = 0
    for _ in range(3):
        goal += chance.randrange(1_500, 4_000)
        worker.wait_events(goal)
        worker.kill()
        worker = start_worker()
    feed.finish()
    oracle = must_equal_the_oracle(broker, worker)
    kpis = oracle.kpis()
    for name in ("late_events", "duplicate_events", "rejected_events"):
        assert sum(kpis[name]["fair"].values()) > 0, f"the fair had no {name}"


def test_a_worker_that_joins_one_that_dies_and_one_that_wakes_up_from_a_freeze_change_no_number(
    broker: str, start_worker: Start
) -> None:
    records = fair_of(visitors=1_600, seed=12)
    first = start_worker().wait_ready()
    feed = Feed(broker, records, rate=700)
    eventually(lambda: first.events() > 1_000, "the first worker folds")
    second = start_worker()
    eventually(
        lambda: len(second.partitions()) == 2 and len(first.partitions()) == 2, "two workers share four partitions"
    )
    first.kill()
    eventually(lambda: len(second.partitions()) == 4, "the partitions of a dead worker are taken over")
    third = start_worker()
    eventually(lambda: len(third.partitions()) == 2 and len(second.partitions()) == 2, "a third worker joins")
    frozen_at = second.events()
    assert frozen_at > 0
    second.freeze()
    eventually(
        lambda: len(third.partitions()) == 4, "the partitions of a frozen worker are taken over", 3 * SESSION_S + 20
    )
    second.wake()
    # The woken worker may still hold a chunk. Then it appends to a journal that another worker writes, and must end.
    # So must the other worker, if that record came between two of its own. A supervisor restarts both.
    eventually(
        lambda: any_left(second, third) or second.get("/readyz") == "ready\n", "the woken worker leaves or rejoins"
    )
    feed.finish()
    workers = [second, third]

    def both_share_the_work() -> bool:
        for at, worker in enumerate(workers):
            if worker.process.poll() is not None:
                assert worker.process.returncode == EXIT_MUST_STOP, worker.said()
                workers[at] = start_worker()
        return all(len(worker.partitions()) == 2 for worker in workers)

    eventually(both_share_the_work, "both share the work again", 90)
    second, third = workers
    must_equal_the_oracle(broker, second, third)
    assert set(second.partitions()).isdisjoint(third.partitions())
    shown = second.metric("fair_visits") + third.metric("fair_visits")
    oracle = must_equal_the_oracle(broker, second, third).kpis()["visits"]
    days = {window: sum(cells.values()) for window, cells in oracle.items() if window != "fair"}
    # /metrics shows the current day and the fair: a one-day fair shows the same number in both.
    assert shown == sum(oracle["fair"].values()) + days[max(days)]


def any_left(*workers: WorkerProcess) -> bool:
    return any(worker.process.poll() is not None for worker in workers)


def test_a_worker_recovers_from_the_journal_alone(broker: str, start_worker: Start) -> None:
    worker = start_worker().wait_ready()
    send(broker, fair_of(visitors=300, seed=13))
    must_equal_the_oracle(broker, worker)
    assert worker.stop() == 0
    again = start_worker().wait_ready()
    must_equal_the_oracle(broker, again)
    assert again.metric("fair_worker_records_total") == 0, (
        "the worker must not fold events again that are in the journal"
    )
