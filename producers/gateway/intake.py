"""The path of an event through the gateway, stage by stage. Pure: no HTTP, no clock, no Kafka.

read_posting (reading) -> stamp (stamping) -> decode (decoding) -> admit (admitting) -> reply_to (answering). An event
that a stage refuses goes no further, and only that event is looked at again (refusing).
"""

from dataclasses import dataclass

from producers.gateway.admitting import Admission
from producers.gateway.decoding import decode
from producers.gateway.memory import Remembered
from producers.gateway.reading import Posting
from producers.gateway.refusing import Fate, refuse
from producers.gateway.stamping import stamp
from producers.records import RawRecord
from schemas.api.http import Outcome
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.model import Fair


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome of a posting, valid only once `records` are in Kafka.

    Attributes:
        fates: one for each event, in the order of the posting.
        records: accepted events and the dead letters of refused ones.
        fresh: accepted events as the memory knows them, key and content.
    """

    fates: list[Fate]
    records: list[RawRecord]
    fresh: dict[bytes, bytes]

    @property
    def accepted(self) -> int:
        """Number of events to be stored."""
        return len(self.fresh)

    @property
    def duplicates(self) -> int:
        """Number of events that are in Kafka already, or came twice in the posting."""
        return len(self.fates) - len(self.records)

    @property
    def rejected(self) -> int:
        """Number of events that will never be accepted as they are."""
        return len(self.records) - len(self.fresh)


class Intake:
    """Judges postings to one fair.

    Args:
        fair: the places, exhibitors and currencies that events may name.
        memory: events accepted recently.
    """

    def __init__(self, fair: Fair, memory: Remembered) -> None:
        self._memory = memory
        self._admission = Admission(fair, memory)

    def judge(self, posting: Posting) -> Judged:
        """Return the outcome of each event, and the records to store."""
        fates: list[Fate] = []
        records: list[RawRecord] = []
        fresh: dict[bytes, bytes] = {}
        for index, item in enumerate(posting.items):
            event: Event | None = None
            try:
                event = decode(stamp(item, posting))
                admitted = self._admission.admit(event, posting)
            except InvalidEvent as error:
                fate, letter = refuse(index, event, error, posting)
                fates.append(fate)
                records.append(letter)
                continue
            if admitted.is_new and admitted.key not in fresh:
                fresh[admitted.key] = admitted.content
                records.append(admitted.record)
                fates.append(Fate(Outcome.ACCEPTED, event.event_id))
            else:
                fates.append(Fate(Outcome.DUPLICATE, event.event_id))
        return Judged(fates, records, fresh)

    def confirm(self, judged: Judged) -> None:
        """Remember that Kafka has acknowledged every record."""
        for key, content in judged.fresh.items():
            self._memory.confirm(key, content)
