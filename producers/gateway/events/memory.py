"""Events accepted recently: used to answer `duplicate`, and to find two events with one id.

It can miss duplicates: after a restart, at another gateway, or of old events. The stream decides what is a duplicate.
"""

from collections import OrderedDict
from collections.abc import Mapping
from enum import Enum, auto
from hashlib import blake2b
from typing import Final, NamedTuple

DOUBT_S: Final = 30.0
"""How long an event counts as perhaps stored after its delivery ended without an answer.

Its producer is retired then, and writes for at most `STOP_S` more, so 30 s leave room for a slow broker. After that the
event is stored or never will be, but nobody here knows which. Then another event with its id is taken like any: of two
that are stored, the workers count the first. Without this end, an id whose sender never returns would be refused for
ever."""


class Look(Enum):
    """What is known of an event."""

    NEW = auto()
    """Kafka is not known to have any event with this id: store it."""
    DUPLICATE = auto()
    """The same event is in Kafka."""
    CONFLICT = auto()
    """Another event with this id is in Kafka."""


class IdInDoubt(Exception):
    """Another event has one of the ids, and may still be stored: nobody can say yet which of the two counts."""


class _Tried(NamedTuple):
    """An event that Kafka may have.

    Attributes:
        deliveries: how many of it are under way.
        doubt_until_s: when it is forgotten, unless it is under way; 0 if no delivery ended without an answer.
    """

    content: bytes
    deliveries: int = 0
    doubt_until_s: float = 0.0


class Remembered:
    """The newest events by terminal and id, bounded: about 250 bytes each.

    An event stands once Kafka has confirmed it, and only then is another one with its id a conflict. While it is tried,
    another one must wait (`begin`).

    Args:
        most: most events remembered; the least recently used one is dropped first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[bytes, bytes | _Tried] = OrderedDict()
        """The content of each event that Kafka has, or what is known of one that was tried."""

    def __len__(self) -> int:
        return len(self._known)

    def look(self, key: bytes, content: bytes) -> Look:
        """Return what is known of the event."""
        known = self._known.get(key)
        if not isinstance(known, bytes):
            return Look.NEW
        self._known.move_to_end(key)
        return Look.DUPLICATE if known == content else Look.CONFLICT

    def begin(self, events: Mapping[bytes, bytes], now_s: float) -> None:
        """Remember that events are about to be stored, all of them or none.

        Args:
            events: content by key. Each `begin` is followed by `confirm`, `forget` or `doubt` of the same events.
            now_s: by a clock that never goes back.

        Raises:
            IdInDoubt: another event with one of the keys is under way or in doubt, or was confirmed in between.
        """
        tried: dict[bytes, _Tried] = {}
        for key, content in events.items():
            known = self._known.get(key)
            if isinstance(known, _Tried):
                if known.content == content:
                    tried[key] = known._replace(deliveries=known.deliveries + 1)
                    continue
                if known.deliveries or known.doubt_until_s > now_s:
                    raise IdInDoubt
            elif known is not None:
                if known == content:  # stored in between: it is stored twice, and counts once
                    continue
                raise IdInDoubt
            tried[key] = _Tried(content, deliveries=1)
        for key, one in tried.items():
            self._keep(key, one)

    def confirm(self, key: bytes, content: bytes) -> None:
        """Remember that Kafka has the event."""
        self._keep(key, content)

    def forget(self, events: Mapping[bytes, bytes]) -> None:
        """Forget that events were tried: they are certainly not stored."""
        for key, one in self._ended(events):
            if one.deliveries or one.doubt_until_s:
                self._known[key] = one
            else:
                del self._known[key]

    def doubt(self, events: Mapping[bytes, bytes], now_s: float) -> None:
        """Remember that nobody knows whether events are stored, for `DOUBT_S`."""
        for key, one in self._ended(events):
            self._known[key] = one._replace(doubt_until_s=now_s + DOUBT_S)

    def _ended(self, events: Mapping[bytes, bytes]) -> list[tuple[bytes, _Tried]]:
        """Return the events that are still only tried, each with one delivery less."""
        found: list[tuple[bytes, _Tried]] = []
        for key, content in events.items():
            known = self._known.get(key)
            if isinstance(known, _Tried) and known.content == content:
                found.append((key, known._replace(deliveries=max(known.deliveries - 1, 0))))
        return found

    def _keep(self, key: bytes, known: bytes | _Tried) -> None:
        self._known[key] = known
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


def digest(data: bytes) -> bytes:
    """Return a 16-byte hash of the data."""
    return blake2b(data, digest_size=16).digest()
