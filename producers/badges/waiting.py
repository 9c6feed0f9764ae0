"""Events that wait in fair.unresolved until the register has their code."""

from collections import Counter
from typing import Final

from producers.badges.reading import RegisterReader
from schemas.badges.register import waiting_event
from schemas.ids import BadgeRef
from schemas.settings import KafkaSettings
from schemas.topics import UNRESOLVED

WAIT_S: Final = 0.2

WaitingBadges = dict[tuple[str, str], BadgeRef]
"""The hash of the code that each event waits for, by its terminal and its id."""


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


def take_waiting(waiting: WaitingBadges, key: bytes | None, value: bytes | None) -> None:
    """Take a record: an event that waits, or the mark that it was released. Others count for nothing."""
    read = waiting_event(value)
    if read is None:
        return
    which, is_mark = read
    if is_mark:
        waiting.pop(which, None)
    else:
        waiting[which] = (key or b"").decode("ascii", "replace")
