"""Connections to Kafka, and why one cannot be had."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, RequestTimedOutError
from aiokafka.protocol.metadata import MetadataRequest

from schemas.errors import FairpulseError
from schemas.kafka_access import client_arguments
from schemas.kafka_reach import connect_whole, explain_silence, reaches_a_broker
from schemas.settings import KafkaSettings
from streams.kafka.codecs import refuse_unreadable_codecs

CANCEL_AGAIN_S: Final = 0.5
"""Seconds after which a consumer that does not stop is told again."""


async def no_kafka(settings: KafkaSettings) -> FairpulseError:
    """Return why a client does not work: no broker answers, does not let us in, or gives an address of no use."""
    return await explain_silence(settings, create_conn, MetadataRequest([]))


@asynccontextmanager
async def admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an admin connection.

    Raises:
        Unavailable: no broker answers, it refuses name or password, or its advertised address cannot be reached. Also
            if a codec cannot be read here, because a reader opens such a connection first.
    """
    refuse_unreadable_codecs()
    client = AIOKafkaAdminClient(**client_arguments(settings), request_timeout_ms=15_000)
    try:
        try:
            await connect_whole(client.start())
        except OSError as error:
            raise await no_kafka(settings) from error
        if not await reaches_a_broker(client._client):  # noqa: SLF001 - a request would wait for it in vain
            raise await no_kafka(settings)
        yield client
    except (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError, TimeoutError) as error:
        raise await no_kafka(settings) from error
    finally:
        await client.close()


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, even one that has only just been started or has just let go of its partitions.

    Its tasks get a turn first. aiokafka cancels them and waits for them, and a task that has not begun yet passes the
    cancellation on to the caller. A task that is just letting go of partitions swallows it, and is cancelled again. One
    that waits for a broker passes it on too, and connections would stay open: so all are ended here.
    """
    await asyncio.sleep(0)
    if (fetcher := consumer._fetcher) is not None:  # noqa: SLF001 - nothing public ends it
        await _end_fetches(fetcher)
    await consumer.stop()


async def _end_fetches(fetcher: Any) -> None:
    """End the tasks of aiokafka's fetcher, one that waits for a Kafka that is away as well."""
    fetching, pending = fetcher._fetch_task, fetcher._pending_tasks  # noqa: SLF001
    while not fetching.done():
        fetching.cancel()
        await asyncio.wait([fetching], timeout=CANCEL_AGAIN_S)
    for one in pending:
        one.cancel()
    if pending:
        await asyncio.wait(pending)
    pending.clear()
