"""Before a worker starts: may it read its topics and be in its group? Faust would ask in vain for ever."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.group import HeartbeatRequest

from schemas.errors import Unavailable
from schemas.kafka_access import client_arguments, refused
from schemas.settings import KafkaSettings
from streams.kafka.topics import admin, stop_consumer

FETCH_MS: Final = 500
"""A read that is denied is answered at once."""


async def refuse_denied(kafka: KafkaSettings, group: str, topics: Sequence[str]) -> None:
    """Read a little of every topic at once, and ask for a member of the group that does not exist; both change nothing.

    Raises:
        Unavailable: an access rule is missing; it names operation and resource.
    """
    if not kafka.wants_password:
        return
    async with admin(kafka) as client:
        if (told := await _denied_group(client, kafka, group)) is not None:
            raise told
    told_of = await asyncio.gather(*(_denied_topic(kafka, topic) for topic in topics))
    if denied := next(filter(None, told_of), None):
        raise denied


async def _denied_topic(kafka: KafkaSettings, topic: str) -> Unavailable | None:
    consumer = AIOKafkaConsumer(**client_arguments(kafka), enable_auto_commit=False, fetch_max_wait_ms=FETCH_MS // 5)
    try:
        await consumer.start()
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.seek(place, 0)
        await consumer.getmany(timeout_ms=FETCH_MS)
    except TopicAuthorizationFailedError as error:
        return refused(kafka, error, f"Read on topic {topic}")
    finally:
        await stop_consumer(consumer)
    return None


async def _denied_group(client: AIOKafkaAdminClient, kafka: KafkaSettings, group: str) -> Unavailable | None:
    doing = f"Read on group {group}"
    try:
        node = await client.find_coordinator(group)
        answer = await client._send_request(HeartbeatRequest(group, -1, ""), node)  # noqa: SLF001 - it has no method
    except GroupAuthorizationFailedError as error:
        return refused(kafka, error, doing)
    except KafkaError:
        return None  # the coordinator is on its way; Faust waits for it
    return refused(kafka, for_code(answer.error_code), doing)
