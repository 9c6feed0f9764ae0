"""Three defects of the Kafka client, each with a real broker: frozen, killed, and a partition without a leader."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import pytest
from aiokafka import AIOKafkaConsumer

from producers.gateway.outbox import STOP_S
from producers.gateway.supervisor import NotStored, Supervisor
from producers.records import RawRecord
from schemas.settings import KafkaSettings
from streams.local.kafka import LocalKafka
from tests.support.topics import make_topics

pytestmark = pytest.mark.broker

TOPIC = "supervised"
DEADLINE_S = 2.0


def record(number: int, key: bytes = b"k") -> RawRecord:
    return RawRecord(TOPIC, key, b"%d" % number)


async def make_topic(kafka: LocalKafka, partitions: int = 1) -> None:
    await make_topics(kafka.bootstrap_servers, TOPIC, partitions=partitions)


async def values(kafka: LocalKafka) -> list[int]:
    """Return the records of the topic."""
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[int] = []
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for run in (await consumer.getmany(timeout_ms=200)).values():
                found += [int(one.value) for one in run]
        return sorted(found)
    finally:
        await consumer.stop()


async def until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(40):
            while not condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"not in time: {what}")


async def deliver_until_stored(supervisor: Supervisor, one: RawRecord) -> None:
    """Do what a terminal does: send the same record until it is acknowledged."""
    async with asyncio.timeout(60):
        while True:
            try:
                await supervisor.deliver([one])
            except NotStored:
                await asyncio.sleep(0.1)
            else:
                return


class Supervised:
    """A Kafka and a supervisor that is connected to it; `causes` are those of its rebuilds."""

    def __init__(self, kafka: LocalKafka, deadline_s: float, partitions: int = 1) -> None:
        self.kafka = kafka
        self.causes: list[str] = []
        self.supervisor = Supervisor(
            KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=partitions),
            rebuilt=self.causes.append,
            deadline_s=deadline_s,
            topics=(TOPIC,),
        )


@pytest.fixture
async def one() -> AsyncIterator[Supervised]:
    """One broker of its own."""
    with LocalKafka.start() as kafka:
        await make_topic(kafka)
        made = Supervised(kafka, DEADLINE_S)
        made.supervisor.start()
        await until(lambda: made.supervisor.is_ready, "a producer is connected")
        yield made
        await made.supervisor.stop()


async def test_a_frozen_broker_ends_in_an_unknown_outcome_and_a_fresh_producer(one: Supervised) -> None:
    await one.supervisor.deliver([record(0)])
    one.kafka.pause()
    with pytest.raises(NotStored) as failed:
        await one.supervisor.deliver([record(1)])
    assert failed.value.unknown
    assert one.causes == ["deadline"]
    with pytest.raises(NotStored) as at_once:
        await one.supervisor.deliver([record(2)])
    assert not at_once.value.unknown
    assert not one.supervisor.is_ready
    one.kafka.resume()
    await deliver_until_stored(one.supervisor, record(1))
    await deliver_until_stored(one.supervisor, record(2))
    assert set(await values(one.kafka)) == {0, 1, 2}


async def test_stopping_is_bounded_while_the_broker_is_frozen(one: Supervised) -> None:
    one.kafka.pause()
    delivering = asyncio.create_task(one.supervisor.deliver([record(1)]))
    await asyncio.sleep(0)
    began = time.monotonic()
    await one.supervisor.stop()
    assert time.monotonic() - began < STOP_S + 5  # aiokafka's own stop() waits for ever
    with pytest.raises(NotStored):
        await delivering
    one.kafka.resume()


async def test_a_producer_leaves_nothing_behind_when_its_broker_stays_frozen(one: Supervised) -> None:
    one.kafka.pause()
    with pytest.raises(NotStored):
        await one.supervisor.deliver([record(1)])
    await until(lambda: "_sender_routine" not in repr(asyncio.all_tasks()), "the retired producer has ended")
    await one.supervisor.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    one.kafka.resume()


async def test_a_killed_broker_that_comes_back_is_used_again_without_a_restart(
    one: Supervised, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "producers")
    await one.supervisor.deliver([record(0)])
    one.kafka.kill()
    with pytest.raises(NotStored):
        await one.supervisor.deliver([record(1)])
    assert one.causes
    await asyncio.to_thread(one.kafka.restart)
    await deliver_until_stored(one.supervisor, record(1))
    assert set(await values(one.kafka)) == {0, 1}
    lines = [line for line in caplog.messages if line.startswith(("no producer yet", "connected to Kafka"))]
    assert lines[0].startswith("no producer yet")
    assert all(line != after for line, after in pairwise(lines)), "nothing has changed, and it was said again"
    assert "after_seconds=" in lines[-1]


async def test_a_partition_without_a_leader_leaves_no_gap_in_the_sequence() -> None:
    """The old producer would go on with sequence numbers that the broker never saw, and be refused for ever."""
    with LocalKafka.start(nodes=3) as kafka:
        await make_topic(kafka, partitions=6)
        made = Supervised(kafka, 8.0, partitions=6)
        made.supervisor.start()
        await until(lambda: made.supervisor.is_ready, "a producer is connected")
        keys = [b"%d" % number for number in range(60)]  # reach every partition
        await made.supervisor.deliver([record(number, key) for number, key in enumerate(keys)])
        kafka.kill(2)
        outcomes = []
        for attempt in range(2):
            try:
                await made.supervisor.deliver([record(100 + attempt, key) for key in keys])
            except NotStored:
                outcomes.append("not stored")
                await until(lambda: made.supervisor.is_ready, "a fresh producer is connected")
        assert outcomes == ["not stored"] * 2
        assert made.causes
        await asyncio.to_thread(kafka.restart, 2)
        for number, key in enumerate(keys):
            await deliver_until_stored(made.supervisor, record(1_000 + number, key))
        found = set(await values(kafka))
        assert set(range(60)) | set(range(1_000, 1_060)) <= found
        await made.supervisor.stop()
