"""The events that wait for a registration: they are in no number, so an audit says how many there are."""

import asyncio
from contextlib import aclosing
from typing import NamedTuple

from schemas.badges.waiting import WaitingBadges, take_waiting
from schemas.settings import KafkaSettings
from schemas.topics import UNRESOLVED
from streams.history.reading import Span, reading


class Waits(NamedTuple):
    """How many events wait, and for how many badges."""

    events: int
    badges: int

    @property
    def line(self) -> str:
        """Both in words, for the report."""
        if not self.events:
            return "no event waits for a registration"
        events = "1 event waits" if self.events == 1 else f"{self.events:,} events wait"
        badges = "1 badge" if self.badges == 1 else f"{self.badges:,} badges"
        return f"{events} for the registration of {badges}, and no number has them: `fairpulse badges import FILE`"


def waits_of(waiting: WaitingBadges) -> Waits:
    """Return the numbers of events and of badges."""
    return Waits(len(waiting), len(set(waiting.values())))


def waits_now(kafka: KafkaSettings) -> Waits:
    """Return what waits in Kafka now.

    Raises:
        Unavailable: Kafka does not answer, or the topic is missing or denied.
    """
    return asyncio.run(_read(kafka))


async def _read(kafka: KafkaSettings) -> Waits:
    waiting = WaitingBadges()
    async with reading(kafka, (UNRESOLVED.name,), Span()) as reader, aclosing(reader.batches()) as batches:
        async for batch in batches:
            for one in batch:
                take_waiting(waiting, one.key, one.value)
    return waits_of(waiting)
