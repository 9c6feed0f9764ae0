"""The sequence numbers of a terminal's accepted events: which are missing, and which two events have."""

from dataclasses import dataclass, field

BLOCK = 512
"""Numbers that share one bitmap. A terminal counts up by one, so a number takes about a bit."""


@dataclass(slots=True)
class Numbering:
    """The numbers that one terminal used in one epoch.

    Attributes:
        events: how many accepted events have a number.
        lowest, highest: of the numbers; 0 and -1 before the first one.
    """

    events: int = 0
    lowest: int = 0
    highest: int = -1
    _used: dict[int, int] = field(default_factory=dict)
    _again: dict[int, int] = field(default_factory=dict)

    def __contains__(self, number: int) -> bool:
        """Return whether an event has this number."""
        return bool(self._used.get(number // BLOCK, 0) & 1 << number % BLOCK)

    def add(self, number: int) -> None:
        """Add the number of a new event."""
        block, bit = number // BLOCK, 1 << number % BLOCK
        used = self._used.get(block, 0)
        if used & bit:
            self._again[block] = self._again.get(block, 0) | bit
        self._used[block] = used | bit
        self.lowest = number if self.events == 0 else min(self.lowest, number)
        self.highest = max(self.highest, number)
        self.events += 1

    @property
    def missing(self) -> int:
        """How many numbers between the lowest and the highest no event has: lost, refused or still on their way."""
        return self.highest - self.lowest + 1 - _bits(self._used)

    @property
    def used_twice(self) -> int:
        """How many numbers two or more events have."""
        return _bits(self._again)


def _bits(blocks: dict[int, int]) -> int:
    return sum(bits.bit_count() for bits in blocks.values())
