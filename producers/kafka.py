"""For producers when Kafka does not answer: say why, and let go of the client."""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from schemas.errors import FairpulseError
from schemas.kafka_reach import LET_GO_S, connect_whole, explain_silence, reaches_a_broker
from schemas.settings import KafkaSettings


async def no_kafka(kafka: KafkaSettings) -> FairpulseError:
    """Return why a client does not work: no broker answers, does not let us in, or gives an address of no use."""
    return await explain_silence(kafka, create_conn, MetadataRequest([]))


async def start(producer: AIOKafkaProducer) -> None:
    """Start a client that can also reach a broker under its advertised address.

    Raises:
        KafkaConnectionError: it cannot; aiokafka's own start is content with a bootstrap server.
    """
    await connect_whole(producer.client.bootstrap())
    if not await reaches_a_broker(producer.client):  # the rest of the start would wait for one
        raise KafkaConnectionError("no advertised address can be reached")
    await producer.start()


async def end(producer: AIOKafkaProducer, within_s: float) -> None:
    """Let a client deliver what it was handed and stop, within some seconds, or else let go of it."""
    try:
        async with asyncio.timeout(within_s):
            await producer.stop()
    except (KafkaError, OSError, TimeoutError):
        pass
    finally:
        await let_go(producer)


async def let_go(producer: AIOKafkaProducer) -> None:
    """Take down what a client leaves behind; those that still wait for one of its records learn that it failed.

    There is no public way to give up on a broker that is gone, and `stop` leaves the sender running when it is cut
    short. Failures that nobody waits for are asked for here, else asyncio reports them in the middle of other lines.
    """
    producer._closed = True  # noqa: SLF001
    task = producer._sender.sender_task  # noqa: SLF001
    if task is not None:
        task.cancel()
        await asyncio.wait([task], timeout=LET_GO_S)
    held = producer._message_accumulator  # noqa: SLF001
    given_up = held._pending_batches  # noqa: SLF001
    given_up.update(*held._batches.values())  # noqa: SLF001 - a batch that failed takes itself out of the pending ones
    held.fail_all(KafkaError("given up"))
    for batch in given_up:
        batch._drain_waiter.exception()  # noqa: SLF001 - nobody waits for room in it any more
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(LET_GO_S):
            await producer.client.close()
    if task is not None:
        task.cancel()  # the first time it goes on waiting for its requests; now for the metadata that will not come
        await asyncio.wait([task], timeout=LET_GO_S)
        if task.done() and not task.cancelled():
            task.exception()
