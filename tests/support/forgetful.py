"""A worker that looks every second, and loses a chunk on its way to the fold whenever the file LOSE exists."""

import os
from collections.abc import Awaitable
from pathlib import Path

from faust.types import TP

from schemas.console import main
from streams.__main__ import streams
from streams.worker import watching
from streams.worker.agent import Folding
from streams.worker.chunks import Chunk

if __name__ == "__main__":
    watching.LOOK_S = watching.STANDS_S = 1.0  # type: ignore[misc]
    lose, take = Path(os.environ["LOSE"]), Folding.take

    def is_lost(chunk: Chunk) -> bool:
        found = lose.exists() and bool(chunk.records)
        lose.unlink(missing_ok=True)
        return found

    async def take_or_lose(self: Folding, tp: TP, chunk: Chunk) -> Awaitable[None] | None:
        return None if is_lost(chunk) else await take(self, tp, chunk)

    Folding.take = take_or_lose  # type: ignore[method-assign]
    main(streams)
