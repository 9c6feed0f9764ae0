"""Producers of other teams: another partitioner, no keys, codecs, transactions that are aborted or not ended."""

import asyncio
from collections.abc import Sequence
from zlib import crc32

from aiokafka import AIOKafkaProducer

from producers.records import RawRecord
from schemas.kafka_access import client_arguments
from schemas.topics import EVENT_TOPICS
from tests.campaign.curing import cured, redrive
from tests.campaign.faults import Seen
from tests.campaign.hands import produce, renamed
from tests.campaign.settings_faults import CODECS
from tests.campaign.stage import Scene
from tests.campaign.workloads import PARTITIONS

STRANGERS = 80
"""Records that the other producer sends."""

Strange = tuple[str, int | None, bytes | None, bytes]


def drawn(scene: Scene) -> list[RawRecord]:
    """Return other events of the same day."""
    names = {topic.name for topic in EVENT_TOPICS}
    drawn_ones = scene.chance.choices([one for one in scene.workload.records if one.topic in names], k=STRANGERS)
    return [one._replace(value=renamed(one.value or b"", scene.chance)) for one in drawn_ones]


def misplaced(scene: Scene) -> Seen:
    """Send events with the default partitioner of librdkafka (CRC-32), or without keys."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    keyless = scene.chance.random() < 0.4
    sent: list[Strange] = [
        (one.topic, scene.chance.randrange(PARTITIONS), None, one.value or b"")
        if keyless
        else (one.topic, crc32(one.key or b"") % PARTITIONS, one.key, one.value or b"")
        for one in drawn(scene)
    ]
    scene.said_before = (scene.directory / "workers.log").stat().st_size
    produce(scene.cluster.settings, sent)
    what, problem = cured(scene, redrive)
    return Seen(what=f"{STRANGERS} events {'without keys' if keyless else 'placed by CRC-32'}; {what}", problem=problem)


def codecs(scene: Scene) -> Seen:
    """Send events in batches of every codec: all of them count."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    for codec in CODECS:
        batch: list[Strange] = [(one.topic, None, one.key, one.value or b"") for one in drawn(scene)]
        produce(scene.cluster.settings, batch, compression_type=codec, linger_ms=20)
    return Seen(what=f"{STRANGERS} events with each of {', '.join(CODECS)}")


def transactions(scene: Scene) -> Seen:
    """Send events in transactions: one is committed, one aborted at once, and one only after it stayed open."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    asyncio.run(_in_transactions(scene, [drawn(scene) for _ in range(3)], scene.chance.uniform(4, 8)))
    return Seen(what="transactions committed, aborted, and left open for seconds")


async def _in_transactions(scene: Scene, parts: Sequence[Sequence[RawRecord]], open_s: float) -> None:
    producer = AIOKafkaProducer(
        **client_arguments(scene.cluster.settings),
        transactional_id=scene.directory.name,
        transaction_timeout_ms=60_000,
    )
    await producer.start()
    try:
        for part, is_committed, pause_s in zip(parts, (True, False, False), (0.0, 0.0, open_s), strict=True):
            await producer.begin_transaction()
            for one in part:
                await producer.send(one.topic, one.value, one.key)
            await producer.flush()
            await asyncio.sleep(pause_s)
            await (producer.commit_transaction() if is_committed else producer.abort_transaction())
    finally:
        await producer.stop()
