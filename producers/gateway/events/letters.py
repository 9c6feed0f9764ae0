"""Dead letters that Kafka has: the same refusal of the same event, posted again, writes no second one."""

from collections.abc import Iterable, Sequence
from typing import Final

from producers.gateway.events.memory import Look, Remembered, digest
from producers.records import RawRecord
from schemas.topics import REJECTED

LETTERS_MAX: Final = 20_000
"""Most letters remembered, about 250 bytes each. One that is forgotten is written again, with the same key."""


class Letters:
    """The keys of the dead letters that were written recently.

    Args:
        most: most letters remembered; the least recently used one is dropped first.
    """

    def __init__(self, most: int = LETTERS_MAX) -> None:
        self._memory = Remembered(most)

    def missing(self, records: Sequence[RawRecord]) -> Sequence[RawRecord]:
        """Return the records without those dead letters that Kafka is known to have, and each key only once.

        A letter that was sent and not acknowledged is missing: its terminal must not be told that it is kept.
        """
        if all(record.topic != REJECTED.name for record in records):
            return records
        seen: set[bytes] = set()
        found: list[RawRecord] = []
        for record in records:
            if record.topic == REJECTED.name:
                if record.key in seen or self._memory.look(digest(record.key), b"") is Look.DUPLICATE:
                    continue
                seen.add(record.key)
            found.append(record)
        return found

    def confirm(self, records: Iterable[RawRecord]) -> None:
        """Remember that Kafka has acknowledged the dead letters among some records."""
        for record in records:
            if record.topic == REJECTED.name:
                self._memory.confirm(digest(record.key), b"")
