"""The values that parts of the simulator hand to each other: a step, the fact behind it, and the record that is sent.

A fact is what the simulator knows it did. The ledger reads facts only, never the bytes.
"""

from typing import Final, NamedTuple

from schemas.api.terminals import Terminal
from schemas.cloud_events import KafkaHeaders, event_headers
from schemas.codes import (
    BadgeRole,
    ChangeKind,
    DealStage,
    InteractionKind,
    MeetingStep,
    OutcomeKind,
    ScanKind,
    ServiceCategory,
    SourceType,
)


class Passage(NamedTuple):
    """A badge was read.

    Attributes:
        place: gate, hall or booth, by the kind of scan; empty for a session.
        person: number of the person; None when the scan is anonymous.
        role: as printed on the badge; None at a fair with a register of badges.
        country: as printed on the badge; empty when nobody knows, and at a fair with a register.
        reason: why the scan was denied, as the event says it; empty if it does not.
        forced: let in after a denial.
        source: what read the badge.
    """

    kind: ScanKind
    place: str
    person: int | None
    role: BadgeRole | None
    country: str
    accepted: bool
    reason: str = ""
    forced: bool = False
    source: SourceType = SourceType.QR


class Touch(NamedTuple):
    """Somebody did something at an exhibit; `person` is None for an anonymous touch."""

    kind: InteractionKind
    exhibit: str
    exhibitor: str
    person: int | None


class RegisteredAt(NamedTuple):
    """A person in the register of badges, at one revision; the fields after `revision` are the content.

    Attributes:
        country: empty when nobody knows.
        exhibitor: whose staff the person is; empty for others.
        denied: why gates turn the person away; empty if they do not.
    """

    person: int
    revision: int
    role: BadgeRole
    country: str
    exhibitor: str
    consent: bool
    denied: str = ""
    erased: bool = False


class MeetingFact(NamedTuple):
    """A meeting came to a step."""

    meeting: str
    step: MeetingStep


class DealFact(NamedTuple):
    """How a deal stands after one revision.

    Attributes:
        stands: False once it is cancelled; the fields after it then say nothing.
        value_minor: None when undisclosed.
        yearly: the value is one year's already.
        term_months: 0 when no term is given.
        signed_ms: when it was signed, in ms since 1970.
        service: what kind of service it is about.
        change: what kind of amendment made it so; None as it was signed.
    """

    deal: str
    revision: int
    stands: bool
    outcome: OutcomeKind = OutcomeKind.TRANSACTION
    stage: DealStage = DealStage.INTENT
    binding: bool = False
    value_minor: int | None = None
    currency: str = ""
    yearly: bool = False
    term_months: int = 0
    section: str = ""
    signed_ms: int = 0
    service: ServiceCategory = ServiceCategory.UNCLASSIFIED
    change: ChangeKind | None = None


class BadRecord(NamedTuple):
    """A record that is not an event; `reason` is the one that a worker must give."""

    reason: str


Fact = Passage | Touch | DealFact | MeetingFact | RegisteredAt | BadRecord

TEST_FROM: Final = 4_000_000_000
"""Test badges are persons numbered from here."""


def is_test(fact: Fact) -> bool:
    """Return whether a fact is that of a test badge, which is counted nowhere."""
    person = fact.person if isinstance(fact, (Passage, Touch, RegisteredAt)) else None
    return person is not None and person >= TEST_FROM


class Reader:
    """A reader at a gate, hall door, booth or stage.

    Attributes:
        clock_error_ms: terminal clock minus true time.
        offset_ms: server clock minus terminal clock as the terminal measured it; wrong for some.
        outages: spans [from, until) in ms without network.
        sent: events minted so far; the next one's `terminal_seq`.
        enrolled: the terminal as the organiser would enrol it.
        source: its address.
    """

    __slots__ = ("clock_error_ms", "enrolled", "head", "name", "offset_ms", "outages", "sent", "source")

    def __init__(self, enrolled: Terminal) -> None:
        self.enrolled = enrolled
        self.name = enrolled.terminal_id
        self.source = enrolled.source
        self.clock_error_ms = 0
        self.offset_ms = 0
        self.outages: tuple[tuple[int, int], ...] = ()
        self.sent = 0
        self.head = ""


class Happening(NamedTuple):
    """Something happened at a terminal; it is not sent yet.

    Attributes:
        at_ms: true time, in ms since 1970.
        body: the event's JSON members after the envelope, `type` first, without braces.
        hold_ms: how much longer than its network allows the terminal keeps the event.
        typed_in: entered by hand afterwards.
    """

    at_ms: int
    terminal: Reader
    topic: str
    key: bytes
    body: str
    fact: Fact
    hold_ms: int = 0
    typed_in: bool = False


class Emission(NamedTuple):
    """One record on its way to Kafka.

    Attributes:
        at_ms: when the server gets it, in fair time, ms since 1970.
        t_ms: event time by the clock rule of the KPIs.
        suspect: the clock rule had to fall back to the arrival.
        resent: the same bytes are sent more than once; whichever comes first counts.
        kind: the event's `type`.
        occurred: the terminal's clock when it happened, RFC 3339.
        source: the terminal's address; empty for a record that is not an event.
    """

    at_ms: int
    topic: str
    key: bytes
    value: bytes
    fact: Fact
    event_id: str = ""
    t_ms: int = 0
    suspect: bool = False
    resent: bool = False
    kind: str = ""
    occurred: str = ""
    source: str = ""

    @property
    def headers(self) -> KafkaHeaders:
        """The attributes of the event as a CloudEvent; none for a record that is not an event."""
        return event_headers(self.kind, self.event_id, self.source, self.occurred) if self.source else ()
