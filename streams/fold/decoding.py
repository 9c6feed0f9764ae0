"""Turns records into events: decodes them and checks that they make sense at this fair, or refuses with a reason."""

from collections.abc import Callable, Iterable, Mapping

from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.topics import EVENT_TOPICS
from schemas.wire import decoder

RefusedRecord = tuple[int, bytes | None, InvalidEvent]
"""Offset, value and reason of a refused record."""


class Decoding:
    """Decodes the records of the event topics of one fair."""

    def __init__(self, fair: Fair) -> None:
        self._admit = admission(fair)
        self._decoders: Mapping[str, Callable[[bytes | None], Event]] = {t.name: decoder(t.name) for t in EVENT_TOPICS}

    def one(self, topic: str, raw: bytes | None) -> Event | InvalidEvent:
        """Return the event of a single record, or the reason why it was refused."""
        ((_, event),), _ = self.read(topic, [(0, raw)])
        return event

    def read(
        self, topic: str, records: Iterable[tuple[int, bytes | None]]
    ) -> tuple[list[tuple[int, Event | InvalidEvent]], list[RefusedRecord]]:
        """Return the offset of each record with its event, or with the reason why it was refused.

        The second list has the refused ones once more, with their values. Both lists are empty without records.
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
