"""The two turns of a worker's life: partitions start to move, and all of them are being folded again."""

import gc
import time

from schemas.logs import logger
from streams.shown.health import Health
from streams.worker.store import States

log = logger(__name__)


class Turns:
    """Tells health and log when a rebalance begins, and when it is over: all partitions recovered and being folded.

    The app calls it. Faust's sensors do not: they miss the end of a rebalance if another one began during it.
    """

    def __init__(self, health: Health, states: States) -> None:
        self._health = health
        self._states = states
        self._began = time.monotonic()
        self._waits_for_partitions = False

    @property
    def may_end(self) -> bool:
        """Whether the recovery that ends is that of the last rebalance which began."""
        return not self._waits_for_partitions and self._states.recovered_turn == self._states.turn

    def partitions_assigned(self) -> None:
        """Note that the partitions of a rebalance are known, and are being recovered. Called in the app's thread."""
        self._waits_for_partitions = False

    def rebalance_began(self) -> None:
        """Note that partitions start to move. Called in Faust's consumer thread."""
        self._waits_for_partitions = True
        self._began = time.monotonic()
        self._health.rebalance_began(self._began)
        log.info("rebalance started", active=sorted(self._states.active))

    def rebalance_ended(self) -> None:
        """Note that every partition is recovered and being folded. Called in the app's thread."""
        tune_garbage_collector()
        now = time.monotonic()
        self._health.recovered(now)
        log.info(
            "rebalance finished",
            active=sorted(self._states.active),
            seconds=round(now - self._began, 3),
        )


def tune_garbage_collector() -> None:
    """Keep the garbage collector from scanning the state, which is large, long-lived and free of cycles.

    Otherwise it scans the state again and again, and costs half of the throughput at a million events.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
