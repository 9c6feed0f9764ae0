"""Programs that we start and that must not outlive us, however we end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final

LAUNCHER: Final = """
import ctypes, os, signal, sys
parent, program = int(sys.argv[1]), sys.argv[2:]
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() != parent:
    sys.exit("the parent has ended")
os.execv(program[0], program)
"""
"""Asks the kernel to kill this process when its parent dies, then becomes the program. The check after it closes the
gap in which the parent died before we asked. Systems other than Linux have no such request: there, a parent that is
killed with SIGKILL leaves its children behind."""


class Children:
    """Child processes that the kernel kills when this process dies, even by SIGKILL.

    The kernel means the *thread* that started the child. So one thread of our own starts them all and lives until
    `close`, on whatever thread `start` is called.
    """

    def __init__(self) -> None:
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="children")
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, program: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
        """Start a program whose output is appended to the log. The terminal's Ctrl-C does not reach it.

        Args:
            program: absolute path and arguments.
            log: a file in an existing directory.
        """
        return self._starter.submit(self._start, program, log).result()

    def close(self, patience: timedelta) -> None:
        """End all of them, at the latest after `patience`. May be called twice."""
        try:
            # In the starter's queue, so that a start which was interrupted half-way is over and known.
            self._starter.submit(lambda: end(self._started, patience)).result()
        except RuntimeError:  # the queue is closed: done before
            return
        self._starter.shutdown()

    def _start(self, program: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            child = subprocess.Popen(  # noqa: S603  # our own command line, no shell
                [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *program],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(child)
        return child


def end(children: Iterable[subprocess.Popen[bytes]], patience: timedelta) -> None:
    """Ask the programs to end and kill those that have not when `patience` is over. Ended ones do not mind."""
    running = [child for child in children if child.poll() is None]
    for child in running:
        child.terminate()
        child.send_signal(signal.SIGCONT)  # a paused one could not hear it
    deadline = time.monotonic() + patience.total_seconds()
    for child in running:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
