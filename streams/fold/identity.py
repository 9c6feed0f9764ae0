"""Event keys, by which copies of an event are recognised: terminal, topic and event id in one whole number."""

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.errors import MustStop
from schemas.topics import EVENT_TOPICS

EVENT_ID_BITS: Final = 128
TOPIC_BITS: Final = 6
TERMINAL_BITS: Final = 26
TERMINAL_SHIFT: Final = TOPIC_BITS + EVENT_ID_BITS

KEY_BYTES: Final = (TERMINAL_BITS + TOPIC_BITS + EVENT_ID_BITS) // 8
"""Bytes of an event key in the journal: 20."""

MOST_MEMBERS: Final = 2**TERMINAL_BITS
"""Most dense numbers in one partition. Terminals share them with persons and meetings, and are far fewer."""


def numbered(topics: Iterable[str]) -> Mapping[str, int]:
    """Return the number that stands for each topic in keys: its place in the list. The fingerprint covers them.

    Raises:
        MustStop: there are more topics than a key has room for.
    """
    numbers = {topic: number for number, topic in enumerate(topics)}
    if len(numbers) > 2**TOPIC_BITS:
        raise MustStop(
            f"{len(numbers)} event topics do not fit into the {TOPIC_BITS} bits that an event key has for them",
            hint="raise TOPIC_BITS in streams/fold/identity.py; workers then fold the fair again",
        )
    return numbers


TOPIC_NUMBERS: Final = numbered(topic.name for topic in EVENT_TOPICS)


def check_members(count: int) -> None:
    """Raise MustStop if a partition has more members than the terminal's part of a key can number."""
    if count > MOST_MEMBERS:
        raise MustStop(
            f"a partition has more than {MOST_MEMBERS:,} persons, terminals and meetings: event keys have no room",
            hint="give the fair more partitions, or raise TERMINAL_BITS in streams/fold/identity.py; "
            "workers then fold the fair again",
        )
