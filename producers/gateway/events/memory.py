"""Events accepted recently: used to answer `duplicate`, and to find two events with one id.

It can miss duplicates: after a restart, at another gateway, or of old events. The stream decides what is a duplicate.
"""

from collections import OrderedDict
from enum import Enum, auto
from hashlib import blake2b


class Look(Enum):
    """What is known of an event."""

    NEW = auto()
    """Nothing, or that it was tried and its outcome is unknown: store it."""
    DUPLICATE = auto()
    """The same event is in Kafka."""
    CONFLICT = auto()
    """Another event has this id."""


class Remembered:
    """The newest events by terminal and id, bounded: about 250 bytes each.

    Args:
        most: most events remembered; the least recently used one is dropped first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[bytes, tuple[bytes, bool]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def look(self, key: bytes, content: bytes) -> Look:
        """Return what is known of the event, and remember that it was tried."""
        known = self._known.get(key)
        if known is None:
            self._known[key] = (content, False)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
            return Look.NEW
        self._known.move_to_end(key)
        if known[0] != content:
            return Look.CONFLICT
        return Look.DUPLICATE if known[1] else Look.NEW

    def confirm(self, key: bytes, content: bytes) -> None:
        """Remember that Kafka has the event."""
        self._known[key] = (content, True)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


def digest(data: bytes) -> bytes:
    """Return a 16-byte hash of the data."""
    return blake2b(data, digest_size=16).digest()
