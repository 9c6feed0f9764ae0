"""What the bench of the register measures on: a Kafka of its own with empty topics, and the programs beside it."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from producers.play.fleet import terminals_of
from schemas.api.terminals import PlaceKind, Terminal
from schemas.settings import KafkaSettings
from schemas.topics import PARTITIONS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.bench.commands import Ended, command
from tests.bench.persons import KEY, Persons
from tests.bench.processes import Failed, say
from tests.support.gateway import GatewayProcess, Paired
from tests.support.workers import WorkerProcess

LANES: Final = 50
"""Terminals that post."""
SESSION_S: Final = 10
"""Session timeout of the workers, the default."""
PATIENCE_S: Final = 3_600.0
"""How long a program may take on a busy machine before the bench gives up."""
LOOK_S: Final = 0.05
ASKED: Final = 10
"""A worker is left alone ten times as long as its last answer took, so that asking takes little of its time."""
TOKEN: Final = "the-token-of-the-registration-system-of-the-bench"


@dataclass
class Table:
    """The figures, in the order in which they were measured: words, value, and the load average of that minute."""

    rows: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    def note(self, name: str, words: str, value: str) -> None:
        """Take a figure, and show it as progress."""
        self.rows[name] = words, value, os.getloadavg()[0]
        say(f"{words}: {value}")

    @property
    def lines(self) -> Iterator[str]:
        """The table for people who read it in a terminal."""
        name_wide = max(map(len, self.rows), default=0)
        wide = max((len(words) for words, _, _ in self.rows.values()), default=0)
        for name, (words, value, load) in self.rows.items():
            yield f"{name:{name_wide}}  {words:{wide}}  {value}  (load average {load:.1f})"

    @property
    def values(self) -> dict[str, str]:
        """The values for the table of the README, each with its load average."""
        return {name: f"{value}; load average {load:.1f}" for name, (_, value, load) in self.rows.items()}


@dataclass
class Stand:
    """One Kafka, and what is started on it."""

    persons: Persons
    kafka: LocalKafka
    folder: Path
    table: Table
    terminals: list[tuple[Terminal, str]] = field(default_factory=list)
    _paired: Paired = field(init=False)

    def __post_init__(self) -> None:
        self._paired = Paired(self.folder / "terminals.sqlite")
        booths = [one for one in terminals_of(self.persons.fair) if one.place is PlaceKind.BOOTH]
        self.terminals = [(one, self._paired.enrol(one)) for one in booths[:LANES]]

    async def run(self, *words: str | Path) -> Ended:
        """Run a command on this Kafka. Raises Failed."""
        settings = {
            "FAIRPULSE_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "FAIRPULSE_PARTITIONS": str(PARTITIONS),
            "FAIRPULSE_FAIR_FILE": str(self.persons.fair_file),
            "FAIRPULSE_BADGE_KEY": KEY,
        }
        return await command(words, settings, self.folder)

    @contextmanager
    def gateway(self) -> Iterator[tuple[GatewayProcess, float]]:
        """Run a gateway during a block; also the seconds that it took until it was ready."""
        token = self.folder / "token"
        token.write_text(TOKEN, encoding="utf-8")
        gateway = GatewayProcess(
            self.kafka.bootstrap_servers,
            self._paired,
            self.folder / "gateway.log",
            fair_file=str(self.persons.fair_file),
            badge_key=KEY,
            gateway_badges_token_file=str(token),
            partitions=str(PARTITIONS),
        )
        began = time.monotonic()
        gateway.start(wait=False, detached=True)
        try:
            until(lambda: gateway.get("/readyz")[0] == 200 or not gateway.runs, "a gateway is ready")
            if not gateway.runs:
                raise Failed(f"the gateway ended: {gateway.said()[-500:]}")
            yield gateway, time.monotonic() - began
        finally:
            gateway.stop()

    def worker(self) -> WorkerProcess:
        """Start a worker. Stop it in any case."""
        return WorkerProcess(
            self.kafka.bootstrap_servers, self.folder / "worker.log", partitions=PARTITIONS,
            fair_file=str(self.persons.fair_file), session_timeout=str(SESSION_S),
        )  # fmt: skip


@contextmanager
def fresh_stand(persons: Persons, table: Table) -> Iterator[Stand]:
    """Run a Kafka with empty topics during a block."""
    with LocalKafka.start() as kafka:
        settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS)
        asyncio.run(ensure_topics(settings))
        folder = persons.folder / f"stand-{time.monotonic_ns()}"
        folder.mkdir()
        yield Stand(persons, kafka, folder, table)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds. Raises Failed if it does not in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(LOOK_S)


def shown(worker: WorkerProcess, expected: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Return what a worker shows of some KPIs over the fair, by their one label; empty without an answer."""
    report = worker.report(*expected)
    if report is None:
        return {}
    return {
        name: {"".join(one["labels"].values()): one["value"] for one in found["windows"]["fair"]}
        for name, found in report["kpis"].items()
    }


def await_numbers(worker: WorkerProcess, expected: Mapping[str, Mapping[str, int]]) -> None:
    """Return as soon as a worker shows exactly these numbers. Raises Failed if it does not in time."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        asked = time.monotonic()
        if (found := shown(worker, expected)) == expected:
            return
        if worker.process.poll() is not None:
            raise Failed(f"the worker ended: {worker.said()[-500:]}")
        if time.monotonic() > deadline:
            wrong = {name: found.get(name) for name in expected if found.get(name) != expected[name]}
            raise Failed(f"after {PATIENCE_S:.0f} s a worker shows {wrong} and not {expected}")
        time.sleep(max(LOOK_S, ASKED * (time.monotonic() - asked)))


def must_show(stand: Stand, expected: Mapping[str, Mapping[str, int]]) -> None:
    """Raise Failed unless a new worker shows these numbers in the end."""
    worker = stand.worker()
    try:
        await_numbers(worker, expected)
    finally:
        worker.stop()
