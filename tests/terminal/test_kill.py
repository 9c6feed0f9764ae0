"""kill -9 between any two steps, a hundred times, while the server misbehaves too."""

import asyncio
import json
import sys
from pathlib import Path
from random import Random
from typing import Self

import pytest

from producers.terminal import drawer
from producers.terminal.link import Link
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from tests.support import killed_terminal
from tests.support.killed_terminal import deed_id
from tests.support.scripted_server import Cut, Say, ScriptedServer, Step, Store, Swallow

KILLS = 100
MOST_STEPS = 60
"""A save is about eight steps, an answer three for each event."""
FAR_STEPS = 500

FAULTS: tuple[Step, ...] = (Store(), Store(), Store(), Swallow(), Cut(100), 503, Say(429, {"Retry-After": "0"}), 401)


class Terminals:
    """Lives of one terminal, one after the other, each ended by kill -9."""

    def __init__(self, folder: Path, server: ScriptedServer) -> None:
        self._command = (sys.executable, "-m", killed_terminal.__name__, folder, server.url)

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        # An empty input closes the pipe, which ends the program.
        await self._process.communicate(b"")

    async def live(self, first: int, kill_at: int) -> list[int]:
        """Let the program run until its plug is pulled; return the deeds that it said were saved."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{first} {kill_at}\n".encode())
        said = []
        while not (line := (await self._process.stdout.readline()).decode()).startswith("end"):
            said.append(int(line))
        assert line.split() == ["end", "-9"], "it died of the kill, not of a bug"
        return said


def exported_from(folder: Path) -> set[str]:
    """Return the ids of the events that were taken out of the drawer to a file."""
    lines = (line for file in folder.glob("export-*") for line in file.read_text().splitlines())
    return {json.loads(line)["event_id"] for line in lines}


@pytest.mark.timeout(600)
async def test_a_hundred_kills_lose_no_saved_scan_and_count_none_twice(folder: Path, server: ScriptedServer) -> None:
    chance = Random(20)
    done = 0
    server.refuse_ids = {deed_id(number): "unknown_place" for number in range(0, 10_000, 6)}
    async with Terminals(folder, server) as terminals:
        for kill in range(KILLS):
            server.script.clear()
            server.script += [chance.choice(FAULTS) for _ in range(50)]
            # Every step once, from the first statement on; then anywhere.
            kill_at = kill + 1 if kill < MOST_STEPS else chance.randint(1, FAR_STEPS)
            said = await terminals.live(done, kill_at)
            assert said == list(range(done, done + len(said)))
            done += len(said)
    server.script.clear()
    server.refuse_ids = {}
    spool = Spool(folder)
    drawer.send_again(spool)
    async with Link(server.url) as link:
        await Sender(spool, link, lambda: "t", chance=lambda: 0.0).drain()
    totals, last = spool.totals(), spool.last_seq()
    spool.close()
    assert done > KILLS, "most runs came far enough to save something"
    there = [deed_id(number) for number in range(last)]
    # The last deed may be there without having been called saved, never the other way round.
    assert last in (done, done + 1)
    exported = exported_from(folder)
    assert exported
    assert {*server.events, *exported} == set(there), "nothing lost"
    assert server.conflicts == 0, "a repeated request had other bytes"
    sent = {event["seq"] for event in server.events.values()}
    assert len(sent) == len(server.events)
    assert sent <= set(range(1, last + 1))
    assert totals.accepted + totals.duplicates + totals.exported == last == totals.saved, "no number without an event"
