"""Processes of a benchmark: each contender alone on one core, everything else on the others; and figures from /proc."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from signal import SIGINT
from types import TracebackType
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families

from streams.local.children import Children

PATIENCE_S = 600.0
"""How long a contender may take before the benchmark gives up."""


class Failed(Exception):
    """A contender did not do its work, or did it wrongly."""


class Cores:
    """One core for the contender, the others for broker and benchmark. With one core, or without Linux, all share."""

    def __init__(self) -> None:
        pinning = hasattr(os, "sched_setaffinity")
        self.every = sorted(os.sched_getaffinity(0)) if pinning else []
        if len(self.every) > 1:
            os.sched_setaffinity(0, self.every[1:])  # children inherit it: the broker is one

    def pin(self, process: subprocess.Popen[bytes], core: int) -> None:
        """Put a process on one core, counted from 0."""
        if len(self.every) > 1:
            os.sched_setaffinity(process.pid, {self.every[core % len(self.every)]})

    @property
    def report(self) -> str:
        """How it is."""
        return "contender on a core of its own" if len(self.every) > 1 else "no pinning: contender and broker share"


class Bench:
    """Starts contenders, keeps their logs, and ends whatever still runs when the benchmark ends."""

    def __init__(self, directory: Path, cores: Cores, servers: str) -> None:
        self.directory = directory
        self.cores = cores
        self.servers = servers
        self._children = Children()
        self._count = 0
        self._logs: dict[int, Path] = {}

    def start(self, program: Sequence[str | Path], core: int = 0, **env: str) -> subprocess.Popen[bytes]:
        """Start a program on a core."""
        self._count += 1
        log = self.directory / f"contender-{self._count}.log"
        words = ["/usr/bin/env", *(f"{name}={value}" for name, value in env.items()), *program]
        process = self._children.start(words, log)
        self.cores.pin(process, core)
        self._logs[process.pid] = log
        return process

    def result(self, program: Sequence[str | Path], **env: str) -> dict[str, Any]:
        """Run a peer to its end and return the JSON object on its last line."""
        process = self.start(program, **env)
        try:
            code = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"a contender did not end: {self.last_words(process)}") from None
        lines = self._logs[process.pid].read_text(errors="replace").strip().splitlines()
        if code or not lines or not lines[-1].startswith("{"):
            raise Failed(f"a contender ended with {code}: {self.last_words(process)}")
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def last_words(self, process: subprocess.Popen[bytes]) -> str:
        """Return the end of a process's log."""
        return self._logs[process.pid].read_text(errors="replace")[-1_500:]

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End one process in good order, by force after ten seconds."""
        process.send_signal(SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._children.close(timedelta(seconds=2))


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far, user and system; 0 where /proc is missing."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def resident_bytes(pid: int) -> int:
    """Return the memory that a process holds; 0 where /proc is missing."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def get(url: str, timeout: float = 30.0) -> bytes | None:
    """Return a page; None if it is not there, or not yet."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            page: bytes = answer.read()
            return page
    except (OSError, urllib.error.HTTPError):
        return None


def samples(port: int) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return all samples on a worker's /metrics by name and label values; empty if it does not answer."""
    page = get(f"http://127.0.0.1:{port}/metrics")
    found: Mapping[Any, Any] = {}
    if page is not None:
        found = {
            (sample.name, tuple(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(page.decode())
            for sample in family.samples
        }
    return dict(found)


def say(text: str) -> None:
    """Show progress."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)
