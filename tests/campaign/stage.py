"""The stage of a run: a Kafka that many runs share, topics of its own, workers and a feed.

Starting Kafka costs 3 s, so one node serves all runs that do not damage it. Each run has its own fair id, and so its
own consumer group and journal. The event topics are deleted and made again between runs (0.2 s). So the oracle reads
exactly the records of the run, and a run can be repeated alone.
"""

import asyncio
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from schemas.ports import free_port
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS
from streams.kafka.topics import admin, ensure_topics
from streams.local.kafka import LocalKafka
from tests.campaign.beside import MISSING, Beside
from tests.campaign.supervised import Feed, Fleet
from tests.campaign.workloads import PARTITIONS, Workload, write_fair
from tests.support.proxy import Proxy
from tests.support.workers import WorkerProcess

SESSION_S: Final = 2.0
"""Session timeout of the workers: a takeover after kill -9 waits for it."""

PATIENCE_S: Final = 60.0
"""How long after the end of a fault everything must be right again."""

POLL_S: Final = 0.1
"""Pause between two looks at workers: each look makes them work."""

DISK_MIB: Final = 96
"""Size of the small disk, for the run in which it fills up."""


class NotSeen(Exception):
    """The fault did not take place, so the run says nothing about it."""


class Stalled(Exception):
    """The fault stopped more than it may: events are not folded, or partitions have no owner."""


class Cluster:
    """One Kafka for one run or many.

    Attributes:
        proxy: between a single node and all its clients; None for three nodes.
        disk: the small file system that holds the data, if it is one.
    """

    def __init__(self, *, nodes: int = 1, disk: bool = False) -> None:
        self._cleanup = ExitStack()
        self.nodes = nodes
        self.proxy: Proxy | None = None
        self.disk: Path | None = None
        try:
            if disk:
                self.disk = self._cleanup.enter_context(SmallDisk()).path
            self.kafka = self._cleanup.enter_context(self._start())
        except BaseException:
            self._cleanup.close()
            raise

    def _start(self) -> LocalKafka:
        # With a small disk: Kafka must not reserve room for segments, so that the disk can fill to the last byte.
        data = self.disk / "kafka" if self.disk else None
        if self.nodes > 1:
            return LocalKafka.start(nodes=self.nodes)
        port = free_port()
        self.proxy = self._cleanup.enter_context(Proxy(port, port=free_port({port})))
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.proxy.port}"}
        return LocalKafka.start(port=port, data_dir=data, properties=advertised)

    @property
    def servers(self) -> str:
        """The address for clients; they go through the proxy if there is one."""
        return self.kafka.bootstrap_servers if self.proxy is None else f"127.0.0.1:{self.proxy.port}"

    @property
    def settings(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.servers, partitions=PARTITIONS, replication_factor=self.nodes)

    def fresh_topics(self) -> None:
        """Delete all topics and make the event topics again."""
        asyncio.run(_fresh_topics(self.settings))

    def stop(self) -> None:
        for node in range(1, self.nodes + 1):
            self.kafka.kill(node)  # nothing is kept, so an orderly stop would waste seconds
        self._cleanup.close()


async def _fresh_topics(settings: KafkaSettings) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            async with admin(settings) as client:
                old = [name for name in await client.list_topics() if name.startswith("fair")]
                if old:
                    await client.delete_topics(old)
                while any(name.startswith("fair") for name in await client.list_topics()):
                    await asyncio.sleep(0.02)
            await ensure_topics(settings, ALL_TOPICS)
        except (KafkaError, Unavailable, TimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            return


class SmallDisk:
    """A file system of a few MiB in memory. Mounting it needs root.

    Raises:
        PermissionError: the system refuses to mount it.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="campaign-disk-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "campaign", str(self.path)]
        try:
            asked = subprocess.run(command, capture_output=True, text=True, check=False)
            refusal = asked.stderr.strip() if asked.returncode else ""
        except FileNotFoundError:
            refusal = "there is no program `mount`"
        if refusal:
            self.path.rmdir()
            raise PermissionError(f"a small file system cannot be mounted: {refusal}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=False)
        self.path.rmdir()


@dataclass
class Scene:
    """One run while it goes on.

    Attributes:
        chance: the only source of chance.
        fault_over: when the fault ended, monotonic seconds; set by the fault, or when it returns.
        program: what workers run; another launcher for failpoints and seeded bugs.
        destroyed: numbers of records that were acknowledged before the fault, and that it may have destroyed in Kafka.
        logs_changed: whether a topic begins again at offset 0, so dead letters of the one before stay as well.
        letters_destroyed: whether the fault destroyed dead letters; numbers do not rest on them.
        said_before: how long the workers' log was when the fault began; None if that does not matter.
    """

    cluster: Cluster
    workload: Workload
    directory: Path
    fair_file: Path
    chance: random.Random
    program: tuple[str, ...] = ("-m", "streams", "worker")
    environment: dict[str, str] = field(default_factory=dict)
    feed_bugs: tuple[str, ...] = ()
    fault_over: float = 0.0
    destroyed: set[int] = field(default_factory=set)
    logs_changed: bool = False
    letters_destroyed: bool = False
    said_before: int | None = None
    fleet: Fleet = field(init=False)
    feed: Feed = field(init=False)
    beside: Beside = field(init=False)

    def begin(self, workers: int) -> None:
        """Start workers, and the feed once one is ready: else, on a slow machine, the fault would strike too late."""
        self.cluster.fresh_topics()
        self.fleet = Fleet(self._start_worker, workers, self._tell)
        if not MISSING:  # it starts while the workers do
            self.beside = Beside(self.directory / "beside", self.cluster.servers, self.fair_file)
            self.fleet.tell()
        self.wait_for(
            lambda: any(worker.get("/readyz") == "ready\n" for worker in self.fleet.workers), "a worker is ready"
        )
        self.feed = Feed(self.cluster.servers, self.workload, self.directory, *self.feed_bugs)

    def _tell(self, workers: Sequence[WorkerProcess]) -> None:
        if hasattr(self, "beside"):
            self.beside.tell([worker.port for worker in workers])

    def _start_worker(self) -> WorkerProcess:
        return WorkerProcess(
            self.cluster.servers,
            self.directory / "workers.log",
            partitions=PARTITIONS,
            program=self.program,
            environment=self.environment,
            session_timeout=str(SESSION_S),
            replication_factor=str(self.cluster.nodes),
            fair_file=str(self.fair_file),
        )

    def end(self) -> None:
        """End all processes; their files stay in the directory."""
        for part in ("feed", "beside", "fleet"):
            if hasattr(self, part):
                getattr(self, part).stop()

    def see(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until the fault is seen to take place. Raises NotSeen with `what` otherwise."""
        if not _soon(condition, seconds):
            raise NotSeen(f"not within {seconds:.0f} s: {what}")

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the workers have done something. Raises Stalled with `what` otherwise."""
        if not _soon(condition, PATIENCE_S):
            owned = [worker.partitions() for worker in self.fleet.workers]
            raise Stalled(f"not within {PATIENCE_S:.0f} s: {what}; workers own {owned}")

    def progress(self, share: float) -> None:
        """Wait until this share of the workload has been folded (of its records: a few are not events)."""
        goal = share * self.unique
        self.wait_for(lambda: self.fleet.events() >= goal, f"{share:.0%} of the events are folded")

    @property
    def unique(self) -> int:
        """About how many different events there are."""
        return len(set(self.workload.records))

    def acknowledged(self, share: float) -> None:
        """Wait until this share of the records has been acknowledged to the producer."""
        goal = share * (len(self.workload.records) - self.workload.fresh)
        self.wait_for(lambda: len(self.feed.acknowledged()) >= goal, f"{share:.0%} of the records are acknowledged")

    def moments(self, number: int, last: float = 0.7) -> list[float]:
        """Return shares of progress at which to strike, ascending, from a fifth on."""
        return sorted(self.chance.uniform(0.2, last) for _ in range(number))

    def pause(self, least: float, most: float) -> None:
        """Do nothing for a random time, in seconds."""
        time.sleep(self.chance.uniform(least, most))


def _soon(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def scene(cluster: Cluster, workload_of: Callable[[Path, random.Random], Workload], name: str, seed: str) -> Scene:
    """Set up a run in a directory of its own; the fair is named after the run."""
    directory = Path(tempfile.mkdtemp(prefix=f"campaign-{name}-"))
    chance = random.Random(seed)
    fair_file = write_fair(directory / "fair.yaml", name)
    return Scene(cluster, workload_of(fair_file, chance), directory, fair_file, chance)


def remove(one: Scene) -> None:
    """Remove the files of a run."""
    shutil.rmtree(one.directory, ignore_errors=True)
