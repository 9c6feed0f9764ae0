"""By how many partitions do the events of a recording lie? Its header knows only how many there were.

A topic that got more partitions holds older events that lie by the old number. Judged by the new one most of them would
be refused, although a replay into Kafka counts them all. So where another number fits better, none is judged.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from schemas.recording.reader import Recording
from schemas.topics import EVENT_TOPICS, named_key, partitioner_of

LOOKED_AT: Final = 5_000
"""Records at the beginning of a recording that are looked at."""
FEWEST_KEYS: Final = 30
"""Fewer keys than this prove nothing: a few events may have been sent by a program that chooses in another way.

They only confirm what those of another topic prove.
"""
MOST_KEYS: Final = 150
MOST_PARTITIONS: Final = 256
FITTING: Final = 3
"""A number of partitions fits if at most one key in this many lies elsewhere."""


def placed_by(recording: Recording) -> Mapping[str, int]:
    """Return by how many partitions the events of each topic lie; 0 where that is unknown, or not the header's number.

    Raises:
        InvalidRecording: the file is damaged.
    """
    counts = recording.header.partitions
    places: dict[str, set[tuple[bytes, int]]] = {topic.name: set() for topic in EVENT_TOPICS if counts.get(topic.name)}
    for one in islice(recording.records(), LOOKED_AT):
        held = places.get(one.topic)
        if held is not None and len(held) < MOST_KEYS and (key := named_key(one.topic, one.value)) is not None:
            held.add((key, one.partition))
    misfit = {name: held for name, held in places.items() if held and not _fits(name, held, counts[name])}
    others = {
        number
        for name, held in misfit.items()
        if len(held) >= FEWEST_KEYS
        for number in range(1, MOST_PARTITIONS + 1)
        if _fits(name, held, number)
    }
    return counts | {name: 0 for name, held in misfit.items() if any(_fits(name, held, number) for number in others)}


def _fits(topic: str, places: set[tuple[bytes, int]], partitions: int) -> bool:
    """Return whether keys lie where this number of partitions puts them, but for some."""
    choose = partitioner_of(topic).choose
    astray = sum(choose(key, partitions, None) != partition for key, partition in places)
    return astray * FITTING <= len(places)
