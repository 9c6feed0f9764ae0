"""A question for a topic makes none, even if the brokers make missing topics by themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from producers.topics import TopicInspector
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, EVENT_TOPICS, RECORDED_TOPICS, group_prefix, journal_topic
from streams.kafka.checking import check_topics
from streams.kafka.correcting import correct_topics
from streams.kafka.looks import topic_look
from streams.kafka.starting import refuse_wrong_topics
from streams.kafka.topics import admin, ensure_topics, partitions_of
from streams.local.kafka import LocalKafka
from tests.support.topics import delete_topics

pytestmark = pytest.mark.broker

JOURNAL = journal_topic(f"{group_prefix('ciftis-2025')}0123abcd-journal-changelog")
TOPICS = (*ALL_TOPICS, JOURNAL)


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaSettings]:
    """A Kafka as it comes: it makes each missing topic that a client names, with one partition."""
    with LocalKafka.start(properties={"auto.create.topics.enable": "true", "num.partitions": "1"}) as local:
        yield KafkaSettings(bootstrap_servers=local.bootstrap_servers, partitions=4)


async def checked(kafka: KafkaSettings) -> object:
    return await check_topics(kafka, None)


async def corrected(kafka: KafkaSettings) -> object:
    return await correct_topics(kafka, None)


async def watched_by_a_worker(kafka: KafkaSettings) -> object:
    async with topic_look(kafka, TOPICS) as look:
        return await look()


async def watched_by_a_gateway(kafka: KafkaSettings) -> object:
    inspector = TopicInspector(kafka)
    try:
        return await inspector.look(RECORDED_TOPICS)
    finally:
        await inspector.close()


async def counted(kafka: KafkaSettings) -> object:
    async with admin(kafka) as client:
        return await partitions_of(client, kafka, [topic.name for topic in TOPICS])


LOOKS: list[Callable[[KafkaSettings], Awaitable[object]]] = [
    checked, corrected, watched_by_a_worker, watched_by_a_gateway, counted,
]  # fmt: skip


async def names_in(kafka: KafkaSettings) -> set[str]:
    async with admin(kafka) as client:
        return {name for name in await client.list_topics() if not name.startswith("__")}


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
async def test_a_look_makes_no_topic(kafka: KafkaSettings, look: Callable[[KafkaSettings], Awaitable[object]]) -> None:
    await look(kafka)
    assert await names_in(kafka) == set()


async def test_a_worker_makes_its_topics_with_the_partitions_that_are_set(kafka: KafkaSettings) -> None:
    async with admin(kafka) as client:
        await ensure_topics(kafka, EVENT_TOPICS)
        await refuse_wrong_topics(kafka, "ciftis-2025", JOURNAL)
        counts = await partitions_of(client, kafka, [topic.name for topic in TOPICS])
    assert counts == {topic.name: topic.partitions_of(4) for topic in (*RECORDED_TOPICS, JOURNAL)}
    await asyncio.to_thread(lambda: asyncio.run(delete_topics(kafka.bootstrap_servers, *counts)))
