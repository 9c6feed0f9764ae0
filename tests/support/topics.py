"""Topics that a test makes for itself, beside those that the product declares."""

from aiokafka.admin import NewTopic

from schemas.settings import KafkaSettings
from streams.kafka.topics import admin


async def make_topics(servers: str, *names: str, partitions: int = 1) -> None:
    """Create topics with one copy; their metadata may reach a client a moment later."""
    async with admin(KafkaSettings(bootstrap_servers=servers)) as client:
        await client.create_topics([NewTopic(name, partitions, 1) for name in names])


async def delete_topics(servers: str, *names: str) -> None:
    """Delete topics; a client that knows them may still use them for a while."""
    async with admin(KafkaSettings(bootstrap_servers=servers)) as client:
        await client.delete_topics(list(names))
