"""One contract for every sink; then what only Kafka can get wrong."""

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from producers.play.sinks import EventSink, KafkaSink, MemorySink, NowhereSink
from producers.records import RawRecord, Record, record_of
from schemas.errors import Unavailable
from schemas.settings import KafkaSettings
from schemas.wire import decode_strict
from streams.local.kafka import LocalKafka
from tests.play.conftest import Simulate
from tests.support.topics import make_topics

Heard = list[Record]
Make = Callable[[Heard], EventSink]


@pytest.fixture(params=["memory", "nowhere", pytest.param("kafka", marks=pytest.mark.broker)])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return lambda heard: MemorySink(heard.append)
    if request.param == "nowhere":
        return lambda heard: NowhereSink(heard.append)
    servers = at(request.getfixturevalue("kafka").bootstrap_servers)
    return lambda heard: KafkaSink(servers, heard.append)


@pytest.fixture
async def topic(request: pytest.FixtureRequest) -> str:
    """A topic of its own; created where there is a Kafka."""
    name = f"sink-{uuid4().hex}"
    if any(mark.name == "broker" for mark in request.node.iter_markers()):
        await make_topics(request.getfixturevalue("kafka").bootstrap_servers, name, partitions=4)
    return name


def at(servers: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=servers)


def raw(topic: str, number: int) -> RawRecord:
    return RawRecord(topic, b"badge-%d" % (number % 7), b"not json %d" % number)


async def test_after_a_flush_everything_sent_is_acknowledged_once(make: Make, topic: str) -> None:
    heard: Heard = []
    records = [raw(topic, number) for number in range(500)]
    async with make(heard) as sink:
        for record in records:
            await sink.send(record)
        await sink.flush()
        assert (sink.sent, sink.acknowledged) == (500, 500)
        assert sorted(heard, key=lambda record: record.value) == sorted(records, key=lambda record: record.value)


async def test_leaving_the_block_flushes(make: Make, topic: str) -> None:
    heard: Heard = []
    async with make(heard) as sink:
        await sink.send(raw(topic, 1))
    assert [record.value for record in heard] == [b"not json 1"]


async def test_nothing_sent_is_nothing_to_wait_for(make: Make, topic: str) -> None:
    async with make([]) as sink:
        await sink.flush()
        assert (sink.sent, sink.acknowledged) == (0, 0)


async def test_records_of_one_key_are_acknowledged_in_order(make: Make, topic: str) -> None:
    heard: Heard = []
    async with make(heard) as sink:
        for number in range(50):
            await sink.send(RawRecord(topic, b"one", b"%d" % number))
    assert [record.value for record in heard] == [b"%d" % number for number in range(50)]


async def test_an_error_in_the_block_is_the_one_that_is_raised(make: Make, topic: str) -> None:
    async def fail_inside() -> None:
        async with make([]) as sink:
            await sink.send(raw(topic, 1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()


async def test_an_event_is_sent_with_its_topic_its_key_and_its_bytes(simulated: Simulate) -> None:
    emission = next(simulated(visitors=50))
    event = decode_strict(emission.value)
    async with MemorySink() as sink:
        await sink.send(event)
        await sink.send(emission)
    sent, given = sink.records
    assert sent == record_of(event)
    assert (sent.topic, sent.key) == (given.topic, given.key)
    assert given.value == emission.value
    assert decode_strict(sent.value) == event


def test_no_kafka_is_said_with_its_address_and_the_remedy() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"

    async def connect() -> None:
        async with KafkaSink(at(address), patience_s=2):
            pass

    with pytest.raises(Unavailable, match=rf"{address}.*fairpulse kafka"):
        asyncio.run(connect())


@pytest.mark.broker
async def test_kafka_has_what_was_acknowledged_and_one_key_lies_in_one_partition(kafka: Any, topic: str) -> None:
    async with KafkaSink(at(kafka.bootstrap_servers)) as sink:
        for number in range(300):
            await sink.send(raw(topic, number))
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found = []
        while len(found) < 300:
            for batch in (await consumer.getmany(timeout_ms=2_000)).values():
                found += batch
    finally:
        await consumer.stop()
    assert sorted(message.value for message in found) == sorted(raw(topic, number).value for number in range(300))
    partitions: dict[bytes, set[int]] = {}
    for message in found:
        partitions.setdefault(message.key, set()).add(message.partition)
    assert all(len(places) == 1 for places in partitions.values())


@pytest.mark.broker
async def test_a_topic_that_does_not_exist_is_said_with_the_remedy(kafka: Any) -> None:
    async def send() -> None:
        async with KafkaSink(at(kafka.bootstrap_servers), patience_s=2) as sink:
            await sink.send(RawRecord("no-such-topic", b"k", b"v"))

    with pytest.raises(Unavailable, match="fairpulse topics"):
        await send()


@pytest.mark.broker
def test_a_broker_that_went_away_is_given_up_in_bounded_time_and_what_is_missing_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said_by_asyncio: list[str] = []
    with caplog.at_level(logging.CRITICAL, "aiokafka"):  # a line with a traceback would keep what it tells of alive
        asyncio.run(lose_a_broker(said_by_asyncio))
    gc.collect()
    assert said_by_asyncio == []


async def lose_a_broker(said_by_asyncio: list[str]) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: said_by_asyncio.append(fault["message"]))
    heard: Heard = []
    with await asyncio.to_thread(LocalKafka.start) as local:
        await make_topics(local.bootstrap_servers, "sink")
        sink = KafkaSink(at(local.bootstrap_servers), heard.append, patience_s=2)
        await sink.start()
        await sink.send(raw("sink", 1))
        await sink.flush()
        local.kill()
        await sink.send(raw("sink", 2))
        await sink.send(raw("sink", 3))
        began = monotonic()
        with pytest.raises(Unavailable, match="2 records"):
            await sink.flush()
        with pytest.raises(Unavailable, match="2 records"):
            await sink.stop()
        assert monotonic() - began < 10
    assert [record.value for record in heard] == [b"not json 1"]
    assert (sink.sent, sink.acknowledged) == (3, 1)
