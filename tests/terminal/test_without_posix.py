"""The terminal uses nothing that only POSIX has: modules, calls and signals that Windows lacks are taken away."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from schemas.fair.file import example_fair_path
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import BADGE, pair


async def started(folder: Path, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "tests.support.without_posix", "terminal", "--folder", folder, *arguments,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
        env={
            **os.environ, "PYTHONUNBUFFERED": "1", "FAIRPULSE_FAIR_FILE": str(example_fair_path("small")), **environment
        },
    )  # fmt: skip


async def run(folder: Path, *arguments: str, **environment: str) -> str:
    process = await started(folder, *arguments, **environment)
    said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    return said.decode()


async def test_a_terminal_without_posix_pairs_saves_and_sends(folder: Path, server: ScriptedServer) -> None:
    assert "Be a booth terminal" in await run(folder, "--help")
    assert "paired: t-1" in await run(folder, "pair", "--server", server.url, FAIRPULSE_TERMINAL_TOKEN="tf_k_s")
    assert "saved 1" in await run(folder, "scan", BADGE)
    assert "saved here: 1" in await run(folder, "status")
    assert "sent: 1" in await run(folder, "drain")
    assert len(server.events) == 1


async def test_a_terminal_without_posix_serves_its_page_and_sends(folder: Path, server: ScriptedServer) -> None:
    pair(folder, server.url)
    await run(folder, "scan", BADGE)
    process = await started(folder, "serve", "--port", "0")
    assert process.stdout is not None
    assert b"the page of the booth" in await process.stdout.readline()
    await server.until_stored(1)
    process.send_signal(signal.SIGINT)
    _, complained = await process.communicate()
    assert "Traceback" not in complained.decode()
