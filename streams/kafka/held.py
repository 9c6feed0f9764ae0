"""Reads the records that topics hold now, without a group: all of them, or the oldest of each partition."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from schemas.errors import Unavailable
from schemas.kafka_access import client_arguments, names_in, refused
from schemas.kafka_reach import connect_whole
from schemas.settings import KafkaSettings
from schemas.topics import place_text
from streams.kafka.connections import stop_consumer

POLL_MS: Final = 200
STILL_WITHIN_S: Final = 30.0
"""Seconds without any progress after which reading is given up."""


async def held_records(
    kafka: KafkaSettings, counts: Mapping[str, int], most: int | None = None
) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Yield the records that were there at the start, without those of aborted or open transactions.

    Those of one partition come in their order.

    Args:
        kafka: where the brokers are.
        counts: the topics to read, and how many partitions each has.
        most: records to read of each partition, the oldest ones; None for all.

    Raises:
        Refused: the right Read is missing.
        Unavailable: a partition does not go on; the error names it.
        KafkaError: Kafka does not answer.
    """
    async with AsyncExitStack() as connections:
        consumer = AIOKafkaConsumer(
            **client_arguments(kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=POLL_MS,
        )
        connections.push_async_callback(stop_consumer, consumer)
        await connect_whole(consumer.start())
        try:
            async for records in _held(consumer, counts, most):
                yield records
        except TopicAuthorizationFailedError as error:
            raise refused(kafka, error, f"Read on topic {names_in(error)}") or error from error


async def _held(
    consumer: AIOKafkaConsumer, counts: Mapping[str, int], most: int | None
) -> AsyncGenerator[list[ConsumerRecord], None]:
    tps = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    consumer.assign(tps)
    first, end = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    for tp in tps:
        consumer.seek(tp, first[tp])
    reached = {tp: first[tp] for tp in tps if first[tp] < end[tp]}
    read = dict.fromkeys(reached, 0)
    clock = asyncio.get_running_loop().time
    moved_at = clock()
    while reached:
        for tp, fetched in (await consumer.getmany(*reached, timeout_ms=POLL_MS)).items():
            room = len(fetched) if most is None else most - read[tp]
            read[tp] += len(fetched)
            yield [one for one in fetched[:room] if one.offset < end[tp]]
        for tp, before in list(reached.items()):
            reached[tp] = await consumer.position(tp)
            if reached[tp] != before:
                moved_at = clock()
            if reached[tp] >= end[tp] or (most is not None and read[tp] >= most):
                del reached[tp]
                consumer.pause(tp)
        if reached and clock() - moved_at > STILL_WITHIN_S:
            tp, at = next(iter(reached.items()))
            raise Unavailable(
                f"{place_text(tp)} does not go on at offset {at} of {end[tp]} within {STILL_WITHIN_S:.0f} s",
                hint="see that its leader runs, then try again",
            )
