"""Is an event in its own partition? A badge, a deal or a terminal has one state only if all its events share one.

The record's key is not looked at: an event without one, or with another one, counts if it is where it belongs.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Final

from schemas.cures import REDRIVE
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.topics import EVENT_TOPICS, Topic, key_as_text
from schemas.wire import MISPLACED, REASONS

MOST_KEYS: Final = 262_144
"""Most keys whose partition is remembered: 10 MB beside the keys, which the state holds too. Then all are forgotten."""


class Home:
    """Where the events of a topic belong. Called with an event, it returns the number of the event's partition.

    Args:
        topic: the topic.
        partitions: how many it has.
        remembered: the partitions of keys, shared with other topics of as many partitions.
    """

    def __init__(self, topic: Topic, partitions: int, remembered: dict[str, int]) -> None:
        self._usual: Callable[[Event], str | None] = attrgetter(topic.key[0])
        self._choose, self._partitions, self._remembered = topic.partitioner.choose, partitions, remembered

    def __call__(self, event: Event) -> int:
        """Return the number of the partition that an event belongs to."""
        key = self._usual(event)
        if key is None:
            key = key_as_text(event)
        number = self._remembered.get(key)
        if number is None:
            if len(self._remembered) >= MOST_KEYS:
                self._remembered.clear()
            number = self._remembered[key] = self._choose(key.encode(), self._partitions, None)
        return number

    def refusal(self, event: Event, partition: int) -> InvalidEvent | None:
        """Return why an event that is in this partition is refused; None if it is at home."""
        home = self(event)
        if home == partition:
            return None
        return InvalidEvent(
            MISPLACED,
            f"{REASONS[MISPLACED]}: it is in partition {partition} and belongs to partition {home}",
            hint=REDRIVE,
        )


def homes(partitions: Mapping[str, int]) -> Mapping[str, Home]:
    """Return for each event topic the function that tells where its events belong.

    Topics share what is remembered of a key, since scans and interactions have the same badges.

    Args:
        partitions: how many each topic has. A topic that is missing or has 0 cannot be judged, and is left out.
    """
    remembered: dict[int, dict[str, int]] = {}
    return {
        topic.name: Home(topic, count, remembered.setdefault(count, {}))
        for topic in EVENT_TOPICS
        if (count := partitions.get(topic.name, 0))
    }
