"""Topics that a test makes for itself, beside those that the product declares."""

import asyncio
from collections.abc import Mapping

from aiokafka.admin import NewTopic

from schemas.kafka_topics import described, topics_as_they_are
from schemas.settings import KafkaSettings
from streams.kafka.topics import admin


async def make_topics(servers: str, *names: str, partitions: int = 1) -> None:
    """Create topics with one copy; their metadata may reach a client a moment later."""
    async with admin(KafkaSettings(bootstrap_servers=servers)) as client:
        await client.create_topics([NewTopic(name, partitions, 1) for name in names])


async def seen(
    kafka: KafkaSettings, name: str, settings: Mapping[str, str] | None = None, partitions: int | None = None
) -> None:
    """Wait until Kafka shows settings or a number of partitions that it has been given; it takes a moment."""
    async with admin(kafka) as client:
        while True:
            topic = (await topics_as_they_are(client, kafka, [name]))[name]
            if {**topic.settings, **(settings or {})} == topic.settings and partitions in (None, topic.partitions):
                return
            await asyncio.sleep(0.05)


async def delete_topics(servers: str, *names: str) -> None:
    """Delete topics, and wait until they are gone; a client that knows them may still use them for a while."""
    kafka = KafkaSettings(bootstrap_servers=servers)
    async with admin(kafka) as client:
        await client.delete_topics(list(names))
        while await described(client, kafka, names):
            await asyncio.sleep(0.05)
