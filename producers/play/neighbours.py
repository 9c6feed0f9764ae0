"""Refuses topics with events of another fair: its workers would refuse all events of this one, and stop."""

import asyncio
import re
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from producers.kafka import no_kafka
from schemas.errors import InvalidSettings, Unavailable
from schemas.kafka_access import client_arguments, names_in, refused
from schemas.kafka_reach import connect_whole, learn_topics
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS

_FAIR_ID: Final = re.compile(rb'"fair_id"\s*:\s*"([A-Za-z0-9._-]{1,64})"')
POLL_MS: Final = 500
ANSWER_S: Final = 20.0
"""How long the newest records may take to arrive: without them, nobody knows whose events are there."""

STEPS_BACK: Final = (1, 100, 10_000)
"""How many offsets before the end to begin at, one after the other: transactions end with offsets that have no record,
and those that were given up hold none that count.
"""


async def refuse_other_fairs(kafka: KafkaSettings, fair_id: str) -> None:
    """Look at the newest record of every event partition.

    Raises:
        InvalidSettings: one is an event of another fair.
        Unavailable: no broker answers, or the topics are not there or may not be read.
    """
    consumer = AIOKafkaConsumer(**client_arguments(kafka), enable_auto_commit=False, isolation_level="read_committed")
    try:
        await connect_whole(consumer.start())
        known = await consumer.topics()
        missing = [topic.name for topic in EVENT_TOPICS if topic.name not in known]
        if missing:
            raise Unavailable(
                f"Kafka has no topic {missing[0]}", hint="create the topics with `fairpulse topics --create`"
            )
        for value in await _newest(consumer):
            found = _FAIR_ID.search(value)
            if found and found[1].decode() != fair_id:
                raise InvalidSettings(
                    "the topics hold events of another fair, and its workers would refuse these",
                    hint="replay into a Kafka of its own, for example `fairpulse kafka`",
                )
    except TopicAuthorizationFailedError as error:
        raise refused(kafka, error, f"Read on topic {names_in(error)}") or error from error
    except (KafkaError, OSError) as error:
        raise await no_kafka(kafka) from error
    finally:
        await consumer.stop()


async def _newest(consumer: AIOKafkaConsumer) -> list[bytes]:
    client = consumer._client  # noqa: SLF001 - assigned by hand, a consumer has no public way to learn partitions
    await learn_topics(client, [topic.name for topic in EVENT_TOPICS])
    tps = [
        TopicPartition(topic.name, number)
        for topic in EVENT_TOPICS
        for number in client.cluster.partitions_for_topic(topic.name) or ()
    ]
    consumer.assign(tps)
    begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    newest: dict[TopicPartition, bytes] = {}
    for back in STEPS_BACK:
        wanted = {tp for tp in tps if tp not in newest and ends[tp] > begins[tp]}
        for tp in wanted:
            consumer.seek(tp, max(begins[tp], ends[tp] - back))
        async with asyncio.timeout(ANSWER_S):
            while wanted:
                fetched = await consumer.getmany(*wanted, timeout_ms=POLL_MS)
                for tp, records in fetched.items():
                    newest.update((tp, record.value) for record in records if record.value is not None)
                wanted -= {tp for tp in wanted if await consumer.position(tp) >= ends[tp]}
    return list(newest.values())
