"""What a local Kafka is configured with: one node, or three that copy everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.ports import HOST

INTERNAL_PARTITIONS: Final = 4
"""Partitions of Kafka's own topics (50 in production): a start creates and a stop flushes every one of them."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one node listens.

    Attributes:
        broker: for clients and for the other brokers.
        controller: for the quorum that keeps the cluster's metadata.
    """

    broker: int
    controller: int


def server_properties(node: int, ports: Sequence[Ports], log_dir: str, host: str = HOST) -> dict[str, str]:
    """Return the settings of one node, which is broker and controller in one process (KRaft).

    Args:
        node: its number, from 1.
        ports: of all nodes, in the order of their numbers; as many as there are nodes.
        log_dir: the directory of its data.
        host: the address to listen on; clients are always told 127.0.0.1.
    """
    mine = ports[node - 1]
    copies = str(len(ports))
    needed = "2" if len(ports) > 1 else "1"
    voters = (f"{number}@{HOST}:{each.controller}" for number, each in enumerate(ports, start=1))
    return {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.quorum.voters": ",".join(voters),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listeners": f"PLAINTEXT://{host}:{mine.broker},CONTROLLER://{HOST}:{mine.controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{mine.broker}",
        "log.dirs": log_dir,
        # A typo in a topic name must be an error, not a topic.
        "auto.create.topics.enable": "false",
        # A recording keeps its old times in the events; retention must go by the time of arrival.
        "log.message.timestamp.type": "LogAppendTime",
        "default.replication.factor": copies,
        "min.insync.replicas": needed,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": str(INTERNAL_PARTITIONS),
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": needed,
        "transaction.state.log.num.partitions": str(INTERNAL_PARTITIONS),
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": needed,
        "share.coordinator.state.topic.num.partitions": str(INTERNAL_PARTITIONS),
        # One worker starts at once instead of waiting 3 s for others; tests use sessions of a few seconds.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # A killed node is missed, and may come back, after 4 s instead of 9.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        # 128 MiB by default, a quarter of the heap, for compacting larger logs than the demo's.
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def as_file(properties: Mapping[str, str]) -> str:
    """Return the settings as Java reads them."""
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def as_environment(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the settings as the image apache/kafka reads them: KAFKA_ and the name in capitals."""
    return {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}
