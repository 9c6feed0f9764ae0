"""Create and check our topics. Explicitly: a broker that makes topics up makes them with the wrong settings."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from schemas.errors import MustStop, Unavailable
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, Topic


def no_kafka(settings: KafkaSettings) -> Unavailable:
    """Return the error that no broker answers."""
    return Unavailable(
        f"no Kafka answers at {settings.bootstrap_servers}",
        hint="start one with `fairpulse kafka`, or set FAIRPULSE_BOOTSTRAP_SERVERS",
    )


@asynccontextmanager
async def admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an admin connection.

    Raises:
        Unavailable: no broker answers.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers, request_timeout_ms=15_000)
    try:
        await client.start()
    except (KafkaConnectionError, OSError) as error:
        await client.close()
        raise no_kafka(settings) from error
    try:
        yield client
    finally:
        await client.close()


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, also one that has just been started.

    Its tasks get a turn first: aiokafka waits for those that it cancels, and one that had not begun yet lets the
    cancellation through to us.
    """
    await asyncio.sleep(0)
    await consumer.stop()


async def partitions_of(client: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Return the number of partitions of each topic that exists."""
    described = await client.describe_topics(list(names))
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["error_code"] == 0}


async def ensure_topics(settings: KafkaSettings, topics: Sequence[Topic] = ALL_TOPICS) -> list[str]:
    """Create the topics that are missing; return their names.

    Raises:
        Unavailable: no broker answers, or it refuses to create one.
        MustStop: one exists with another number of partitions: one partition is one state, and they must match.
    """
    async with admin(settings) as client:
        existing = await partitions_of(client, [topic.name for topic in topics])
        for topic in topics:
            count = existing.get(topic.name, settings.partitions)
            if count != settings.partitions:
                raise MustStop(
                    f"topic {topic.name} has {count} partitions, not {settings.partitions}",
                    hint=f"set FAIRPULSE_PARTITIONS={count}, or create the topics anew",
                )
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            await _create(client, settings, missing)
        return [topic.name for topic in missing]


async def _create(client: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[Topic]) -> None:
    new = [
        NewTopic(topic.name, settings.partitions, settings.replication_factor, topic_configs=dict(topic.config()))
        for topic in topics
    ]
    try:
        answer = await client.create_topics(new)
    except KafkaError as error:
        raise Unavailable(f"topics cannot be created: {type(error).__name__}", hint="see the broker's log") from error
    for name, code, *_ in answer.topic_errors:
        problem = for_code(code)
        if code and problem is not TopicAlreadyExistsError:
            raise Unavailable(
                f"topic {name} cannot be created: {problem.__name__}",
                hint="check FAIRPULSE_REPLICATION_FACTOR against the number of brokers",
            )
