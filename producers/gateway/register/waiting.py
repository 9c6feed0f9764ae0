"""The events that wait in fair.unresolved, as a gateway remembers those of its partitions: badges and offsets only.

Pure. It takes the records of a partition in their order. About 350 bytes each.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from schemas.badges.reading import is_pseudonym
from schemas.badges.register import waiting_event

WAITING_MAX: Final = 200_000
"""Most events remembered, about 80 MB. With more, those that wait the longest are forgotten, and read again later."""
ROOM: Final = 10
"""The part of them that is forgotten at once: a tenth."""


@dataclass(slots=True)
class _Partition:
    """The events of one partition.

    Attributes:
        badges: by offset, the badge that each event waits for.
        events: by badge and event, the offsets of its records: they may say different things, and none may be lost.
        line: badges in the order in which the register is asked; some may be gone by now.
        next: the offset of the next record.
        again: from where to read again, because events there were forgotten; None if none was.
    """

    badges: dict[int, bytes] = field(default_factory=dict)
    events: dict[bytes, dict[bytes, tuple[int, ...]]] = field(default_factory=dict)
    line: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    next: int | None = None
    again: int | None = None


class WaitingEvents:
    """Those of some partitions, by partition and badge.

    Args:
        most: most of them remembered.
    """

    def __init__(self, most: int = WAITING_MAX) -> None:
        self._most = most
        self._partitions: dict[int, _Partition] = {}
        self._turns: deque[int] = deque()
        """The partitions in the order in which they are asked about."""

    def __len__(self) -> int:
        return sum(len(one.badges) for one in self._partitions.values())

    @property
    def counts(self) -> dict[int, int]:
        """The number of waiting events of each partition."""
        return {partition: len(one.badges) for partition, one in self._partitions.items()}

    def begin(self, partitions: Iterable[int]) -> None:
        """Forget all, and know these partitions from now on."""
        self._partitions = {partition: _Partition() for partition in partitions}
        self._turns = deque(self._partitions)

    def take(self, partition: int, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Take a record: an event that waits, or the mark that it was released. Any other counts for nothing.

        A mark is about the records before it. A record that is known already may be taken again.
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
            for at in () if known is None else known.get(event, ()):
                if at < offset:
                    self._drop(one, key, event, at)
            return
        if offset in one.badges:
            return
        if known is None:
            known = one.events[key] = {}
            one.line[key] = None
            one.line.move_to_end(key, last=False)  # asked about at once: it may be forgotten soon
        known[event] = (*known.get(event, ()), offset)
        one.badges[offset] = key

    def ask(self, most: int) -> list[tuple[int, bytes]]:
        """Return the next badges of which the register is to be asked, each with its partition: all take turns.

        They are of as few partitions as possible, so that the events of one are read in one go.
        """
        asked: list[tuple[int, bytes]] = []
        for _ in range(len(self._turns)):
            partition = self._turns[0]
            self._turns.rotate(-1)
            line = self._partitions[partition].line
            turn = min(most, len(line))
            for _ in range(turn):
                badge, _ = line.popitem(last=False)
                if self.offsets(partition, badge):
                    asked.append((partition, badge))
                    line[badge] = None
            most -= turn
            if most <= 0:
                break
        return asked

    def offsets(self, partition: int, badge: bytes) -> list[int]:
        """Return the offsets of the events that wait for a badge, in the order of the log."""
        one = self._partitions.get(partition)
        return [] if one is None else sorted(at for offsets in one.events.get(badge, {}).values() for at in offsets)

    def drop(self, partition: int, offset: int) -> None:
        """Forget an event that was released, or is gone."""
        one = self._partitions.get(partition)
        if one is None or (badge := one.badges.get(offset)) is None:
            return
        for event, offsets in one.events[badge].items():
            if offset in offsets:
                self._drop(one, badge, event, offset)
                return

    def make_room(self) -> int:
        """Forget those that wait the longest, if there are too many; return how many. They must be read again."""
        dropped = 0
        while len(self) > self._most:
            partition, one = max(self._partitions.items(), key=lambda item: len(item[1].badges))
            oldest = sorted(one.badges)[: max(1, self._most // ROOM)]
            one.again = oldest[0] if one.again is None else min(one.again, oldest[0])
            for offset in oldest:
                self.drop(partition, offset)
            dropped += len(oldest)
        return dropped

    def read_again(self) -> dict[int, int]:
        """Return from where to read partitions again, because events were forgotten. The caller does it."""
        found = {partition: one.again for partition, one in self._partitions.items() if one.again is not None}
        for partition, offset in found.items():
            self._partitions[partition].next, self._partitions[partition].again = offset, None
        return found

    def begins(self) -> dict[int, int]:
        """Return from where each partition must be read again to know all that waits: its first waiting event."""
        return {
            partition: min(
                one.next if one.again is None else min(one.again, one.next), min(one.badges, default=one.next)
            )
            for partition, one in self._partitions.items()
            if one.next is not None
        }

    @staticmethod
    def _drop(one: _Partition, badge: bytes, event: bytes, offset: int) -> None:
        known = one.events[badge]
        del one.badges[offset]
        left = tuple(at for at in known.pop(event) if at != offset)
        if left:
            known[event] = left
        if not known:
            del one.events[badge]


def _read(value: bytes | None) -> tuple[bytes, bool] | None:
    """Return which event a record is about, and whether it is the mark of its release; None if it is neither."""
    read = waiting_event(value)
    if read is None:
        return None
    (terminal_id, event_id), is_mark = read
    return blake2b(f"{terminal_id}\0{event_id}".encode(), digest_size=12).digest(), is_mark
