"""A real Apache Kafka on this machine, from Python packages and jars: no container, no Java to install."""

import base64
import fcntl
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from types import TracebackType
from typing import Final, Self

from schemas.errors import InvalidSettings, Unavailable
from schemas.ports import HOST, free_port, refuse_taken
from schemas.settings import KafkaSettings
from streams.kafka.principals import ADMIN, all_users
from streams.local.children import Children, end
from streams.local.jars import class_path
from streams.local.node import PORT_TAKEN, Node
from streams.local.parts import Part
from streams.local.properties import Ports, server_properties
from streams.local.readiness import cluster_members, cluster_members_as
from streams.local.sasl import make_passwords, sasl_properties, scram_arguments, settings_of

START_WITHIN: Final = timedelta(seconds=90)
"""One node takes 3 s and three take 7 s on two free cores; a busy machine needs patience."""

STOP_WITHIN: Final = timedelta(seconds=10)
"""Patience with nodes whose data are kept. One takes 0.2 s; three take 5 s, the last ones miss their quorum."""

DISCARD_WITHIN: Final = timedelta(seconds=1)
"""Patience with nodes whose data are thrown away: enough for one, and three need no good order."""

POLL: Final = timedelta(milliseconds=50)
"""Pause between two looks at a node."""

ATTEMPTS: Final = 5
"""Starts on other ports when somebody took one between our look and Kafka's."""


class LocalKafka:
    """One node or three, each a Java process that ends when this process ends.

    Nodes are numbered from 1. Not for two threads at once.

    Attributes:
        data_dir: what is kept between starts, or the temporary directory that `stop` removes.
        bootstrap_servers: host:port[,host:port] of all nodes, for clients.
    """

    def __init__(
        self,
        directory: Path | None,
        nodes: int,
        properties: Mapping[str, str],
        jars: list[Path],
        passwords: Path | None = None,
    ) -> None:
        self._cleanup = ExitStack()
        self._is_kept = directory is not None
        self.data_dir = directory or Path(tempfile.mkdtemp(prefix="fairpulse-kafka-"))
        self._nodes = [Node(number, self.data_dir / f"node-{number}") for number in range(1, nodes + 1)]
        self._properties = properties
        self._jars = jars
        self._passwords = passwords
        self._children = Children()
        self._has_failed = False

    @classmethod
    def start(
        cls,
        *,
        nodes: int = 1,
        data_dir: Path | None = None,
        port: int | None = None,
        properties: Mapping[str, str] | None = None,
        cache: Path | None = None,
        passwords: Path | None = None,
    ) -> Self:
        """Start a cluster and return when every node answers and knows the others.

        Args:
            nodes: 1, or 3 for a cluster that survives the loss of one.
            data_dir: kept, and continued by a later start; None is a temporary one that `stop` removes.
            port: of the first node, the next ones follow; None finds free ones.
            properties: Kafka server properties that win over ours.
            cache: where the jars are, `jars.default_cache()` if None.
            passwords: a directory with one file per user, named like the user; those of
                `streams.kafka.principals.all_users` that have none get one. Then Kafka wants passwords and keeps
                access rules; None is open to everybody here.

        Raises:
            InvalidSettings: the directory holds a cluster of another size.
            Unavailable: jars, port, directory or Kafka itself; the message says which and what to do.
        """
        if passwords is not None:
            passwords = passwords.resolve()
            make_passwords(passwords, all_users())
        kafka = cls(data_dir.resolve() if data_dir else None, nodes, properties or {}, class_path(cache), passwords)
        try:
            kafka._occupy()
            kafka._start(port)
        except BaseException:
            kafka.stop()
            raise
        return kafka

    @property
    def bootstrap_servers(self) -> str:
        """All nodes as host:port[,host:port]."""
        return ",".join(f"{HOST}:{node.ports.broker}" for node in self._nodes if node.ports)

    def settings(self, user: str) -> KafkaSettings:
        """Return how a client is one of the users; only for a Kafka that was started with passwords."""
        assert self._passwords is not None
        return settings_of(user, self.bootstrap_servers, self._passwords, self._properties)

    @property
    def cluster_id(self) -> str:
        """The id that Kafka keeps with its data."""
        return self._nodes[0].cluster_id()

    def pid(self, node: int = 1) -> int | None:
        """Return the process id of a node, None if it was ended on purpose."""
        process = self._nodes[node - 1].process
        return process.pid if process else None

    def log_tail(self, node: int = 1, lines: int = 20) -> str:
        """Return the last lines of a node's log; a Kafka that is content writes nothing."""
        return self._nodes[node - 1].tail(lines)

    def kill(self, node: int = 1) -> None:
        """End a node at once, as a power cut would (SIGKILL)."""
        process = self._nodes[node - 1].process
        if process:
            self._nodes[node - 1].process = None
            process.kill()
            process.wait()

    def pause(self, node: int = 1) -> None:
        """Freeze a node: its connections stay open and nothing answers (SIGSTOP)."""
        process = self._nodes[node - 1].process
        if process:
            process.send_signal(SIGSTOP)

    def resume(self, node: int = 1) -> None:
        """Let a frozen node go on (SIGCONT)."""
        process = self._nodes[node - 1].process
        if process:
            process.send_signal(SIGCONT)

    def restart(self, node: int = 1) -> None:
        """End a node in good order if it runs, then start it with the same data on the same port.

        Raises:
            Unavailable: it did not come back.
        """
        one = self._nodes[node - 1]
        if one.process:
            end([one.process], STOP_WITHIN)
        one.start(self._children, self._jars)
        self._await([one], lambda members: node in members)

    def again(self, node: int = 1) -> subprocess.Popen[bytes]:
        """Start a node that has died, with the same data on the same port; return it without waiting for it."""
        one = self._nodes[node - 1]
        one.start(self._children, self._jars)
        assert one.process is not None
        return one.process

    def answers(self, node: int = 1) -> bool:
        """Return whether a node answers and knows itself as a member of the cluster."""
        ports = self._nodes[node - 1].ports
        return ports is not None and node in self._members(ports.broker)

    def part(self, node: int = 1) -> Part:
        """Return a node as a part of a demo; it must run."""
        one = self._nodes[node - 1]
        assert one.process is not None
        waits = "terminals and worker wait for it"
        return Part("Kafka", one.process, one.log, lambda: self.again(node), lambda: self.answers(node), waits)

    def wait(self) -> None:
        """Return never, while all nodes run that were not killed through this object.

        Raises:
            Unavailable: a node ended by itself; its exit code, its last words and its log.
        """
        while True:
            for node in self._nodes:
                self._refuse_ended(node, "ended")
            time.sleep(POLL.total_seconds())

    def stop(self) -> None:
        """End all nodes, by force when patience is over. May be called again and does nothing then."""
        self._children.close(STOP_WITHIN if self._is_kept else DISCARD_WITHIN)
        self._cleanup.close()
        if not self._is_kept:
            self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _occupy(self) -> None:
        """Take the directory for us alone. The lock is gone when this process is, however it ends."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = self._cleanup.enter_context((self.data_dir / "lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable(
                f"another local Kafka uses {self.data_dir}", hint="stop it, or choose another directory"
            ) from None
        found = len(list(self.data_dir.glob("node-*/data/meta.properties")))
        if found not in {0, len(self._nodes)}:
            raise InvalidSettings(
                f"{self.data_dir} holds a cluster of {found} nodes, not of {len(self._nodes)}",
                hint=f"start {found} nodes or choose another directory",
            )

    def _start(self, port: int | None) -> None:
        everyone = frozenset(node.number for node in self._nodes)
        for attempts_left in reversed(range(ATTEMPTS)):
            self._configure(port)
            try:
                self._format()
                for node in self._nodes:
                    node.start(self._children, self._jars)
                self._await(self._nodes, everyone.__eq__)
            except Unavailable:
                end([node.process for node in self._nodes if node.process], timedelta())
                if not attempts_left or not any(PORT_TAKEN in node.tail(500) for node in self._nodes):
                    raise
            else:
                return

    def _configure(self, port: int | None) -> None:
        self._has_failed = False
        promised = set[int]()
        ports = list[Ports]()
        for node in self._nodes:
            broker = free_port(promised) if port is None else port + node.number - 1
            if port is not None:
                refuse_taken(broker)
            promised.add(broker)
            controller = free_port(promised)
            promised.add(controller)
            ports.append(Ports(broker, controller))
        for node in self._nodes:
            ours = server_properties(node.number, ports, str(node.data))
            if self._passwords is not None:
                ours = sasl_properties(ours, str(self._passwords))
            node.configure(ports[node.number - 1], {**ours, **self._properties})
            node.log.write_bytes(b"")

    def _format(self) -> None:
        blank = [node for node in self._nodes if not node.is_formatted]
        cluster_id = cluster_id_of(uuid.uuid4())
        users = [] if self._passwords is None else scram_arguments(self._passwords)
        running = [(node, node.format(self._children, self._jars, cluster_id, users)) for node in blank]
        for node, process in running:
            code = None
            try:
                code = process.wait(START_WITHIN.total_seconds())
            finally:
                node.formatted(code)
            if code:
                raise self._failure(node, f"could not be formatted (exit code {code})")

    def _await(self, nodes: list[Node], is_complete: Callable[[frozenset[int]], bool]) -> None:
        deadline = time.monotonic() + START_WITHIN.total_seconds()
        for node in nodes:
            assert node.ports is not None
            while not is_complete(self._members(node.ports.broker)):
                for one in nodes:
                    self._refuse_ended(one, "ended while starting")
                if time.monotonic() > deadline:
                    raise self._failure(node, f"does not answer after {START_WITHIN.seconds} s")
                time.sleep(POLL.total_seconds())

    def _members(self, port: int) -> frozenset[int]:
        """Return the nodes that the one on a port knows, asked as an administrator where passwords are wanted."""
        if self._passwords is None:
            return cluster_members(HOST, port)
        return cluster_members_as(settings_of(ADMIN, f"{HOST}:{port}", self._passwords, self._properties))

    def _refuse_ended(self, node: Node, what: str) -> None:
        code = node.process.poll() if node.process else None
        if code is not None:
            raise self._failure(node, f"{what} with exit code {code}")

    def _failure(self, node: Node, what: str) -> Unavailable:
        """Return the error that names the log, and keep the logs from being removed by `stop`."""
        self._has_failed = True
        return Unavailable(f"Kafka node {node.number} {what}: {node.last_words()}", hint=f"full log: {node.log}")

    def _remove(self) -> None:
        """Remove the temporary directory; after a failure, the logs and settings in it stay as evidence."""
        if not self._has_failed:
            shutil.rmtree(self.data_dir, ignore_errors=True)
            return
        for node in self._nodes:
            shutil.rmtree(node.data, ignore_errors=True)
            shutil.rmtree(node.temporary, ignore_errors=True)


def cluster_id_of(unique: uuid.UUID) -> str:
    """Return a cluster id of Kafka's form: 22 characters of base64. The first is a letter.

    As a command-line argument, one that starts with a hyphen would be taken for an option: one UUID in 64 would.
    """
    text = base64.urlsafe_b64encode(unique.bytes).decode().rstrip("=")
    return text if text[0].isalpha() else f"k{text[1:]}"
