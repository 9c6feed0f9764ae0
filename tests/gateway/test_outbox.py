"""Records of one partition are sent together, each is in Kafka once and in order, and no request waits for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from producers.gateway.outbox import Outbox
from tests.support.broker import Broker
from tests.support.topics import delete_topics, make_topics
from tests.support.workers import read_back

pytestmark = pytest.mark.broker

PATIENCE_S = 30


@pytest.fixture
async def topics(kafka: Broker) -> list[str]:
    """Two topics of two partitions."""
    names = [f"outbox-{uuid4().hex}" for _ in range(2)]
    await make_topics(kafka.bootstrap_servers, *names, partitions=2)
    return names


@pytest.fixture
def topic(topics: list[str]) -> str:
    return topics[0]


@asynccontextmanager
async def opened(kafka: Broker, *, batch_bytes: int = 100_000) -> AsyncIterator[Outbox]:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=batch_bytes,
    )
    await producer.start()
    outbox = Outbox(producer)
    try:
        yield outbox
    finally:
        await outbox.stop()


async def stored(*futures: "asyncio.Future[None]") -> None:
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*futures)


async def values(kafka: Broker, topic: str) -> dict[int, list[bytes]]:
    """Return the records of each partition, in order."""
    found: dict[int, list[bytes]] = {}
    for _, partition, _, _, value in sorted(await asyncio.to_thread(read_back, kafka.bootstrap_servers, topic)):
        found.setdefault(partition, []).append(value or b"")
    return found


async def test_requests_share_the_next_batch_of_their_partition(kafka: Broker, topic: str) -> None:
    async with opened(kafka) as outbox:
        here, also, there = (outbox.add((topic, place), b"k", b"%d" % place) for place in (0, 0, 1))
        assert here is also
        assert here is not there
        await stored(here, there)
        after = outbox.add((topic, 0), b"k", b"after")
        assert after is not here
        await stored(after)
    assert await values(kafka, topic) == {0: [b"0", b"0", b"after"], 1: [b"1"]}


@pytest.mark.parametrize("batch_bytes", [300, 5_000, 1_000_000])
async def test_every_record_is_there_once_and_in_order_however_full_a_batch_gets(
    kafka: Broker, topic: str, batch_bytes: int
) -> None:
    sent = {place: [b"%d %d" % (place, number) for number in range(600)] for place in (0, 1)}
    async with opened(kafka, batch_bytes=batch_bytes) as outbox:
        waiting = []
        for number in range(600):
            waiting += [outbox.add((topic, place), b"k", sent[place][number]) for place in (0, 1)]
            if number % 50 == 0:
                await asyncio.sleep(0)  # batches are sent while others are filled
        await stored(*waiting)
    assert await values(kafka, topic) == sent


async def test_a_record_larger_than_a_batch_is_sent_alone(kafka: Broker, topic: str) -> None:
    large = b"x" * 5_000
    async with opened(kafka, batch_bytes=300) as outbox:
        await stored(*(outbox.add((topic, 0), b"k", value) for value in (b"before", large, b"after")))
    assert await values(kafka, topic) == {0: [b"before", large, b"after"]}


async def test_a_batch_that_cannot_be_sent_fails_and_holds_up_no_other(kafka: Broker, topic: str) -> None:
    async with opened(kafka) as outbox:
        nowhere = outbox.add((topic, 99), b"k", b"there is no such partition")
        here = outbox.add((topic, 0), b"k", b"here")
        with pytest.raises(AssertionError, match="partition"):
            await stored(nowhere)
        await stored(here)
    assert await values(kafka, topic) == {0: [b"here"]}


async def test_a_batch_that_is_tried_again_and_again_does_not_hold_up_the_others_of_its_broker(
    kafka: Broker, topics: list[str]
) -> None:
    gone, topic = topics
    async with opened(kafka) as outbox:
        await stored(*(outbox.add((name, 0), b"k", b"before") for name in topics))
        await delete_topics(kafka.bootstrap_servers, gone)
        tried = outbox.add((gone, 0), b"k", b"nowhere")
        for value in (b"with it", b"after it", b"and on"):
            await stored(outbox.add((topic, 0), b"k", value))
        assert not tried.done()
    assert await values(kafka, topic) == {0: [b"before", b"with it", b"after it", b"and on"]}


async def test_batches_after_a_failed_one_do_not_overtake_it(kafka: Broker, topic: str) -> None:
    async with opened(kafka, batch_bytes=1_500_000) as outbox:
        refused = outbox.add((topic, 0), b"k", b"x" * 1_200_000)  # more than the broker takes
        follows = outbox.add((topic, 0), b"k", b"x" * 1_000_000)  # not into the same batch
        for future in (refused, follows):
            with pytest.raises(KafkaError, match="TooLarge"):
                await stored(future)
    assert await values(kafka, topic) == {}


async def test_records_not_sent_when_it_stops_are_dropped_and_no_more_are_taken(kafka: Broker, topic: str) -> None:
    async with opened(kafka) as outbox:
        gathering = outbox.add((topic, 0), b"k", b"late")
    with pytest.raises(KafkaError, match="dropped"):
        await stored(gathering)
    with pytest.raises(ProducerClosed):
        outbox.add((topic, 0), b"k", b"later")


async def test_a_request_that_gives_up_takes_nothing_from_the_others(kafka: Broker, topic: str) -> None:
    async with opened(kafka) as outbox:
        shared = outbox.add((topic, 0), b"k", b"one")
        impatient = asyncio.ensure_future(asyncio.shield(shared))
        outbox.add((topic, 0), b"k", b"another")
        impatient.cancel()
        with suppress(asyncio.CancelledError):
            await impatient
        await stored(shared)
    assert await values(kafka, topic) == {0: [b"one", b"another"]}
