"""The fourth stage, from an event to its record: may the terminal post it, does the fair know what it names, is it new.

Written once, here; the memory compares what was written.
"""

from typing import Final, NamedTuple

from producers.gateway.memory import Look, Remembered, digest
from producers.gateway.reading import Posting
from producers.gateway.scope import check_scope
from producers.records import RawRecord, record_of
from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.model import Fair


class Admitted(NamedTuple):
    """An event that may be stored.

    Attributes:
        record: for Kafka.
        key: terminal and id, as the memory knows them.
        content: what the event says, as the memory knows it.
        is_new: False if it lies in Kafka already.
    """

    record: RawRecord
    key: bytes
    content: bytes
    is_new: bool


class Admission:
    """Admits events to one fair.

    Args:
        fair: the places, exhibitors and currencies that events may name.
        memory: which events were accepted lately.
    """

    def __init__(self, fair: Fair, memory: Remembered) -> None:
        self._fair = fair
        self._memory = memory
        self._check_names: Final = admission(fair)

    def admit(self, event: Event, posting: Posting) -> Admitted:
        """Return the record of an event, written once, and whether it must be stored.

        Args:
            event: as it would be stored.
            posting: what it came with.

        Raises:
            InvalidEvent: it is for another place, the fair does not know what it names, or another event has its id.
        """
        check_scope(event, posting.terminal, self._fair)
        self._check_names(event)
        record = record_of(event)
        received_at, clock_offset_ms = posting.attempt
        content = digest(record.value.replace(received_at, b"", 1).replace(clock_offset_ms, b"", 1))
        key = digest(f"{event.terminal_id}\0{event.event_id}".encode())
        look = self._memory.look(key, content)
        if look is Look.CONFLICT:
            raise InvalidEvent(
                "event_id_conflict",
                "event_id: another event came under this id",
                field="event_id",
                hint="mint a new id for every event; the first one stands",
            )
        return Admitted(record, key, content, look is Look.NEW)
