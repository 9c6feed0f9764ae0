"""Events that wait in fair.unresolved until the register has their code."""

from collections import Counter
from typing import Final

from producers.badges.reading import RegisterReader
from schemas.badges.waiting import WaitingBadges, take_waiting
from schemas.ids import BadgeRef
from schemas.settings import KafkaSettings
from schemas.topics import UNRESOLVED

WAIT_S: Final = 0.2


async def waiting_events(kafka: KafkaSettings) -> Counter[BadgeRef]:
    """Return how many events wait for each code now.

    Raises:
        Unavailable: Kafka does not answer, or the topic is missing or denied.
    """
    reader, waiting = RegisterReader(kafka, (UNRESOLVED,)), WaitingBadges()
    try:
        await reader.start({})
        ends = await reader.ends()
        while any(reader.positions[place] < end for place, end in ends.items()):
            for record in await reader.take(WAIT_S):
                take_waiting(waiting, record.key, record.value)
    finally:
        await reader.close()
    return Counter(waiting.values())
