"""A client that is cancelled while it connects leaves nothing open, and one that was not told asks again."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient

from producers.kafka import let_go, start
from schemas.kafka_reach import learn_topics
from schemas.ports import HOST
from schemas.settings import KafkaSettings
from streams.kafka.logs import log_reader
from streams.kafka.topics import admin, ensure_topics
from streams.local.kafka import LocalKafka

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def local() -> Iterator[LocalKafka]:
    with LocalKafka.start() as started:
        yield started


class Gate:
    """Stands before a Kafka, lets a number of requests in, and holds the answers to the last one and all behind it."""

    def __init__(self, target_port: int, lets_in: int) -> None:
        self._target, self._left = target_port, lets_in
        self.full, self.open = asyncio.Event(), asyncio.Event()
        self.serving: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        answers, server = await asyncio.open_connection(HOST, self._target)
        with suppress(OSError):
            await asyncio.gather(self._up(reader, server), self._down(answers, writer))
        for end in (writer, server):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    async def _up(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):  # the client waits for each answer, so a piece is a request
                self._left -= 1
                if self._left == 0:
                    self.full.set()
                server.write(piece)
        finally:
            server.close()

    async def _down(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await answers.read(65_536):
            if self._left <= 0:
                await self.open.wait()
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def gate(kafka: LocalKafka, lets_in: int) -> AsyncIterator[tuple[Gate, KafkaSettings]]:
    one = Gate(int(kafka.bootstrap_servers.rpartition(":")[2]), lets_in)
    async with await asyncio.start_server(one.serve, HOST) as server:
        yield one, KafkaSettings(bootstrap_servers=f"{HOST}:{server.sockets[0].getsockname()[1]}")
        one.open.set()
        serving = list(filter(None, one.serving))
        await asyncio.wait(serving, timeout=5)
        assert all(task.done() for task in serving), "a client has left a connection open"


async def an_admin(kafka: KafkaSettings) -> None:
    async with admin(kafka):
        pass


async def a_log_reader(kafka: KafkaSettings) -> None:
    async with log_reader(kafka):
        pass


async def a_producer(kafka: KafkaSettings) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    try:
        await start(producer)
    finally:
        await let_go(producer)


CLIENTS: dict[str, Callable[[KafkaSettings], Awaitable[None]]] = {
    "admin": an_admin,
    "log reader": a_log_reader,
    "producer": a_producer,
}


@pytest.mark.parametrize("requests", [1, 2], ids=["at its versions", "at its brokers"])
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_is_cancelled_while_it_connects_leaves_no_connection(
    local: LocalKafka, name: str, requests: int
) -> None:
    async def run() -> None:
        async with gate(local, requests) as (one, kafka):
            connecting = asyncio.ensure_future(CLIENTS[name](kafka))
            await one.full.wait()
            connecting.cancel()
            asyncio.get_running_loop().call_later(0.05, one.open.set)
            with pytest.raises(asyncio.CancelledError):
                await connecting
            del connecting

    gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        asyncio.run(run())
        gc.collect()


async def test_an_error_of_the_block_itself_is_not_taken_for_one_of_kafka(local: LocalKafka) -> None:
    with pytest.raises(FileNotFoundError):
        async with admin(KafkaSettings(bootstrap_servers=local.bootstrap_servers)):
            raise FileNotFoundError


async def test_a_client_that_no_broker_told_of_a_topic_asks_again(local: LocalKafka) -> None:
    kafka = KafkaSettings(bootstrap_servers=local.bootstrap_servers)
    await ensure_topics(kafka)
    client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap_servers, retry_backoff_ms=20)
    await client.bootstrap()
    try:
        broker = client.cluster._brokers.pop(next(iter(client.cluster._brokers)))
        learning = asyncio.ensure_future(learn_topics(client, ["fair.scans", "fair.none"]))
        await client.force_metadata_update()
        assert not learning.done()
        client.cluster._brokers[broker.nodeId] = broker
        await learning
        assert client.cluster.partitions_for_topic("fair.scans")
        assert not client.cluster.partitions_for_topic("fair.none")
        client.cluster._brokers.clear()
        with pytest.raises(TimeoutError):
            await learn_topics(client, ["fair.deals"])
    finally:
        await client.close()
