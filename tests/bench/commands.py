"""Runs shipped commands for the bench of the register: one process each, with its time and its largest memory."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import Failed

MIB = 1 << 20
LOOK_S = 0.02
_MAXRSS = 1 if sys.platform == "darwin" else 1_024
"""Bytes in the unit in which the system tells the largest resident memory."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended well.

    Attributes:
        seconds: from its start to its end.
        cpu_seconds: of processor time: what it would take on a machine with nothing else to do, at least.
        most_bytes: of resident memory.
        said: its standard output.
    """

    seconds: float
    cpu_seconds: float
    most_bytes: int
    said: str

    @property
    def spent(self) -> str:
        """Time and memory in words."""
        return f"{self.seconds:.1f} s, {self.cpu_seconds:.1f} s of a core, at most {mib(self.most_bytes)}"

    @property
    def last_line(self) -> str:
        """The last line that it wrote."""
        return self.said.strip().rpartition("\n")[2]


def mib(size: int) -> str:
    """Return bytes in words."""
    return f"{size / MIB:,.0f} MiB"


async def command(words: Sequence[str | Path], settings: Mapping[str, str], folder: Path) -> Ended:
    """Run a command of this checkout to its end, while the event loop goes on.

    Args:
        words: the module and its arguments.
        settings: variables beside those of this process.
        folder: where its output is kept.

    Raises:
        Failed: it ended with another exit code than 0.
    """
    out, err = folder / "command.out", folder / "command.err"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")}
    began = time.monotonic()
    with out.open("wb") as said, err.open("wb") as told:
        process = subprocess.Popen(  # noqa: ASYNC220 - the event loop waits below; wait4 tells the memory too
            [sys.executable, "-m", *words], env={**environment, **settings}, stdout=said, stderr=told
        )
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
            if pid:
                break
            await asyncio.sleep(LOOK_S)
    except BaseException:
        process.kill()
        process.wait()
        raise
    seconds, process.returncode = time.monotonic() - began, os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{' '.join(map(str, words[:3]))} ended with {process.returncode}: {err.read_text()[-500:]}")
    said_all = out.read_text(encoding="utf-8")
    return Ended(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MAXRSS, said_all)
