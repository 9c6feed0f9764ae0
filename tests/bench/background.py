"""Terminals that post at a steady rate, come what may, while something else goes on.

Each event is due at a fixed time. A terminal posts one after the other, so it falls behind where answers take longer
than its pause, and catches up later. An event that is refused for now is posted again until it is accepted.
"""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from schemas.api.terminals import Terminal
from tests.bench.processes import Failed
from tests.support.posting import FINAL, Line

AGAIN_S: Final = 0.2
"""Pause before an event is posted again."""


@dataclass
class Posted:
    """What became of the events.

    Attributes:
        accepted: their ids.
        seconds: from the first post of each until it was accepted.
        refused: other answers by status, each of an event that was accepted later.
        unanswered: posts without an answer.
        behind_s: how much later than it was due an event was posted, at most.
    """

    accepted: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    behind_s: float = 0.0

    @property
    def refusals(self) -> int:
        """How many posts did not get an event in."""
        return self.refused.total() + self.unanswered


@asynccontextmanager
async def posting(
    port: int, terminals: Sequence[tuple[Terminal, str]], code: Callable[[int], str], per_second: float, posted: Posted
) -> AsyncIterator[None]:
    """Let terminals post booth scans during a block, and wait until the last one is accepted.

    Args:
        port: of the gateway.
        terminals: at booths, each with its token.
        code: returns the badge code of the scan of this number.
        per_second: events of all terminals together.
        posted: told what became of them.

    Raises:
        Failed: an event was refused for good.
    """
    stop, numbers = asyncio.Event(), iter(range(1 << 62))
    pause_s = len(terminals) / per_second
    async with asyncio.TaskGroup() as group:
        for place, (terminal, token) in enumerate(terminals):
            first_s = asyncio.get_running_loop().time() + pause_s * place / len(terminals)
            work = _at_work(Line(port, token), terminal, lambda: code(next(numbers)), pause_s, first_s, posted, stop)
            group.create_task(work)
        try:
            yield
        finally:
            stop.set()


async def _at_work(
    line: Line,
    terminal: Terminal,
    code: Callable[[], str],
    pause_s: float,
    due_s: float,
    posted: Posted,
    stop: asyncio.Event,
) -> None:
    loop = asyncio.get_running_loop()
    try:
        while not stop.is_set():
            await asyncio.sleep(due_s - loop.time())
            name, began_s = str(uuid.uuid4()), loop.time()
            await _accepted(line, _scan(terminal, name, code()), posted)
            posted.accepted.append(name)
            posted.seconds.append(loop.time() - began_s)
            posted.behind_s = max(posted.behind_s, began_s - due_s)
            due_s += pause_s
    finally:
        line.close()


async def _accepted(line: Line, body: bytes, posted: Posted) -> None:
    while True:
        try:
            status, _, said = await line.post(body)
        except (OSError, EOFError, TimeoutError):
            posted.unanswered += 1
        else:
            if status == 202:
                return
            if status in FINAL | {207}:
                raise Failed(f"an event was refused for good with {status}: {said.decode(errors='replace')}")
            posted.refused[status] += 1
        await asyncio.sleep(AGAIN_S)


def _scan(terminal: Terminal, name: str, code: str) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": name,
            "source": terminal.source,
            "type": "fair.visitor.scanned.v1",
            "time": "2025-09-10T03:00:00.000Z",
            "data": {"scan_kind": "booth", "badge_code": code},
        }
    ).encode()
