"""Asks again and again whether topics are as they are declared, over one connection."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from schemas.errors import Refused
from schemas.kafka_topics import look_at_topics
from schemas.logs import logger
from schemas.settings import KafkaSettings
from schemas.topic_findings import TopicFinding
from schemas.topics import Topic
from streams.kafka.topics import admin

log = logger(__name__)

TopicLook = Callable[[], Awaitable[list[TopicFinding]]]
"""Returns what is wrong with some topics now."""


@asynccontextmanager
async def topic_look(
    kafka: KafkaSettings, topics: Sequence[Topic], *, counts_at_least: bool = False
) -> AsyncIterator[TopicLook]:
    """Open a connection for looks at some topics.

    Args:
        kafka: where the brokers are, and who we are.
        topics: their declarations.
        counts_at_least: if the settings may not be asked for, say so in the log, and look at the partitions alone.

    Raises:
        Unavailable: no broker answers.
    """
    told = False
    async with admin(kafka) as client:

        async def look() -> list[TopicFinding]:
            nonlocal told
            denied: list[Refused] | None = [] if counts_at_least else None
            found = await look_at_topics(client, kafka, topics, denied)
            if denied and not told:
                log.warning(
                    "the settings of topics cannot be checked, only their numbers of partitions", error=denied[0]
                )
            told = bool(denied)
            return found

        yield look
