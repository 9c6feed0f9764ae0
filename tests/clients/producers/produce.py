"""Writes records to a topic as another team's program would: with a library as it is, in its environment of its own.

    python produce.py LIBRARY PARTITIONER CODEC MODE SERVERS TOPIC < lines

A line is a key, a tab and a value. MODE is plain, committed or aborted.
"""

import asyncio
import sys


async def aiokafka(servers: str, topic: str, codec: str, mode: str, records: list[tuple[bytes, bytes]]) -> None:
    from aiokafka import AIOKafkaProducer  # noqa: PLC0415 - the environment may have this library alone

    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        compression_type=None if codec == "none" else codec,
        transactional_id=None if mode == "plain" else "theirs-aiokafka",
    )
    await producer.start()
    try:
        if mode != "plain":
            await producer.begin_transaction()
        for sent in [await producer.send(topic, value, key) for key, value in records]:
            await sent
        if mode != "plain":
            await (producer.commit_transaction() if mode == "committed" else producer.abort_transaction())
    finally:
        await producer.stop()


def confluent(
    servers: str, topic: str, codec: str, mode: str, records: list[tuple[bytes, bytes]], partitioner: str
) -> None:
    from confluent_kafka import Producer  # noqa: PLC0415

    settings = {"bootstrap.servers": servers, "compression.type": codec}
    if partitioner:
        settings["partitioner"] = partitioner
    if mode != "plain":
        settings["transactional.id"] = "theirs-librdkafka"
    producer = Producer(settings)
    if mode != "plain":
        producer.init_transactions()
        producer.begin_transaction()
    for key, value in records:
        producer.produce(topic, value, key)
    producer.flush()
    if mode != "plain":
        producer.commit_transaction() if mode == "committed" else producer.abort_transaction()


def kafka_python(servers: str, topic: str, codec: str, mode: str, records: list[tuple[bytes, bytes]]) -> None:
    from kafka import KafkaProducer  # noqa: PLC0415

    producer = KafkaProducer(
        bootstrap_servers=servers,
        compression_type=None if codec == "none" else codec,
        transactional_id=None if mode == "plain" else "theirs-kafka-python",
    )
    if mode != "plain":
        producer.init_transactions()
        producer.begin_transaction()
    for sent in [producer.send(topic, value, key) for key, value in records]:
        sent.get(30)
    if mode != "plain":
        producer.commit_transaction() if mode == "committed" else producer.abort_transaction()
    producer.close()


def main() -> None:
    library, partitioner, codec, mode, servers, topic = sys.argv[1:]
    lines = sys.stdin.buffer.read().splitlines()
    records = [(key, value) for key, _, value in (line.partition(b"\t") for line in lines)]
    match library:
        case "aiokafka":
            asyncio.run(aiokafka(servers, topic, codec, mode, records))
        case "confluent":
            confluent(servers, topic, codec, mode, records, partitioner)
        case "kafka-python":
            kafka_python(servers, topic, codec, mode, records)


if __name__ == "__main__":
    main()
