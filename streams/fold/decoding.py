"""Turns records into events, or refuses them with a reason.

An event must be well formed, make sense at this fair, and be in its own partition: a visitor whose events are in two
would count twice.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.placement import homes
from schemas.topics import EVENT_TOPICS
from schemas.wire import decoder

RefusedRecord = tuple[int, bytes | None, InvalidEvent]
"""Offset, value and reason of a refused record."""


class Decoding:
    """Decodes the records of the event topics of one fair.

    Args:
        fair: the fair.
        partitions: how many each topic has. In a topic that is missing or has 0, no partition is the wrong one.
    """

    def __init__(self, fair: Fair, partitions: Mapping[str, int] = MappingProxyType({})) -> None:
        self._admit = admission(fair)
        self._homes = homes(partitions)
        self._decoders: Mapping[str, Callable[[bytes | None], Event]] = {t.name: decoder(t.name) for t in EVENT_TOPICS}

    def one(self, topic: str, raw: bytes | None, partition: int | None = None) -> Event | InvalidEvent:
        """Return the event of a single record, or the reason why it was refused.

        Args:
            topic: of the record.
            raw: its value.
            partition: where it is; None for an event that is in no partition, or will be sent to its own.
        """
        ((_, event),), _ = self.read(topic, [(0, raw)])
        return event if partition is None else self.in_place(topic, event, partition)

    def read(
        self, topic: str, records: Iterable[tuple[int, bytes | None]]
    ) -> tuple[list[tuple[int, Event | InvalidEvent]], list[RefusedRecord]]:
        """Return the offset of each record with its event, or with the reason why it was refused.

        The second list has the refused ones once more, with their values. Both lists are empty without records. Whether
        an event is in its own partition is another question: see `in_place`.
        """
        decode, admit = self._decoders[topic], self._admit
        events: list[tuple[int, Event | InvalidEvent]] = []
        refused: list[RefusedRecord] = []
        for offset, raw in records:
            try:
                event = decode(raw)
                admit(event)
            except InvalidEvent as error:
                events.append((offset, error))
                refused.append((offset, raw, error))
            else:
                events.append((offset, event))
        return events, refused

    def in_place(self, topic: str, event: Event | InvalidEvent, partition: int) -> Event | InvalidEvent:
        """Return the event, or the reason to refuse it: that it had before, or that the partition is not its own."""
        home = self._homes.get(topic)
        if home is None or isinstance(event, InvalidEvent):
            return event
        return home.refusal(event, partition) or event

    def all_in_place(
        self,
        topic: str,
        records: Iterable[tuple[int, bytes | None]],
        events: Iterable[tuple[int, Event | InvalidEvent]],
        partition: int,
    ) -> tuple[list[tuple[int, Event | InvalidEvent]], list[RefusedRecord]]:
        """Return the events of `read` as `in_place` judges them, and the records of those that it refuses.

        Args:
            topic: of the records.
            records: as given to `read`.
            events: as returned by it.
            partition: where they are.
        """
        judged: list[tuple[int, Event | InvalidEvent]] = []
        refused: list[RefusedRecord] = []
        for (offset, raw), (_, event) in zip(records, events, strict=True):
            found = self.in_place(topic, event, partition)
            judged.append((offset, found))
            if found is not event and isinstance(found, InvalidEvent):
                refused.append((offset, raw, found))
        return judged, refused
