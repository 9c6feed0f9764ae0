"""For tests that change topics and records in a real Kafka, and a small fair's day to fill them with."""

import asyncio
import random
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from producers.records import RawRecord
from schemas.settings import KafkaSettings
from schemas.topics import RECORDED_TOPICS, Topic, group_prefix, is_journal, journal_topic
from streams.kafka.topics import admin, create_topics, wait_until_seen
from tests.campaign.workloads import draw, write_fair
from tests.support.topics import seen
from tests.support.workers import beside, eventually

PARTITIONS = 2


def day_of(directory: Path, fair_id: str, seed: int = 1, most: int = 400) -> tuple[Path, list[RawRecord]]:
    """Return the fair file of a small fair with this id, and the first records of its day."""
    file = write_fair(directory / f"{fair_id}.yaml", fair_id)
    return file, draw("fair_day", file, random.Random(seed)).records[:most]


def settings_of(broker: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=broker, partitions=PARTITIONS)


def names_in(broker: str) -> list[str]:
    async def run() -> list[str]:
        async with admin(settings_of(broker)) as client:
            return list(await client.list_topics())

    return asyncio.run(run())


def journal_of(broker: str, fair_id: str) -> str:
    """Return the only journal of a fair."""
    [name] = [name for name in names_in(broker) if is_journal(name) and name.startswith(group_prefix(fair_id))]
    return name


def make(broker: str, *topics: Topic) -> None:
    """Create topics as they are declared, and wait until they are there."""

    async def run() -> None:
        async with admin(settings_of(broker)) as client:
            await create_topics(client, settings_of(broker), topics)
            await wait_until_seen(client, settings_of(broker), topics)

    asyncio.run(run())


def remove(broker: str, *names: str) -> None:
    """Delete topics that are there, and wait until they are gone."""

    async def run() -> None:
        async with admin(settings_of(broker)) as client:
            await client.delete_topics(sorted(set(names) & set(await client.list_topics())))

    asyncio.run(run())
    eventually(lambda: not set(names) & set(names_in(broker)), "the topics are gone")


def clean(broker: str) -> None:
    """Give the next fair topics of events without records."""
    remove(broker, *(topic.name for topic in RECORDED_TOPICS))
    make(broker, *RECORDED_TOPICS)


def make_again(broker: str, name: str) -> None:
    """Delete a topic and create it with its declared settings, at once."""
    topic = next((one for one in RECORDED_TOPICS if one.name == name), journal_topic(name))
    remove(broker, name)
    make(broker, topic)


def configure(broker: str, name: str, settings: Mapping[str, str]) -> None:
    """Give a topic these overrides, and no others."""

    async def run() -> None:
        async with admin(settings_of(broker)) as client:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(settings))])
        await seen(settings_of(broker), name, settings)

    asyncio.run(run())


def drop_before(broker: str, name: str, offset: int, partitions: Iterable[int] = range(PARTITIONS)) -> None:
    """Delete the records of partitions before an offset, as retention does."""

    async def run() -> None:
        async with admin(settings_of(broker)) as client:
            await client.delete_records({TopicPartition(name, one): RecordsToDelete(offset) for one in partitions})

    asyncio.run(run())


@contextmanager
def growing(broker: str, records: Sequence[tuple[str, int | None, bytes | None, bytes | None]]) -> Iterator[None]:
    """Send records over and over for a block, about fifty per second."""

    async def run(ended: threading.Event) -> None:
        async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
            for topic, partition, key, value in cycle(records):
                if ended.is_set():
                    return
                await producer.send_and_wait(topic, value, key, partition=partition)
                await asyncio.sleep(0.02)

    with beside(lambda ended: asyncio.run(run(ended))):
        yield


def send_raw(
    broker: str, records: Sequence[tuple[str, int | None, bytes | None, bytes | None]], end: str = "", **how: object
) -> None:
    """Send records as (topic, partition, key, value); with `end`, in one transaction that ends so.

    Args:
        broker: where to.
        records: what.
        end: "commit" or "abort" a transaction; empty for none.
        how: further arguments of the producer.
    """

    async def run() -> None:
        if end:
            how["transactional_id"] = f"test-{random.random()}"
        producer = AIOKafkaProducer(bootstrap_servers=broker, **how)  # type: ignore[arg-type]
        await producer.start()
        try:
            if end:
                await producer.begin_transaction()
            sent = [
                await producer.send(topic, value, key=key, partition=partition)
                for topic, partition, key, value in records
            ]
            await producer.flush()
            await asyncio.gather(*sent)
            if end == "commit":
                await producer.commit_transaction()
            elif end:
                await producer.abort_transaction()
        finally:
            await producer.stop()

    asyncio.run(run())


def sent_as(records: Iterable[RawRecord]) -> list[tuple[str, int | None, bytes | None, bytes | None]]:
    """Return records of a day for `send_raw`, by their keys."""
    return [(one.topic, None, one.key, one.value) for one in records]
