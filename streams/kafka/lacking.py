"""Which records of event topics are gone at their beginning, and in a recording neither."""

from collections import Counter
from collections.abc import Mapping

from schemas.recording.reader import Recording
from schemas.topics import EVENT_TOPICS, PartitionPlace, place_text
from streams.kafka.logs import Extent


def lacking_heads(
    recording: Recording, extents: Mapping[PartitionPlace, Extent], *, part: bool
) -> dict[PartitionPlace, int]:
    """Return how many of the first offsets of each log neither Kafka nor a recording has; no zeros.

    A recording that was made live holds all that was there from its first offset of a log to its last one. Of an
    imported one, each record counts.

    Args:
        recording: a whole one.
        extents: of the partitions of the event topics that exist.
        part: whether the recording may be of a part: then logs that are gone or empty began where it begins, as after
            an interruption.
    """
    live = {name for name, known in recording.header.topics.items() if known.partitions}
    held = {
        (topic.name, number): offsets
        for topic in EVENT_TOPICS
        if (known := recording.header.topics.get(topic.name)) is not None
        for number, offsets in known.offsets.items()
    }
    below = Counter(
        place
        for one in recording.records()
        if (extent := extents.get(place := (one.topic, one.partition))) is not None and one.offset < extent.first
    )
    lacking: dict[PartitionPlace, int] = {}
    for place in sorted({*extents, *held}):
        begins, last = held.get(place, (0, -1))
        extent = extents.get(place)
        if extent is None or extent.end == 0:
            many = begins if part else 0
        elif place[0] in live:
            many = extent.first - max(0, min(last + 1, extent.first) - begins)
        else:
            many = extent.first - below[place]
        if many:
            lacking[place] = many
    return lacking


def lacking_text(lacking: Mapping[PartitionPlace, int]) -> str:
    """Return in words which records those are; `lacking` as `lacking_heads` gives it, not empty."""
    place, many = next(iter(lacking.items()))
    others = "" if len(lacking) == 1 else f" and {sum(lacking.values()) - many:,} of {len(lacking) - 1} more partitions"
    return f"the first {many:,} offsets of {place_text(place)}{others}"
