"""Records in transactions, as another team's producer writes them: committed, aborted, or left open."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from producers.records import RawRecord


@asynccontextmanager
async def transactional(servers: str) -> AsyncIterator[AIOKafkaProducer]:
    """Open a transactional producer with an id of its own."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id=f"other-team-{uuid4()}", transaction_timeout_ms=600_000
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def put(producer: AIOKafkaProducer, records: Iterable[RawRecord], partition: int) -> None:
    """Send records to one partition, and wait for their acknowledgements."""
    for one in records:
        await producer.send_and_wait(one.topic, one.value, one.key, partition=partition, headers=list(one.headers))


async def commit(servers: str, records: Iterable[RawRecord], partition: int) -> None:
    """Send records in a transaction of their own. The marker that ends it has the next offset."""
    async with transactional(servers) as producer, producer.transaction():
        await put(producer, records, partition)


async def abort(servers: str, records: Iterable[RawRecord], partition: int) -> None:
    """Send records, and take them back."""
    async with transactional(servers) as producer:
        await producer.begin_transaction()
        await put(producer, records, partition)
        await producer.abort_transaction()
