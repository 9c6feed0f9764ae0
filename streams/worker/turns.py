"""The turns of a worker's life: partitions begin to move, all of them are being folded."""

import gc
import time

from schemas.logs import logger
from streams.shown.health import Health
from streams.worker.store import States

log = logger(__name__)


class Turns:
    """Tells health and log when a rebalance begins, and when it is over: recovered, and folding.

    The app calls it, not Faust's sensors: they miss the end of a rebalance during which another one began.
    """

    def __init__(self, health: Health, states: States) -> None:
        self._health = health
        self._states = states
        self._began = time.monotonic()

    def rebalance_began(self) -> None:
        """Take note that partitions begin to move. Faust's consumer thread says so."""
        self._began = time.monotonic()
        self._health.rebalance_began(self._began)
        log.info("rebalance begun", active=sorted(self._states.active))

    def rebalance_ended(self) -> None:
        """Take note that every partition is recovered and folded. The app's thread says so."""
        tune_garbage_collector()
        now = time.monotonic()
        self._health.recovered(now)
        log.info(
            "rebalance finished",
            active=sorted(self._states.active),
            seconds=round(now - self._began, 3),
        )


def tune_garbage_collector() -> None:
    """Take the state out of the collector's walks: it is large, long-lived and has no cycles.

    Left alone, the collector walks it again and again and takes half of the throughput at a million events.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
