"""Looks at topics in Kafka over an admin connection of its own, for the gateway and the registry."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from schemas.errors import Refused
from schemas.kafka_access import client_arguments
from schemas.kafka_reach import connect_whole, reaches_a_broker
from schemas.kafka_topics import look_at_topics
from schemas.settings import KafkaSettings
from schemas.topic_findings import TopicFinding
from schemas.topics import Topic

ANSWER_S: Final = 5.0
"""How long a look may take, with its connection."""
CLOSE_S: Final = 1.0
"""How long a connection may take to close."""


class TopicInspector:
    """Says what is wrong with topics. After an error it connects anew.

    Args:
        kafka: where the brokers are, and who we are.

    Attributes:
        denied: why the last look did not see the settings of a topic; None if it did. Numbers of partitions and copies
            are seen all the same: rules of an older version lack the right to see settings.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self.denied: Refused | None = None
        self._kafka = kafka
        self._client: AIOKafkaAdminClient | None = None

    async def look(self, topics: Iterable[Topic]) -> list[TopicFinding]:
        """Return what is wrong with topics now, as `look_at_topics`.

        Raises:
            KafkaError: Kafka does not answer as it should. So do OSError and TimeoutError.
            Unavailable: the right Describe is missing.
            InvalidSettings: the password cannot be read.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                client, denied = self._client or await self._connect(), list[Refused]()
                found = await look_at_topics(client, self._kafka, topics, denied)
                self.denied = next(iter(denied), None)
                return found
        except BaseException:
            await self.close()
            raise

    async def _connect(self) -> AIOKafkaAdminClient:
        client = self._client = AIOKafkaAdminClient(
            **client_arguments(self._kafka), client_id="fairpulse-topics", request_timeout_ms=int(ANSWER_S * 1_000)
        )
        await connect_whole(client.start())
        if not await reaches_a_broker(client._client):  # noqa: SLF001 - a request would wait for one
            raise KafkaConnectionError("no advertised address can be reached")
        return client

    async def close(self) -> None:
        """Let go of the connection, whether or not a broker answers."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await client.close()
