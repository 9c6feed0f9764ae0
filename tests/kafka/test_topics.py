"""Topics in Kafka: created by fairpulse with its own settings, or not at all."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from schemas.errors import MustStop
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, TERMINALS, journal_topic
from streams.kafka.topics import admin, ensure_topics, partitions_of
from tests.support.topics import make_topics

pytestmark = pytest.mark.broker


async def test_topics_are_created_once_with_eight_partitions_and_our_settings(broker: str) -> None:
    settings = KafkaSettings(bootstrap_servers=broker)
    topics = (*ALL_TOPICS, journal_topic("a-journal-changelog"))
    assert await ensure_topics(settings, topics) == [topic.name for topic in topics]
    assert await ensure_topics(settings, topics) == []
    async with admin(settings) as client:
        assert await partitions_of(client, settings, [topic.name for topic in topics]) == {
            t.name: 1 if t is TERMINALS else 8 for t in topics
        }
        for topic in topics:
            [answer] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
            there = {name: value for name, value, *_ in answer.resources[0][4]}
            assert {name: there[name] for name in topic.config()} == topic.config()
            assert there["message.timestamp.type"] == "LogAppendTime"


async def test_topics_with_another_number_of_partitions_are_refused_with_the_remedy(broker: str) -> None:
    await ensure_topics(KafkaSettings(bootstrap_servers=broker, partitions=4))
    with pytest.raises(MustStop, match="has 4 partitions, not 8; set FAIRPULSE_PARTITIONS=4"):
        await ensure_topics(KafkaSettings(bootstrap_servers=broker))


async def test_the_registry_has_one_partition_whatever_the_settings_say(broker: str) -> None:
    await make_topics(broker, TERMINALS.name, partitions=2)
    with pytest.raises(MustStop, match=r"topic fair\.terminals has 2 partitions, not 1; stop the gateways"):
        await ensure_topics(KafkaSettings(bootstrap_servers=broker, partitions=2))


async def test_sending_to_a_missing_topic_does_not_create_it(broker: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker, request_timeout_ms=2_000)
    await producer.start()
    try:
        with pytest.raises((KafkaError, TimeoutError)):
            await asyncio.wait_for(producer.send_and_wait("fair.misspelt", b"x"), 10)
    finally:
        await producer.stop()
    async with admin(KafkaSettings(bootstrap_servers=broker)) as client:
        assert "fair.misspelt" not in await client.list_topics()
