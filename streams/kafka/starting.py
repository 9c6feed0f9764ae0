"""Before a worker starts: are the topics as they are declared? Those that are missing are made."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient

from schemas.cures import CREATE, FOLD_ANEW
from schemas.errors import MustStop
from schemas.kafka_topics import look_at_topics, must_be_right
from schemas.logs import logger
from schemas.settings import KafkaSettings
from schemas.topic_findings import MISSING, PARTITIONS, TopicFinding
from schemas.topics import RECORDED_TOPICS, Topic
from streams.kafka.fairs import is_journal_of
from streams.kafka.judgement import cure_for, evidence_of, judged
from streams.kafka.topics import SEEN_EVERY_S, SEEN_WITHIN_S, admin, ensure_topics

log = logger(__name__)


async def refuse_wrong_topics(kafka: KafkaSettings, fair_id: str, journal: Topic) -> None:
    """Compare the worker's topics with their declarations, and make those that are missing.

    Args:
        kafka: how to reach it, and how many partitions and copies there should be.
        fair_id: of the worker's fair.
        journal: of the worker's state.

    Raises:
        MustStop: one of them is wrong; it names the one cure.
        Unavailable: no broker answers, or it refuses to create a topic or to tell its settings.
    """
    topics = (*RECORDED_TOPICS, journal)
    async with admin(kafka) as client:
        found = [one for one in await look_at_topics(client, kafka, topics) if one.cure != CREATE]  # that is done below
        must_be_right(await judged(kafka, fair_id, found))
        await _refuse_other_counts(client, kafka, fair_id)
        for name in await ensure_topics(kafka, topics, fair_id):
            log.info("topic created", topic=name, partitions=kafka.partitions)
        found = await look_at_topics(client, kafka, topics)
        deadline = asyncio.get_running_loop().time() + SEEN_WITHIN_S
        while any(one.setting == MISSING for one in found) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(SEEN_EVERY_S)
            found = await look_at_topics(client, kafka, topics)
    must_be_right(await judged(kafka, fair_id, found))
    for one in found:
        log.warning("a topic is not as it should be", finding=one.message, severity=one.severity, cure=one.cure)


async def _refuse_other_counts(client: AIOKafkaAdminClient, kafka: KafkaSettings, fair_id: str) -> None:
    """Raise MustStop if another journal of the fair shows that its events lie by another number of partitions."""
    if all(not is_journal_of(name, fair_id) for name in await client.list_topics()):
        return
    evidence = await evidence_of(client, kafka, fair_id)
    for name, count in sorted(evidence.journals.items()):
        if count != kafka.partitions and (cure := cure_for(name, evidence)) != FOLD_ANEW:
            what = f"has {count} partitions, not {kafka.partitions}"
            raise MustStop(TopicFinding(name, PARTITIONS, what, cure).message, hint=cure)
