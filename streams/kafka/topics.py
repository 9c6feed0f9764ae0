"""Create and check our topics. Explicitly: a broker that makes topics up makes them with the wrong settings."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from schemas.errors import FairpulseError, MustStop, Unavailable
from schemas.kafka_access import client_arguments, explain_silence, refused
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, Topic


async def no_kafka(settings: KafkaSettings) -> FairpulseError:
    """Return why a client could not start: no broker answers, or it does not let us in."""
    return await explain_silence(settings, create_conn, MetadataRequest([]))


@asynccontextmanager
async def admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an admin connection.

    Raises:
        Unavailable: no broker answers, or it refuses name or password.
    """
    client = AIOKafkaAdminClient(**client_arguments(settings), request_timeout_ms=15_000)
    try:
        await client.start()
    except (KafkaConnectionError, OSError) as error:
        await client.close()
        raise await no_kafka(settings) from error
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


async def partitions_of(client: AIOKafkaAdminClient, settings: KafkaSettings, names: Iterable[str]) -> dict[str, int]:
    """Return the number of partitions of each topic that exists.

    Raises:
        Unavailable: one may not be looked at; it names which.
    """
    described = await client.describe_topics(list(names))
    for topic in described:
        told = refused(settings, for_code(topic["error_code"]), f"Describe on topic {topic['topic']}")
        if told is not None:
            raise told
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["error_code"] == 0}


async def ensure_topics(settings: KafkaSettings, topics: Sequence[Topic] = ALL_TOPICS) -> list[str]:
    """Create the topics that are missing; return their names.

    Raises:
        Unavailable: no broker answers, or it refuses to create one.
        MustStop: one exists with another number of partitions: one partition is one state, and they must match.
    """
    async with admin(settings) as client:
        existing = await partitions_of(client, settings, [topic.name for topic in topics])
        for topic in topics:
            count = existing.get(topic.name, settings.partitions)
            if count != settings.partitions:
                raise MustStop(
                    f"topic {topic.name} has {count} partitions, not {settings.partitions}",
                    hint=f"set FAIRPULSE_PARTITIONS={count}, or create the topics anew",
                )
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            await create_topics(client, settings, missing)
        return [topic.name for topic in missing]


async def create_topics(client: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[Topic]) -> None:
    """Create topics; one that is there already stays as it is. Raises Unavailable when Kafka refuses."""
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
        if (told := refused(settings, problem, f"Create on topic {name}")) is not None:
            raise told
        if code and problem is not TopicAlreadyExistsError:
            raise Unavailable(
                f"topic {name} cannot be created: {problem.__name__}",
                hint="check FAIRPULSE_REPLICATION_FACTOR against the number of brokers",
            )
