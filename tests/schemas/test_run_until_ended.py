"""A coroutine that a signal ends has cleaned up, with its tasks, and says nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LOOP = """
import asyncio
import click
from schemas.console import main
from schemas.interrupts import run_until_ended

async def spin():
    while True:
        await asyncio.sleep(0)

async def work():
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(spin())
            tasks.create_task(spin())
            print("awake", flush=True)
    finally:
        await asyncio.sleep(0)
        print("tidied up", flush=True)

@click.command()
def looping():
    run_until_ended(work())

main(looping)
"""
"""Runs a coroutine with busy tasks, so that a signal comes while one of them is at work."""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_a_coroutine_tidies_up_and_ends_with_the_code_of_the_signal(number: signal.Signals, code: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", LOOP], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "awake\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (code, "tidied up\n", "")


@pytest.mark.parametrize("package", ["producers", "schemas", "streams"])
def test_no_program_waits_in_a_way_that_forgets_a_cancellation(package: str) -> None:
    """In Python 3.11, `wait_for` returns if its wait is over just as it is cancelled; `asyncio.timeout` does not."""
    files = list((ROOT / package).rglob("*.py"))
    assert len(files) > 20
    assert [str(file) for file in files if "asyncio.wait_for" in file.read_text(encoding="utf-8")] == []
