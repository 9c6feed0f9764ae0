"""Places between two steps of a chunk at which a worker can be made to die. The product contains nothing of this.

CAMPAIGN_FAILPOINT names a step, and CAMPAIGN_ARM a file. While the file exists, the first worker that reaches the step
removes it, leaves its process id where the file says, and kills itself with SIGKILL.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal
from streams.shown.health import Health
from streams.worker import agent
from streams.worker.seams.consumer import ChunkConsumer

STEPS = (
    "after_decode",
    "after_dead_letters",
    "after_fold",
    "after_state_changed",
    "after_append_sent",
    "after_append_acknowledged",
    "before_faust_ack",
    "before_commit",
    "after_commit",
)


def install(step: str, arm: Path) -> None:
    """Make this process die at the step once it is armed. Raises KeyError for a step that is not there."""

    def here() -> None:
        try:
            hit = Path(arm.read_text(encoding="utf-8"))
            arm.unlink()
        except OSError:
            return
        mark = hit.with_suffix(".tmp")
        mark.write_text(str(os.getpid()), encoding="ascii")
        mark.rename(hit)
        os.kill(os.getpid(), signal.SIGKILL)

    {
        "after_decode": lambda: after(Decoding, "read", here),
        "after_dead_letters": lambda: _dead_letters(here),
        "after_fold": lambda: after(Engine, "fold", here),
        "after_state_changed": lambda: after(PartitionJournal, "write", here),
        "after_append_sent": lambda: _append(here, sent=True),
        "after_append_acknowledged": lambda: _append(here, sent=False),
        "before_faust_ack": lambda: after(Health, "appended", here),
        "before_commit": lambda: _commit(here, before=True),
        "after_commit": lambda: _commit(here, before=False),
    }[step]()


def after(owner: Any, name: str, here: Callable[[], None]) -> None:
    """Call `here` whenever a function has returned."""
    original = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        here()
        return result

    setattr(owner, name, wrapped)


def _dead_letters(here: Callable[[], None]) -> None:
    """Between the letters of a chunk and its fold."""
    buried = [False]

    def wrap(bury: agent.Append) -> agent.Append:
        async def noting(partition: int, key: bytes, value: bytes) -> int:
            offset = await bury(partition, key, value)
            buried[0] = True
            return offset

        return noting

    _wrap_argument("bury", wrap)
    fold = Engine.fold

    def folding(*args: Any) -> Any:
        if buried[0]:
            here()
        buried[0] = False
        return fold(*args)

    Engine.fold = folding  # type: ignore[method-assign,assignment]


def _append(here: Callable[[], None], *, sent: bool) -> None:
    def wrap(append: agent.Append) -> agent.Append:
        async def watched(partition: int, key: bytes, value: bytes) -> int:
            if not sent:
                offset = await append(partition, key, value)
                here()
                return offset
            answer = asyncio.ensure_future(append(partition, key, value))
            await asyncio.sleep(0.001)  # the client may still have it, or the wire, or Kafka: all are allowed
            here()
            return await answer

        return watched

    _wrap_argument("append", wrap)


def _wrap_argument(name: str, wrap: Callable[[agent.Append], agent.Append]) -> None:
    original = agent.Folding.__init__

    def init(self: agent.Folding, **arguments: Any) -> None:
        original(self, **{**arguments, name: wrap(arguments[name])})

    agent.Folding.__init__ = init  # type: ignore[method-assign]


def _commit(here: Callable[[], None], *, before: bool) -> None:
    """Around committing to Kafka an offset of an event topic: Faust does so every second, after chunks were acked."""
    original: Any = ChunkConsumer._commit

    async def commit(self: ChunkConsumer, offsets: Any) -> Any:
        is_ours = any(tp.topic in self.reading.topics for tp in offsets)
        if before and is_ours:
            here()
        done = await original(self, offsets)
        if not before and is_ours and done:
            here()
        return done

    ChunkConsumer._commit = commit  # type: ignore[method-assign,assignment]
