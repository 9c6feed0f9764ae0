"""Creates and checks the topics. A broker that creates missing topics by itself gives them the wrong settings."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import create_conn
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    RequestTimedOutError,
    TopicAlreadyExistsError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from schemas.errors import FairpulseError, MustStop, Unavailable
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_reach import explain_silence, reaches_a_broker
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, Topic


async def no_kafka(settings: KafkaSettings) -> FairpulseError:
    """Return why a client does not work: no broker answers, does not let us in, or gives an address of no use."""
    return await explain_silence(settings, create_conn, MetadataRequest([]))


@asynccontextmanager
async def admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an admin connection.

    Raises:
        Unavailable: no broker answers, it refuses name or password, or its advertised address cannot be reached.
    """
    client = AIOKafkaAdminClient(**client_arguments(settings), request_timeout_ms=15_000)
    try:
        await client.start()
    except (KafkaConnectionError, OSError) as error:
        await client.close()
        raise await no_kafka(settings) from error
    try:
        if not await reaches_a_broker(client._client):  # noqa: SLF001 - a request would wait for it in vain
            raise await no_kafka(settings)
        yield client
    except (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError, TimeoutError) as error:
        raise await no_kafka(settings) from error
    finally:
        await client.close()


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, even one that has only just been started.

    Its tasks get a turn first. aiokafka cancels them and waits for them, and a task that has not begun yet passes the
    cancellation on to the caller.
    """
    await asyncio.sleep(0)
    await consumer.stop()


async def partitions_of(client: AIOKafkaAdminClient, settings: KafkaSettings, names: Iterable[str]) -> dict[str, int]:
    """Return the number of partitions of each topic that exists.

    Raises:
        Unavailable: the right to describe one is missing; the error names it.
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
        Unavailable: no broker answers, or it refuses to create a topic.
        MustStop: a topic has another number of partitions. Those of the workers must have the same, because each
            partition has one state.
    """
    async with admin(settings) as client:
        existing = await partitions_of(client, settings, [topic.name for topic in topics])
        for topic in topics:
            wanted = topic.partitions_of(settings.partitions)
            count = existing.get(topic.name, wanted)
            if count != wanted:
                another = "" if topic.partitions else f"set FAIRPULSE_PARTITIONS={count}, or "
                raise MustStop(
                    f"topic {topic.name} has {count} partitions, not {wanted}",
                    hint=f"{another}create the topics again, without their records",
                )
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            await create_topics(client, settings, missing)
        return [topic.name for topic in missing]


async def create_topics(client: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[Topic]) -> None:
    """Create topics; existing ones stay as they are. Raises Unavailable if Kafka refuses."""
    new = [
        NewTopic(
            topic.name,
            topic.partitions_of(settings.partitions),
            settings.replication_factor,
            topic_configs=dict(topic.config()),
        )
        for topic in topics
    ]
    try:
        answer = await client.create_topics(new)
    except KafkaError as error:
        raise Unavailable(f"topics cannot be created: {reason(error)}", hint="see the broker's log") from error
    for name, code, *_ in answer.topic_errors:
        problem = for_code(code)
        if (told := refused(settings, problem, f"Create on topic {name}")) is not None:
            raise told
        if code and problem is not TopicAlreadyExistsError:
            raise Unavailable(
                f"topic {name} cannot be created: {reason(problem)}",
                hint="check FAIRPULSE_REPLICATION_FACTOR against the number of brokers",
            )
