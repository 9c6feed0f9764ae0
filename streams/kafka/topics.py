"""Creates and checks the topics. A broker that creates missing topics by itself gives them the wrong settings."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.errors import MustStop, Unavailable
from schemas.kafka_access import refused
from schemas.kafka_topics import described
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topic_findings import PARTITIONS, TopicAsIs, findings
from schemas.topics import ALL_TOPICS, REJECTED, Topic
from streams.kafka.connections import admin, no_kafka, stop_consumer
from streams.kafka.judgement import judged

__all__ = ["admin", "create_topics", "ensure_topics", "no_kafka", "partitions_of", "stop_consumer"]

SEEN_WITHIN_S: Final = 30.0
"""How long all brokers may take to show a topic that was created, with a leader for each partition."""

SEEN_EVERY_S: Final = 0.1


async def partitions_of(client: AIOKafkaAdminClient, settings: KafkaSettings, names: Iterable[str]) -> dict[str, int]:
    """Return the number of partitions of each topic that exists.

    Raises:
        Unavailable: the right to describe one is missing, or Kafka does not tell now; the error names it.
    """
    return {name: len(partitions) for name, partitions in (await described(client, settings, names)).items()}


async def ensure_topics(
    settings: KafkaSettings, topics: Sequence[Topic] = ALL_TOPICS, fair_id: str | None = None
) -> list[str]:
    """Create the topics that are missing, wait until they can be used, and return their names.

    The dead letters' topic gets the partitions that it lacks.

    Args:
        settings: with the number of partitions and copies.
        topics: those to look at.
        fair_id: whose journals tell how many partitions were meant; None for those of all fairs.

    Raises:
        Unavailable: no broker answers, or it refuses to create a topic.
        MustStop: a topic has another number of partitions. Those of the workers must have the same, because each
            partition has one state.
    """
    async with admin(settings) as client:
        existing = await partitions_of(client, settings, [topic.name for topic in topics])
        await _refuse_other_counts(settings, topics, existing, fair_id)
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            await create_topics(client, settings, missing)
        if existing.get(REJECTED.name, settings.partitions) < settings.partitions:
            await _add_partitions(client, settings, REJECTED, settings.partitions)
            existing.pop(REJECTED.name)
        await wait_until_seen(client, settings, [topic for topic in topics if topic.name not in existing])
        return [topic.name for topic in missing]


async def _refuse_other_counts(
    settings: KafkaSettings, topics: Sequence[Topic], existing: Mapping[str, int], fair_id: str | None
) -> None:
    there = {name: TopicAsIs(count, settings.replication_factor, {}) for name, count in existing.items()}
    found = findings(topics, there, settings.partitions, settings.replication_factor)
    other = [one for one in found if one.setting == PARTITIONS and one.topic != REJECTED.name]
    for one in await judged(settings, fair_id, other[:1]):
        raise MustStop(one.message, hint=one.cure)


async def wait_until_seen(client: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[Topic]) -> None:
    """Return once topics are there with all their partitions, each with a leader; at once without topics.

    Raises:
        Unavailable: Kafka does not show them in time.
    """
    waiting = {topic.name: topic.partitions_of(settings.partitions) for topic in topics}
    deadline = asyncio.get_running_loop().time() + SEEN_WITHIN_S
    while waiting:
        for one in await client.describe_topics(list(waiting)):
            led = sum(part["error_code"] == 0 and part["leader"] >= 0 for part in one["partitions"])
            if one["error_code"] == 0 and led >= waiting[one["topic"]]:
                del waiting[one["topic"]]
        if not waiting:
            return
        if asyncio.get_running_loop().time() >= deadline:
            name = min(waiting)
            raise Unavailable(
                f"topic {name} was created, and no broker leads all of its {waiting[name]} partitions after "
                f"{SEEN_WITHIN_S:.0f} s",
                hint="see the brokers' logs, then run the command again",
            )
        await asyncio.sleep(SEEN_EVERY_S)


async def _add_partitions(client: AIOKafkaAdminClient, settings: KafkaSettings, topic: Topic, count: int) -> None:
    try:
        await client.create_partitions({topic.name: NewPartitions(count)})
    except KafkaError as error:
        told = refused(settings, error, f"Alter on topic {topic.name}")
        raise told or Unavailable(
            f"topic {topic.name} cannot get more partitions: {reason(error)}", hint="see the broker's log"
        ) from error


async def create_topics(client: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[Topic]) -> None:
    """Create topics; existing ones stay as they are. Raises Unavailable if Kafka refuses."""
    new = [
        NewTopic(
            topic.name,
            topic.partitions_of(settings.partitions),
            settings.replication_factor,
            topic_configs=dict(topic.config(settings.replication_factor)),
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
