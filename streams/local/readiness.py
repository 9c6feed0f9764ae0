"""Ask a broker who is in its cluster, with one request and nothing but a socket.

An open port is not an answer, and a client library would log an error for each early try. One that wants a password is
asked with the client library after all, once its port is open.
"""

import asyncio
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from schemas.errors import Unavailable
from schemas.settings import KafkaSettings
from streams.kafka.topics import admin

METADATA: Final = 3
"""The request that lists brokers and topics."""

VERSION: Final = 4
"""Its last form before the one that knows offline replicas: short, and still answered by Kafka 4."""

CLIENT: Final = b"fairpulse"
"""How the broker's log names us."""

PATIENCE: Final = timedelta(seconds=2)
"""How long one question may take; a paused broker accepts the connection and never answers."""

LARGEST: Final = 1_000_000
"""Bytes of an answer that we are willing to believe."""


def cluster_members(host: str, port: int) -> frozenset[int]:
    """Return the node ids of the brokers that this one knows as alive; empty when it does not answer properly."""
    try:
        with socket.create_connection((host, port), PATIENCE.total_seconds()) as connection:
            connection.settimeout(PATIENCE.total_seconds())
            connection.sendall(_question())
            with connection.makefile("rb") as answer:
                (size,) = struct.unpack(">i", answer.read(4))
                return _brokers(answer.read(min(size, LARGEST)))
    except (OSError, struct.error, ValueError):
        return frozenset()


def cluster_members_as(kafka: KafkaSettings) -> frozenset[int]:
    """Return the same, asked with a name and a password; empty when it does not answer or does not know us yet."""
    host, _, port = kafka.bootstrap_servers.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), PATIENCE.total_seconds()):
            pass
        with ThreadPoolExecutor(1) as beside_any_loop:
            return beside_any_loop.submit(asyncio.run, _members(kafka)).result()
    except (OSError, Unavailable):
        return frozenset()


async def _members(kafka: KafkaSettings) -> frozenset[int]:
    async with admin(kafka) as client:
        return frozenset(broker["node_id"] for broker in (await client.describe_cluster())["brokers"])


def _question() -> bytes:
    header = struct.pack(f">hhih{len(CLIENT)}s", METADATA, VERSION, 0, len(CLIENT), CLIENT)
    no_topics_and_create_none = struct.pack(">ib", 0, 0)
    body = header + no_topics_and_create_none
    return struct.pack(">i", len(body)) + body


def _brokers(answer: bytes) -> frozenset[int]:
    """Read correlation id, throttle time and the broker array: id, host, port, rack."""
    _, _, count = struct.unpack_from(">iii", answer)
    position, found = 12, set[int]()
    for _ in range(count):
        node, host_length = struct.unpack_from(">ih", answer, position)
        position += 6 + host_length
        _, rack_length = struct.unpack_from(">ih", answer, position)
        position += 6 + max(rack_length, 0)
        found.add(node)
    return frozenset(found)
