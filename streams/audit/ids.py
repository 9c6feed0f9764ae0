"""Findings of an audit about event ids: one id names one event, and a producer that gives it to two is told.

A worker sees a partition by itself, so it counts both events if their badges are in different partitions. The recount
sees all partitions, and counts the first. Neither number is right: nobody can say which of the two happened.
"""

from collections.abc import Iterator
from typing import Final

from schemas.topics import place_text
from streams.audit.recount.oracle import Oracle

MOST_LINES: Final = 20
"""Most ids that a report names."""

OF_ITS_OWN: Final = "give each event an id of its own"


def ids_of_two(oracle: Oracle) -> Iterator[tuple[str, str, str]]:
    """Yield terminal, event id and places of each id that stands for two events, in order."""
    for (topic, terminal, event_id), partitions in sorted(oracle.two_keys.items()):
        yield terminal, event_id, " and ".join(place_text((topic, partition)) for partition in sorted(partitions))


def id_lines(oracle: Oracle) -> list[str]:
    """Return a line for every id that stands for two events, with the remedy; empty if there is none."""
    lines = [
        f"terminal {terminal}: the id {event_id} stands for events in {places}, each in the partition of its own key, "
        f"so workers count both and the recount one; in the program that sends as this terminal, {OF_ITS_OWN}"
        for terminal, event_id, places in ids_of_two(oracle)
    ]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"... and {len(lines) - MOST_LINES:,} more ids that stand for two events"]
    return lines
