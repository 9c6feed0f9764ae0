"""What faults do to topics: make them anew, fill them, delete their beginning, change their settings."""

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.kafka_access import client_arguments
from schemas.settings import KafkaSettings
from schemas.topics import is_journal
from streams.audit.recount.oracle import StoredRecord
from streams.kafka.topics import admin
from tests.campaign.watching import Logs, Place, read_logs

Ask = Callable[[AIOKafkaAdminClient], Any]


def asked(kafka: KafkaSettings, ask: Ask) -> Any:
    """Return the answer to an administrator's request."""

    async def run() -> Any:
        async with admin(kafka) as client:
            return await ask(client)

    return asyncio.run(run())


def logs_of(kafka: KafkaSettings, *topics: str) -> Logs:
    """Return all records of topics, by topic and partition."""
    return asyncio.run(read_logs(kafka.bootstrap_servers, topics))


def journal_of(kafka: KafkaSettings) -> str:
    """Return the name of the only journal that there is."""
    [name] = [name for name in asked(kafka, lambda client: client.list_topics()) if is_journal(name)]
    return str(name)


def delete(kafka: KafkaSettings, topic: str) -> None:
    """Delete a topic, and return when it is gone."""

    async def gone(client: AIOKafkaAdminClient) -> None:
        await client.delete_topics([topic])
        while topic in await client.list_topics():
            await asyncio.sleep(0.02)

    asked(kafka, gone)


def set_settings(kafka: KafkaSettings, topic: str, settings: Mapping[str, str]) -> None:
    """Let a topic have these settings and no others of its own."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(settings))
    asked(kafka, lambda client: client.alter_configs([resource]))


def add_partitions(kafka: KafkaSettings, topic: str, total: int) -> None:
    """Give a topic more partitions."""
    asked(kafka, lambda client: client.create_partitions({topic: NewPartitions(total)}))


def delete_beginning(kafka: KafkaSettings, first: Mapping[Place, int]) -> None:
    """Delete all records before these offsets."""
    wanted = {TopicPartition(*place): RecordsToDelete(offset) for place, offset in first.items()}
    asked(kafka, lambda client: client.delete_records(wanted))


def produce(kafka: KafkaSettings, records: Sequence[tuple[str, int | None, bytes | None, bytes]], **how: Any) -> None:
    """Send records (topic, partition, key, value) with a producer of some kind, and wait until all are acknowledged."""

    async def run() -> None:
        async with AIOKafkaProducer(**client_arguments(kafka), **how) as producer:
            answers = [
                await producer.send(topic, value, key, partition=partition) for topic, partition, key, value in records
            ]
            await asyncio.gather(*answers)

    asyncio.run(run())


def renamed(value: bytes, chance: random.Random) -> bytes:
    """Return an event with another id: another event of the same content. A record that is none stays as it is."""
    try:
        event = json.loads(value)
        event["event_id"] = event["event_id"][:-12] + f"{chance.getrandbits(48):012x}"
    except (ValueError, TypeError, KeyError):
        return value
    return json.dumps(event, separators=(",", ":")).encode()


def others(records: Sequence[StoredRecord], chance: random.Random, number: int) -> list[StoredRecord]:
    """Return other events for a partition: of half of these records, again and again, under new ids."""
    half = records[: len(records) // 2 + 1]
    return [
        (topic, partition, 0, key, renamed(value or b"", chance))
        for topic, partition, _, key, value in chance.choices(half, k=number)
    ]
