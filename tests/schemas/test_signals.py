"""A signal ends a command without a traceback, also while the command starts or complains."""

import signal
import subprocess
import sys
from itertools import cycle, islice

import pytest

PROGRAM = """
import atexit, os, signal, sys
at, number = int(sys.argv.pop(1)), int(sys.argv.pop(1))
count = 0
def hook(event, _):
    global count
    if event == "import":
        count += 1
        if count == at:
            os.kill(os.getpid(), number)
import fairpulse
sys.addaudithook(hook)
if not at:
    atexit.register(lambda: print(count))
fairpulse.main()
"""
"""Runs fairpulse, and sends itself a signal at an import, counted from the first one of the program."""

MOMENTS = 15
"""How many moments are tried, from the first import to the last."""

SIGNALS = list(islice(cycle((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)), MOMENTS))


def told(at: int, number: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(at), str(number), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def imports() -> int:
    """How many imports a command makes that complains about its usage."""
    return int(told(0, 0, "topics", "--nothing").stdout)


@pytest.mark.parametrize(("moment", "number"), list(enumerate(SIGNALS)), ids=str)
def test_a_signal_during_an_import_ends_a_command_without_a_traceback(
    imports: int, moment: int, number: signal.Signals
) -> None:
    at = 1 + moment * (imports - 1) // (MOMENTS - 1)
    ended = told(at, number, "topics", "--nothing")
    assert ended.returncode in (-number, 128 + number)
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
