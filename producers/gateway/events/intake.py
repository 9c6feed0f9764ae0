"""The path of an event through the gateway, stage by stage. Pure: no HTTP, no clock, no Kafka.

read_request (reading) -> open_event (envelope) -> stamp (stamping) -> decode (decoding) -> resolve (resolving) ->
admit (admitting) -> reply_to (answering). An event that a stage refuses goes no further, and only that event is looked
at again (refusing). All envelopes are opened before any event is stamped: if one is wrong, the program that posts is,
and nothing is stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from producers.badges.book import Book
from producers.gateway.events.admitting import Admission, record_as_posted
from producers.gateway.events.badge_codes import NO_CODES, BadgeCodes
from producers.gateway.events.decoding import decode
from producers.gateway.events.envelope import Opened, WrongEnvelope, open_event
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import Posting
from producers.gateway.events.redacting import Redaction
from producers.gateway.events.refusing import BY_FAIR_FILE, Fate, misread, refuse, safe_id
from producers.gateway.events.resolving import Resolved, resolve
from producers.gateway.events.stamping import stamp
from producers.records import RawRecord
from schemas.api.http import Outcome
from schemas.errors import InvalidEvent
from schemas.events import happened_ms
from schemas.fair.model import Fair
from schemas.times import epoch_ms

SLICE_EVENTS: Final = 32
"""Events that are judged at once, about 2 ms. A posting of 500 would hold up all other requests ten times as long."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome of a posting, valid only once `records` are in Kafka.

    Attributes:
        events: how many were posted.
        records: accepted events and the dead letters of refused ones.
        fates: one for each event, in the order of the posting; none if an event is not a CloudEvent.
        fresh: accepted events as the memory knows them, key and content.
        misread: events that are not CloudEvents; if there are any, no event was judged.
        lags_ms: of accepted events, how long each took to arrive, by its corrected time.
    """

    events: int
    records: list[RawRecord]
    fates: list[Fate] = field(default_factory=list)
    fresh: dict[bytes, bytes] = field(default_factory=dict)
    misread: list[Fate] = field(default_factory=list)
    lags_ms: list[int] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Number of events to be stored."""
        return len(self.fresh)

    @property
    def duplicates(self) -> int:
        """Number of events that are in Kafka already, or came twice in the posting."""
        return sum(fate.outcome is Outcome.DUPLICATE for fate in self.fates)

    @property
    def rejected(self) -> int:
        """Number of events that will never be accepted as they are."""
        return len(self.fates) - self.accepted - self.duplicates


class Intake:
    """Judges postings to one fair.

    Args:
        fair: the places, exhibitors and currencies that events may name.
        memory: events accepted recently.
        codes: reads the codes of the fair's badges.
        book: the register of badges; None at a fair without one.
    """

    def __init__(self, fair: Fair, memory: Remembered, codes: BadgeCodes = NO_CODES, book: Book | None = None) -> None:
        self._memory, self._codes, self._book = memory, codes, book
        self._admission = Admission(fair, memory)
        self._redaction = None if book is None else Redaction(fair)

    def judge(self, posting: Posting) -> Judged:
        """Return the outcome of each event, and the records to store."""
        *_, judged = self.judging(posting)
        assert judged is not None
        return judged

    def judging(self, posting: Posting) -> Iterator[Judged | None]:
        """Judge a posting slice by slice, so that other work gets in between.

        Yields:
            None after every `SLICE_EVENTS` events, and at last what `judge` returns.
        """
        opened: list[Opened] = []
        wrong: list[tuple[int, WrongEnvelope]] = []
        for index, item in enumerate(posting.items):
            try:
                opened.append(open_event(item, posting.source))
            except WrongEnvelope as error:
                wrong.append((index, error))
            if index % SLICE_EVENTS == SLICE_EVENTS - 1:
                yield None
        if wrong:
            told = [misread(index, error, posting, self._redaction) for index, error in wrong]
            yield Judged(len(posting.items), [letter for _, letter in told], misread=[fate for fate, _ in told])
        else:
            yield from self._judge(opened, posting)

    def _judge(self, opened: Sequence[Opened], posting: Posting) -> Iterator[Judged | None]:
        fates: list[Fate] = []
        records: list[RawRecord] = []
        fresh: dict[bytes, bytes] = {}
        lags_ms: list[int] = []
        received_ms = epoch_ms(datetime.fromisoformat(posting.received))
        for index, one in enumerate(opened):
            if index % SLICE_EVENTS == SLICE_EVENTS - 1:
                yield None
            resolved: Resolved | None = None
            envelope = one.envelope if self._redaction is None else self._redaction.envelope(one.envelope)
            try:
                resolved = resolve(decode(stamp(one, posting), self._codes), self._book)
                admitted = self._admission.admit(resolved, envelope, posting, fresh)
            except InvalidEvent as error:
                by_fair_file = error.reason in BY_FAIR_FILE
                record = record_as_posted(resolved, envelope) if resolved and by_fair_file else None
                fate, letter = refuse(index, error, posting, record, self._redaction)
                fates.append(fate)
                records.append(letter)
                continue
            posted_id = safe_id(one.envelope.id)
            if admitted.is_new:
                fresh[admitted.key] = admitted.content
                records.append(admitted.record)
                lags_ms.append(received_ms - happened_ms(resolved.event))
                fates.append(Fate(index, Outcome.ACCEPTED, posted_id))
            else:
                fates.append(Fate(index, Outcome.DUPLICATE, posted_id))
        yield Judged(len(opened), records, fates, fresh, lags_ms=lags_ms)

    def begin(self, judged: Judged, now_s: float) -> None:
        """Remember that the records of a posting are about to be stored. Raises IdInDoubt: they must wait."""
        self._memory.begin(judged.fresh, now_s)

    def forget(self, judged: Judged) -> None:
        """Forget a posting of which Kafka certainly has nothing."""
        self._memory.forget(judged.fresh)

    def doubt(self, judged: Judged, now_s: float) -> None:
        """Remember that Kafka may have stored records of a posting, and has not said so."""
        self._memory.doubt(judged.fresh, now_s)

    def confirm(self, judged: Judged) -> None:
        """Remember that Kafka has acknowledged every record."""
        for key, content in judged.fresh.items():
            self._memory.confirm(key, content)
