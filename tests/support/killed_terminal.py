"""A terminal program that saves and sends, and pulls its own plug at a given step: run by the crash tests.

    python -m tests.support.killed_terminal FOLDER SERVER

For each line `FIRST_DEED KILL_AT` on standard input, a fresh process saves deeds from the first on, prints their
numbers, and dies; then `end SIGNAL` is printed.

A step is every SQL statement on the spool and both ends of every request, counted together. Every deed has an id
that follows from its number, as on the page of a booth: without the answer "saved", the deed is done again.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from producers.terminal.link import Link, ServerAnswer, Stamps
from producers.terminal.one_sender import OneSender
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool, Waiting

steps = count(1)


def deed_id(number: int) -> str:
    """Return the event id of a deed."""
    return f"0199e000-0000-7000-8000-{number:012x}"


def body(number: int, seq: int) -> bytes:
    """Return the bytes of a deed, large enough for a few to fill a page of the file."""
    return f'{{"id":"{deed_id(number)}","seq":{seq},"pad":"{"x" * 700}"}}'.encode()


class WatchedLink(Link):
    """A link that counts the beginning and the end of every request as a step."""

    def __init__(self, server: str, kill_at: int) -> None:
        super().__init__(server, patience_s=1.0)
        self._kill_at = kill_at

    async def post(self, batch: Sequence[Waiting], token: str, stamps: Stamps) -> ServerAnswer:
        step(self._kill_at)
        try:
            return await super().post(batch, token, stamps)
        finally:
            step(self._kill_at)


def step(kill_at: int) -> None:
    """Count a step; the last one does not happen."""
    if next(steps) >= kill_at:
        os.kill(os.getpid(), signal.SIGKILL)


async def main(folder: Path, server: str, first: int, kill_at: int) -> None:
    """Save deeds from `first` on and send, until the plug is pulled."""
    spool = Spool(folder)
    spool._database.set_trace_callback(lambda _: step(kill_at))
    with OneSender(folder):
        async with WatchedLink(server, kill_at) as link:
            sender = Sender(spool, link, lambda: "t", chance=lambda: 0.0)
            for number in count(first):
                spool.save(deed_id(number), "scan", 0, lambda seq, number=number: body(number, seq))
                os.write(1, f"{number}\n".encode())
                if number % 3 == 0:
                    await sender.step()


def one_life(folder: Path, server: str, first: int, kill_at: int) -> int:
    """Run a terminal in a process of its own; return the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(main(folder, server, first, kill_at))
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        first_deed, last_step = line.split()
        ending = one_life(Path(sys.argv[1]), sys.argv[2], int(first_deed), int(last_step))
        os.write(1, f"end {ending}\n".encode())
