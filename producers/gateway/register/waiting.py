"""The events that wait in fair.unresolved, as a gateway remembers those of its partitions: badges and offsets only.

Pure. It takes the records of a partition in their order. About 350 bytes each.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import jiter

from schemas.badges.reading import is_pseudonym

WAITING_MAX: Final = 200_000
"""Most events remembered, about 70 MB. With more, a gateway reads on when some are released or expire."""


@dataclass(slots=True)
class _Partition:
    """The events of one partition.

    Attributes:
        badges: by offset, in the order of the log, the badge that each event waits for.
        events: by badge, the offset of each event.
        next: the offset of the next record.
    """

    badges: dict[int, bytes] = field(default_factory=dict)
    events: dict[bytes, dict[bytes, int]] = field(default_factory=dict)
    next: int | None = None


class WaitingEvents:
    """Those of some partitions, by partition and badge.

    Args:
        most: most of them remembered.
    """

    def __init__(self, most: int = WAITING_MAX) -> None:
        self._most = most
        self._partitions: dict[int, _Partition] = {}
        self._line: deque[tuple[int, bytes]] = deque()
        """Badges in the order in which the register is asked; some may be gone by now."""

    def __len__(self) -> int:
        return sum(len(one.badges) for one in self._partitions.values())

    @property
    def is_full(self) -> bool:
        """Whether no more records should be taken for now."""
        return len(self) >= self._most

    @property
    def counts(self) -> dict[int, int]:
        """The number of waiting events of each partition."""
        return {partition: len(one.badges) for partition, one in self._partitions.items()}

    def begin(self, partitions: Iterable[int]) -> None:
        """Forget all, and know these partitions from now on."""
        self._partitions = {partition: _Partition() for partition in partitions}
        self._line.clear()

    def take(self, partition: int, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Take a record: an event that waits, or the mark that it was released. Any other counts for nothing.

        A second record of an event is the same event, posted again before the badge was registered.
        """
        one = self._partitions.get(partition)
        if one is None:
            return
        one.next = offset + 1
        read = _read(value)
        if read is None or not is_pseudonym((key or b"").decode("ascii", "replace")):
            return
        assert key is not None
        event, is_mark = read
        known = one.events.get(key)
        if is_mark:
            if known is not None and event in known:
                self._drop(one, key, event)
            return
        if known is None:
            known = one.events[key] = {}
            self._line.append((partition, key))
        if event not in known:
            known[event] = offset
            one.badges[offset] = key

    def ask(self, most: int) -> list[tuple[int, bytes]]:
        """Return the next badges of which the register is to be asked, each with its partition: all take turns."""
        asked: list[tuple[int, bytes]] = []
        for _ in range(min(most, len(self._line))):
            partition, badge = self._line.popleft()
            if self.offsets(partition, badge):
                asked.append((partition, badge))
                self._line.append((partition, badge))
        return asked

    def offsets(self, partition: int, badge: bytes) -> list[int]:
        """Return the offsets of the events that wait for a badge, in the order of the log."""
        one = self._partitions.get(partition)
        return [] if one is None else sorted(one.events.get(badge, {}).values())

    def drop(self, partition: int, offset: int) -> None:
        """Forget an event that was released, or is gone."""
        one = self._partitions.get(partition)
        if one is None or (badge := one.badges.get(offset)) is None:
            return
        for event, at in one.events[badge].items():
            if at == offset:
                self._drop(one, badge, event)
                return

    def begins(self) -> dict[int, int]:
        """Return from where each partition must be read again to know all that waits: its first waiting event."""
        return {
            partition: next(iter(one.badges), one.next)
            for partition, one in self._partitions.items()
            if one.next is not None
        }

    @staticmethod
    def _drop(one: _Partition, badge: bytes, event: bytes) -> None:
        known = one.events[badge]
        del one.badges[known.pop(event)]
        if not known:
            del one.events[badge]


def _read(value: bytes | None) -> tuple[bytes, bool] | None:
    """Return which event a record is about, and whether it is the mark of its release; None if it is neither."""
    try:
        said = jiter.from_json(value or b"")
        which = f"{said['terminal_id']}\0{said['event_id']}"
    except (ValueError, TypeError, KeyError):
        return None
    return blake2b(which.encode(), digest_size=12).digest(), "released_at" in said
