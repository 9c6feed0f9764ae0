"""The Kafka of the tests, one for the whole session.

An existing one if `FAIRPULSE_TEST_BROKER` names it, else a container if Docker has the image, else a local one.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from schemas.ports import HOST, free_port
from streams.local.images import docker_has
from streams.local.jars import VERSION
from streams.local.kafka import LocalKafka
from streams.local.properties import Ports, as_environment, server_properties
from streams.local.readiness import cluster_members

BROKER = "FAIRPULSE_TEST_BROKER"
"""host:port of a running Kafka for the tests; they create topics there and leave them."""

IMAGE = f"apache/kafka:{VERSION}"

Kind = Literal["existing", "container", "local"]


@dataclass(frozen=True)
class Broker:
    bootstrap_servers: str


def choose(environment: Mapping[str, str], docker_has_image: Callable[[], bool]) -> Kind:
    """Return which Kafka the tests use; Docker is asked only if nothing is named."""
    if environment.get(BROKER):
        return "existing"
    return "container" if docker_has_image() else "local"


def docker_has_image() -> bool:
    return docker_has(IMAGE)


@contextmanager
def container() -> Iterator[Broker]:
    """Run the image with the settings of a local Kafka."""
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # its helper image would be pulled
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # reads the variable when imported

    port = free_port()
    settings = server_properties(1, [Ports(port, free_port({port}))], "/tmp/kafka-data", host="0.0.0.0")
    kafka: Any = DockerContainer(IMAGE).with_bind_ports(port, port)
    for name, value in as_environment(settings).items():
        kafka = kafka.with_env(name, value)
    with kafka:
        deadline = time.monotonic() + 60
        while cluster_members(HOST, port) != {1}:
            assert time.monotonic() < deadline, f"{IMAGE} does not answer: {kafka.get_logs()}"
            time.sleep(0.1)
        yield Broker(f"{HOST}:{port}")


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """A Kafka with automatic topic creation off; tests share it, so each names its own topics and groups."""
    match choose(os.environ, docker_has_image):
        case "existing":
            yield Broker(os.environ[BROKER])
        case "container":
            with container() as broker:
                yield broker
        case "local":
            with LocalKafka.start() as local:
                yield Broker(local.bootstrap_servers)
