"""Compares the topics in Kafka with their declarations, again and again.

While one is wrong, an event that the gateway acknowledged might be lost or never be counted. So no event is taken, and
terminals keep theirs.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from producers.topics import TopicInspector
from schemas.errors import FairpulseError, Unavailable
from schemas.logs import logger
from schemas.settings import KafkaSettings
from schemas.times import wall_ms
from schemas.topic_findings import TopicFinding
from schemas.topics import RECORDED_TOPICS, Topic

log = logger(__name__)

LOOK_S: Final = 10.0
"""Pause between two looks."""
WRONG_S: Final = 2.0
"""The same while a topic is wrong, so that the gateway is soon ready after it was corrected."""
TELL_S: Final = 60.0
"""Pause before the log repeats what is wrong."""


class TopicWatch:
    """Knows what is wrong with the topics that a gateway relies on.

    Args:
        kafka: where the brokers are, and who we are.
        topics: their declarations.

    Attributes:
        findings: of the last look that Kafka answered, those first that keep events from being taken. While Kafka is
            away they stay as they are.
        checked_at: when that look was, s since 1970; None before the first one.
    """

    def __init__(self, kafka: KafkaSettings, topics: Iterable[Topic] = RECORDED_TOPICS) -> None:
        self.findings: tuple[TopicFinding, ...] = ()
        self.checked_at: float | None = None
        self._topics = tuple(topics)
        self._inspector = TopicInspector(kafka)
        self._one_at_a_time = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._is_blind = False
        self._told: tuple[tuple[TopicFinding, ...], float] = (), float("-inf")
        self._told_denied = False

    @property
    def wrong(self) -> TopicFinding | None:
        """The first finding that keeps events from being taken; None if there is none."""
        return self.findings[0] if self.findings and self.findings[0].severity == "wrong" else None

    async def look(self) -> bool:
        """Look now; return whether Kafka has ever answered. A look that fails changes nothing."""
        async with self._one_at_a_time:
            try:
                self.findings = tuple(await self._inspector.look(self._topics))
            except (KafkaError, OSError, TimeoutError, FairpulseError) as error:
                if not self._is_blind:
                    log.warning("the topics cannot be looked at; it is tried again", error=error)
                self._is_blind = True
            else:
                self.checked_at, self._is_blind = wall_ms() / 1_000, False
                self._tell()
        return self.checked_at is not None

    def look_soon(self) -> None:
        """Let `watch` look at once."""
        self._wanted.set()

    async def watch(self) -> None:
        """Keep looking, for ever."""
        try:
            while True:
                await self.look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S if self.wrong is None else WRONG_S):
                        await self._wanted.wait()
                self._wanted.clear()
        finally:
            await self.close()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._inspector.close()

    def _tell(self) -> None:
        """Log what is new, and what is wrong again after `TELL_S`."""
        if (denied := self._inspector.denied) is not None and not self._told_denied:
            log.warning("the settings of topics cannot be checked, only their numbers of partitions", error=denied)
        self._told_denied = denied is not None
        now_s = asyncio.get_running_loop().time()
        before, told_at = self._told
        again = now_s - told_at >= TELL_S
        if self.findings == before and not (again and self.wrong):
            return
        for one in self.findings:
            if one.severity == "wrong" and (again or one not in before):
                log.error("no event is taken while a topic is wrong", error=_as_error(one))
            elif one.severity == "risk" and one not in before:
                log.warning("a topic is at risk", error=_as_error(one))
        if any(one.severity == "wrong" for one in before) and self.wrong is None:
            log.info("the topics are right again")
        self._told = self.findings, now_s


def _as_error(one: TopicFinding) -> Unavailable:
    return Unavailable(one.message, hint=one.cure)
