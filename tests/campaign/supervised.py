"""Processes that are started again whenever they end, as a supervisor would: workers, and the producing side."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from streams.worker.failstop import EXIT_MUST_STOP
from tests.campaign.producing import acknowledged
from tests.campaign.workloads import Workload
from tests.support.workers import WorkerProcess

POLL_S = 0.05
KILLED = -signal.SIGKILL
IN_FLIGHT_S = 0.3
"""How long Kafka may work on the requests of a producer that was killed."""

NO_KAFKA = 1
"""Exit code of a worker that finds no Kafka when it starts, and of a producer to which Kafka does not answer."""


class Fleet:
    """Workers, each restarted when it ends by itself.

    Args:
        start: starts one.
        number: how many.
        changed: told of all workers whenever one was started.

    Attributes:
        exits: exit codes of processes that ended without being asked to.
        kills: how many were killed through `kill`.
    """

    def __init__(
        self,
        start: Callable[[], WorkerProcess],
        number: int,
        changed: Callable[[Sequence[WorkerProcess]], None] = lambda _: None,
    ) -> None:
        self._start = start
        self._changed = changed
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._leaving: list[WorkerProcess] = []
        self.workers = [start() for _ in range(number)]
        changed(self.workers)
        self.exits: Counter[int] = Counter()
        self.kills = 0
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._supervisor.start()

    def _supervise(self) -> None:
        while not self._over.wait(POLL_S):
            with self._lock:
                for at, worker in enumerate(self.workers):
                    code = worker.process.poll()
                    if code is not None:
                        self.exits[code] += 1
                        self.workers[at] = self._start()
                        self._changed(self.workers)

    def tell(self) -> None:
        """Tell of all workers now."""
        with self._lock:
            self._changed(self.workers)

    @property
    def unexpected(self) -> list[int]:
        """Exit codes that no fault explains."""
        return sorted(set(self.exits) - {KILLED, EXIT_MUST_STOP, NO_KAFKA})

    def events(self) -> int:
        """Return the unique events that all workers show; frozen and starting ones show none."""
        return sum(max(0, worker.events()) for worker in list(self.workers) if not is_stopped(worker.process.pid))

    def reports(self) -> list[dict[str, Any]] | None:
        """Return the full reports, None unless all workers give one."""
        found = [worker.report() for worker in list(self.workers)]
        reports = [report for report in found if report is not None]
        return reports if len(reports) == len(found) else None

    def lag(self) -> float:
        """Return how many records all workers say are not folded yet."""
        return sum(worker.metric("fair_worker_lag_records") for worker in list(self.workers))

    def kill(self, at: int) -> int:
        """Kill a worker with SIGKILL; return its process id."""
        with self._lock:
            process = self.workers[at].process
            process.kill()
            process.wait()
            self.kills += process.returncode == KILLED
            return process.pid

    def scale(self, number: int) -> None:
        """Run this number of workers; surplus ones are asked to end and may take their time."""
        with self._lock:
            while len(self.workers) < number:
                self.workers.append(self._start())
            leaving, self.workers = self.workers[number:], self.workers[:number]
            self._leaving += leaving
            self._changed(self.workers)
        for worker in leaving:
            worker.process.terminate()

    def ends(self) -> int:
        """Return how many workers ended by themselves so far; those that were killed do not count."""
        return sum(self.exits.values()) - self.exits[KILLED]

    def are_ready(self) -> bool:
        """Return whether every worker says that it is ready; false if there is none."""
        workers = list(self.workers)
        return bool(workers) and all(worker.get("/readyz") == "ready\n" for worker in workers)

    def start_anew(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """End all workers in good order, do something while none runs, and start as many again."""
        with self._lock:
            number = len(self.workers)
            for worker in self.workers:
                worker.process.terminate()
            for worker in self.workers:
                worker.stop()
            self.workers = []
            self._changed(self.workers)
            meanwhile()
            self.workers = [self._start() for _ in range(number)]
            self._changed(self.workers)

    def stop(self) -> None:
        """End all of them at once. Nothing more is checked."""
        self._over.set()
        self._supervisor.join()
        for worker in (*self.workers, *self._leaving):
            if worker.process.poll() is None:
                worker.process.kill()
        for worker in (*self.workers, *self._leaving):
            worker.process.wait()


class Feed:
    """The producing process, restarted until every record of the workload is acknowledged.

    Attributes:
        journal: the records that it noted as acknowledged.
        kills: how many were killed through `kill`.
    """

    def __init__(self, servers: str, workload: Workload, directory: Path, *bugs: str) -> None:
        self._records, self.journal, self.log = (directory / name for name in ("records", "acknowledged", "feed.log"))
        self._records.write_bytes(msgspec.msgpack.encode(workload.records))
        self._servers, self._workload, self._bugs = servers, workload, bugs
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._hurries = False
        self.kills = 0
        self.exits: Counter[int] = Counter()
        self.process = self._start()
        self._supervisor = threading.Thread(target=self._supervise, name="feed", daemon=True)
        self._supervisor.start()

    def _start(self) -> subprocess.Popen[bytes]:
        rate = 0 if self._hurries else self._workload.rate
        arguments = (self._servers, self._records, self.journal, rate, self._workload.fresh, *self._bugs)
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.campaign.producing", *map(str, arguments)],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _supervise(self) -> None:
        while not self._over.wait(POLL_S):
            with self._lock:
                code = self.process.poll()
                if code == 0:
                    return
                if code is not None:
                    self.exits[code] += 1
                    self.process = self._start()

    @property
    def is_done(self) -> bool:
        """Whether every record is acknowledged and the process has ended well."""
        return self.process.poll() == 0

    def acknowledged(self) -> set[int]:
        """Return the numbers of the records that it noted as acknowledged."""
        return acknowledged(self.journal)

    def hurry(self) -> None:
        """Send the rest as fast as possible, fresh records included."""
        with self._lock:
            self._hurries = True
            if self.process.poll() is None:
                # A process that has just started cannot receive the signal yet; a new one is told at its start.
                if _listens(self.process.pid):
                    self.process.send_signal(signal.SIGUSR1)
                else:
                    self.process.kill()

    def kill(self) -> int:
        """Kill it with SIGKILL; return its process id."""
        with self._lock:
            process = self.process
            process.kill()
            process.wait()
            self.kills += process.returncode == KILLED
            return process.pid

    @contextmanager
    def held(self) -> Iterator[None]:
        """Send nothing within the block; records under way are acknowledged first, or are sent again afterwards."""
        with self._lock:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            time.sleep(IN_FLIGHT_S)
            yield

    def stop(self) -> None:
        """End it at once."""
        self._over.set()
        self._supervisor.join()
        self.process.kill()
        self.process.wait()


def is_stopped(pid: int) -> bool:
    """Return whether a process is frozen (SIGSTOP). Only Linux tells."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state == "T"


def wait_stopped(pid: int) -> bool:
    """Wait a moment for a process to be frozen; return whether it is."""
    deadline = time.monotonic() + 2
    while not is_stopped(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_stopped(pid)


def is_running(pid: int) -> bool:
    """Return whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _listens(pid: int) -> bool:
    """Return whether a process has a handler for SIGUSR1."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGUSR1 - 1) & 1)
