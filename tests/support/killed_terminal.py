"""A terminal program that saves and sends, and pulls its own plug at a given step: run by the crash tests.

    python -m tests.support.killed_terminal FOLDER SERVER

For each line `FIRST_DEED KILL_AT` on standard input, a fresh process saves deeds from the first on, prints their
numbers, and dies; then `end SIGNAL` is printed.

Every fourth deed annuls the one before; the others can be undone. The drawer is sent again and exported now and then.

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

from producers.terminal import drawer
from producers.terminal.drawer_file import export_to
from producers.terminal.last_event import LastEvent
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


def save(spool: Spool, number: int) -> None:
    """Save a deed: an annulment, or a scan that can be undone, noted in the same transaction."""
    name, annuls = deed_id(number), number % 4 == 3
    last = None if annuls else LastEvent(name, "fair.visitor.scanned.v1", "ab" * 16, "scan", 0)
    spool.save(name, "annulment" if annuls else "scan", 0, lambda seq: body(number, seq), undo=last)


def check_note(spool: Spool) -> None:
    """Check, after a kill, that the note is about the last event that is there, and about no other."""
    newest, last = spool.last_seq() - 1, spool.last_event()
    there = None if newest < 0 or newest % 4 == 3 else deed_id(newest)
    assert (None if last is None else last.event_id) == there, (newest, last)


def use_drawer(spool: Spool, number: int) -> None:
    """Send the drawer again, or take it out to a file."""
    if number % 24 == 23:
        drawer.send_again(spool)
    elif number % 5 == 4:
        export_to(spool, spool.folder / f"export-{number}-{os.getpid()}", clock=lambda: 0)


async def main(folder: Path, server: str, first: int, kill_at: int) -> None:
    """Save deeds from `first` on and send, until the plug is pulled."""
    spool = Spool(folder)
    check_note(spool)
    spool._database.set_trace_callback(lambda _: step(kill_at))
    with OneSender(folder):
        async with WatchedLink(server, kill_at) as link:
            sender = Sender(spool, link, lambda: "t", clock=lambda: 0, chance=lambda: 0.0)
            for number in count(first):
                save(spool, number)
                os.write(1, f"{number}\n".encode())
                if number % 3 == 0:
                    await sender.step()
                use_drawer(spool, number)


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
