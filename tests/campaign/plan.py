"""The plan of the runs: number and seed decide workload, fault and workers, so any run can be repeated alone."""

import random
from dataclasses import dataclass

from tests.campaign import (
    broker_faults,
    failpoints,
    faults,
    log_faults,
    network_faults,
    settings_faults,
    stranger_faults,
)
from tests.campaign.faults import Fault
from tests.campaign.workloads import WORKLOADS

THREE_NODES = ("one_of_three", "two_of_three")
SMALL_DISK = ("disk_full",)
OWN_BROKER = ("tail_lost", "broker_replaced", "page_cache_lost")
"""They damage the data of a broker, which no other run uses then."""

FAULTS: dict[str, tuple[Fault, int]] = {
    "nothing": (faults.nothing, 3),
    "worker_kill": (faults.worker_kill, 12),
    "producer_kill": (faults.producer_kill, 4),
    "broker_kill": (broker_faults.broker_kill, 4),
    "worker_freeze": (faults.worker_freeze, 4),
    "producer_freeze": (faults.producer_freeze, 2),
    "broker_freeze": (broker_faults.broker_freeze, 2),
    "producer_kill_while_broker_frozen": (broker_faults.producer_kill_while_broker_frozen, 1),
    "rebalance_storm": (faults.rebalance_storm, 3),
    **{f"failpoint_{step}": (faults.failpoint(step), 1) for step in failpoints.STEPS},
    "disk_full": (broker_faults.disk_full, 1),
    "latency": (network_faults.latency, 2),
    "cut": (network_faults.cut, 3),
    "swallow": (network_faults.swallow, 3),
    "half_open": (network_faults.half_open, 2),
    "reset": (network_faults.reset, 3),
    "one_of_three": (broker_faults.one_of_three, 1),
    "two_of_three": (broker_faults.two_of_three, 1),
    "topic_recreated_shorter": (log_faults.topic_recreated("shorter"), 3),
    "topic_recreated_equal": (log_faults.topic_recreated("equal"), 3),
    "topic_recreated_longer": (log_faults.topic_recreated("longer"), 3),
    "journal_recreated": (log_faults.journal_recreated, 2),
    "journal_head_gone": (log_faults.journal_head_gone, 2),
    "tail_lost": (log_faults.tail_lost, 2),
    "broker_replaced": (log_faults.broker_replaced, 2),
    "page_cache_lost": (log_faults.page_cache_lost, 4),
    "settings_changed": (settings_faults.settings_changed, 3),
    "compression_changed": (settings_faults.compression_changed, 1),
    "partition_added": (settings_faults.partition_added, 3),
    "misplaced": (stranger_faults.misplaced, 3),
    "codecs": (stranger_faults.codecs, 1),
    "transactions": (stranger_faults.transactions, 2),
}
"""By name: the fault, and how often it comes in a deck of runs."""

WORKLOAD_DECK = ("fair_day", *WORKLOADS)
WORKERS = (1, 2, 2, 3)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its workload, its fault, and the number of its workers."""

    seed: int
    number: int
    fault: str
    workload: str
    workers: int

    @property
    def chance_seed(self) -> str:
        """Seed of everything that is drawn within the run."""
        return f"{self.seed}/{self.number}/{self.fault}"


def run_of(seed: int, number: int, fault: str | None = None) -> Run:
    """Return a run of a campaign; `fault` replaces its fault. KeyError if there is none of that name.

    Every deck of runs holds every fault as often as its weight says, in an order of its own.
    """
    deck = [name for name, (_, weight) in FAULTS.items() for _ in range(weight)]
    random.Random(f"{seed}/deck/{number // len(deck)}").shuffle(deck)
    name = deck[number % len(deck)] if fault is None else fault
    FAULTS[name]
    chance = random.Random(f"{seed}/{number}/plan")
    workload, workers = chance.choice(WORKLOAD_DECK), chance.choice(WORKERS)
    if name == "rebalance_storm":
        workers = 1
    return Run(seed, number, name, workload, workers)
