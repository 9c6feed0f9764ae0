"""The last stage, from an event to its record.

It asks: may the terminal post the event, is everything that it names in the fair file, and is it new? The event is
written here; the memory compares the written bytes. They are those of the event as it was posted, so a post that is
repeated after the badge was registered is the same event.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from producers.gateway.events.envelope import Envelope
from producers.gateway.events.memory import Look, Remembered, digest
from producers.gateway.events.reading import Posting
from producers.gateway.events.resolving import Resolved, badge_erased
from producers.gateway.events.scope import check_scope
from producers.records import RawRecord, record_of
from schemas.admission import admission
from schemas.cloud_events import KafkaHeaders, kafka_headers
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.topics import UNRESOLVED
from schemas.wire import encode


class Admitted(NamedTuple):
    """An event that may be stored.

    Attributes:
        record: for Kafka.
        key: terminal and id, as the memory knows them.
        content: what the event says, as the memory knows it.
        is_new: False if it is in Kafka already, or came before in its posting.
    """

    record: RawRecord
    key: bytes
    content: bytes
    is_new: bool


class Admission:
    """Admits events to one fair.

    Args:
        fair: the places, exhibitors and currencies that events may name.
        memory: events accepted recently.
    """

    def __init__(self, fair: Fair, memory: Remembered) -> None:
        self._fair = fair
        self._memory = memory
        self._check_names: Final = admission(fair)

    def admit(
        self, resolved: Resolved, envelope: Envelope, posting: Posting, earlier: Mapping[bytes, bytes]
    ) -> Admitted:
        """Return the record of an event, and whether it must be stored.

        Args:
            resolved: the event, as it would be stored and as it was posted.
            envelope: its attributes as posted. They are headers of the record, and no part of what the event says.
            posting: the posting that it came in.
            earlier: content by key of the events before it in the posting that will be stored.

        Raises:
            InvalidEvent: it belongs to another place, or names something that the fair file does not have.
            InvalidEvent: it has the id of another event, or is of the badge of a person who was erased.
        """
        event = resolved.event
        check_scope(event, posting.terminal, self._fair)
        if not resolved.erased:  # else its letter would be one that a corrected fair file lets in
            self._check_names(_of_any_terminal(resolved))
        record = record_as_posted(resolved, envelope)
        written = record.value if resolved.posted is event else encode(resolved.posted)
        assert written is not None
        content = digest(posting.lasting(written))
        key = digest(f"{event.terminal_id}\0{event.event_id}".encode())
        look = self._memory.look(key, content)
        if look is Look.NEW and key in earlier:
            look = Look.DUPLICATE if earlier[key] == content else Look.CONFLICT
        if look is Look.CONFLICT:
            raise InvalidEvent(
                "event_id_conflict",
                "another event has this id",
                field="event_id",
                hint="create a new id for every event; the first event with this id counts",
            )
        if resolved.erased and look is Look.NEW:
            raise badge_erased()
        return Admitted(record, key, content, look is Look.NEW)


def _of_any_terminal(resolved: Resolved) -> Event:
    """Return the event as it must be right: from a test terminal with its badge, as from any other terminal."""
    return replace(resolved.posted, test=None) if resolved.posted.test else resolved.event


def record_as_posted(resolved: Resolved, envelope: Envelope) -> RawRecord:
    """Return the record of an event: for its topic, or for that of the waiting ones, where its badge is the key."""
    event = resolved.event
    record = record_of(event, headers_as_posted(event, envelope))
    return record._replace(topic=UNRESOLVED.name) if resolved.waits else record


def headers_as_posted(event: Event, envelope: Envelope) -> KafkaHeaders:
    """Return the headers of an event's record: its attributes as they were posted."""
    return kafka_headers(
        event,
        posted_id=envelope.id,
        source=envelope.source,
        time=envelope.time,
        subject=envelope.subject,
        dataschema=envelope.dataschema,
        extensions=envelope.extensions,
    )
