"""The turns of a worker's life that Faust announces: partitions begin to move, all of them are being folded."""

import gc
import time
from typing import Any

import faust
from faust.types import AppT
from typing_extensions import override

from schemas.logs import logger
from streams.shown.health import Health
from streams.worker.store import States

log = logger(__name__)


class Turns(faust.Sensor):
    """Tells health and log when a rebalance begins, and when it is over: recovered, and folding.

    Faust's own consumer thread announces the beginning, the app's thread the end.
    """

    mundane_level = "debug"

    def __init__(self, health: Health, states: States, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._health = health
        self._states = states

    @override
    def on_rebalance_start(self, app: AppT) -> dict[str, float]:
        now = time.monotonic()
        self._health.rebalance_began(now)
        log.info("rebalance begun", active=sorted(self._states.active))
        return {"began": now}

    @override
    def on_rebalance_end(self, app: AppT, state: dict[str, float]) -> None:
        tune_garbage_collector()
        now = time.monotonic()
        self._health.recovered(now)
        log.info(
            "rebalance finished",
            active=sorted(self._states.active),
            seconds=round(now - state["began"], 3),
        )


def tune_garbage_collector() -> None:
    """Take the state out of the collector's walks: it is large, long-lived and has no cycles.

    Left alone, the collector walks it again and again and takes half of the throughput at a million events.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
