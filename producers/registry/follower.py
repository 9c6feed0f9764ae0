"""Keeps a gateway's registry file up to date with the topic."""

import asyncio
from pathlib import Path
from typing import Final

from producers.registry.sharing import Noted, catch_up
from producers.registry.topic import TerminalsTopic
from schemas.errors import Unavailable
from schemas.settings import KafkaSettings

ROUND_S: Final = 15.0
"""How long one look at the topic may take, whatever Kafka does; a large one to read takes seconds."""


class Follower:
    """Looks into the topic when it is asked to, over one connection for as long as that works.

    Args:
        kafka: where the topic is.
        path: the registry file.
        noted: called for each record that does not count.
    """

    def __init__(self, kafka: KafkaSettings, path: Path, noted: Noted = lambda _: None) -> None:
        self.kafka, self._path, self._noted = kafka, path, noted
        self._topic: TerminalsTopic | None = None

    async def catch_up(self) -> None:
        """Take all that the topic has into the file.

        Raises:
            Unavailable: Kafka or the file cannot be used, or they do not fit together; the error says what to do.
        """
        try:
            async with asyncio.timeout(ROUND_S):
                if self._topic is None:
                    self._topic = TerminalsTopic(self.kafka)
                    await self._topic.start()
                await catch_up(self._topic, self._path, self._noted)
        except TimeoutError:
            await self.close()
            raise Unavailable(
                f"the topic could not be read within {ROUND_S:g} s", hint="see whether Kafka is slow"
            ) from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the connection."""
        topic, self._topic = self._topic, None
        if topic is not None:
            await topic.close()
