"""The events: visitor scan, exhibit interaction, annulment, meeting, deal, and what the register says of a person.

`type` names the kind and its major version. Inside a major version fields are only added, and optional:
producers refuse unknown fields, workers ignore them, so either side may be upgraded first.

`received_at` is set by the server (gateway or Kafka producer), never taken from a terminal.

A new kind of event is a class here, its examples in `schemas/examples/<type>/`, and a line in `schemas/topics.py`.
"""

from dataclasses import KW_ONLY, fields
from typing import Annotated, ClassVar, Final, Literal, get_args, get_type_hints

from pydantic import ConfigDict, FailFast, Field
from pydantic.dataclasses import dataclass

from schemas.api.terminals import PlaceKind
from schemas.codes import (
    AnnulReason,
    BadgeRole,
    CancelReason,
    Capture,
    ChangeKind,
    DealLocation,
    DealStage,
    DenyReason,
    InteractionKind,
    MeetingStep,
    OutcomeKind,
    PartyRole,
    ScanKind,
    ScanResult,
    ServiceCategory,
    SourceType,
    TradeDirection,
    ValueBasis,
)
from schemas.ids import (
    BadgeRef,
    BoothId,
    Country,
    Currency,
    DealId,
    EventId,
    ExhibitId,
    ExhibitorId,
    FairId,
    GateId,
    HallId,
    MeetingId,
    OrgId,
    SectionId,
    TerminalEpoch,
    TerminalId,
)
from schemas.times import Instant, epoch_ms

STRICT = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
"""No coercion; the decoder (`schemas.wire`) handles unknown fields, not the model."""

Sequence63 = Annotated[int, Field(ge=0, le=2**63 - 1)]
Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]
CLOCK_OFFSET_MAX_MS: Final = 10**11
"""Three years: clocks that are further off are not believed."""
ClockOffset = Annotated[int, Field(ge=-CLOCK_OFFSET_MAX_MS, le=CLOCK_OFFSET_MAX_MS)]
MinorUnits = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""Money in the smallest unit of its currency; 2^53-1 so that every JSON reader sees the same number."""
Revision = Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Event:
    """The fields of every event.

    Attributes:
        posted_at: the places whose terminals may post such an event; none unless the class names them.
        event_id: created once by the terminal, the same on every retry; with `terminal_id` it identifies duplicates.
        terminal_seq: counts up by one per terminal and epoch; a gap means a lost event.
        terminal_epoch: drawn once for each folder of the terminal, so that a machine which takes over in a new folder
            may begin its numbers again. Two events with the same terminal, epoch and number prove that the folder was
            copied. Left out by devices that do not draw one.
        occurred_at: the terminal's clock when it happened.
        received_at: the server's clock when it arrived.
        clock_offset_ms: server clock minus terminal clock, as last measured; added to `occurred_at`.
        test: whether the terminal is enrolled for tests: the event goes through everything and counts nowhere. The
            gateway sets it; left out for any other terminal.
    """

    posted_at: ClassVar[frozenset[PlaceKind]] = frozenset()

    _: KW_ONLY
    event_id: EventId
    fair_id: FairId
    terminal_id: TerminalId
    terminal_seq: Sequence63 | None = None
    terminal_epoch: TerminalEpoch | None = None
    occurred_at: Instant
    received_at: Instant
    clock_offset_ms: ClockOffset = 0
    capture: Capture = Capture.ONLINE
    test: bool | None = None


def happened_ms(event: Event) -> int:
    """Return when the event happened, by the server's clock, in milliseconds since 1970.

    It is `occurred_at` corrected by `clock_offset_ms`. It is not checked for plausibility.
    """
    return epoch_ms(event.occurred_at) + event.clock_offset_ms


def type_of(kind: type[Event]) -> str:
    """Return the `type` of a class of events, for example fair.visitor.scanned.v1; empty if it has none."""
    return next((str(field.default) for field in fields(kind) if field.name == "type"), "")


def fields_of(kind: type[Event], wanted: object) -> list[str]:
    """Return the fields of a class of events that hold a value of this type, or None: badge_ref for BadgeRef."""
    hints = get_type_hints(kind, include_extras=True)
    return [name for name, hint in hints.items() if hint == wanted or wanted in get_args(hint)]


@dataclass(frozen=True, slots=True, config=STRICT)
class VisitorScan(Event):
    """A badge was read at a gate (entry, exit), a hall door (zone_in, zone_out), a booth or a session.

    Attributes:
        badge_ref: left out without tracking consent, but never of somebody whom a gate lets through; the flow still
            counts. Left out too of a badge that the register lacks, if it is denied or read by a test terminal; the
            denial still counts.
        badge_role: as printed on the badge. A fair without a register of badges counts by it, and needs it; at a fair
            with one the register alone says who somebody is.
        residence_country: like `badge_role`, and may be unknown.
        dwell_ms: how long the badge was in the hall, on zone_out only, if the door reader knows. No KPI reads it.
    """

    posted_at: ClassVar[frozenset[PlaceKind]] = frozenset(PlaceKind)

    _: KW_ONLY
    type: Literal["fair.visitor.scanned.v1"] = "fair.visitor.scanned.v1"
    source_type: SourceType = SourceType.QR
    scan_kind: ScanKind
    badge_ref: BadgeRef | None = None
    badge_role: BadgeRole | None = None
    residence_country: Country | None = None
    result: ScanResult = ScanResult.ACCEPTED
    reason: DenyReason | None = None
    forced: bool = False
    gate_id: GateId | None = None
    hall_id: HallId | None = None
    booth_id: BoothId | None = None
    dwell_ms: Milliseconds | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class ExhibitInteraction(Event):
    """A visitor did something at an exhibit. An anonymous touch has no `badge_ref`.

    Attributes:
        source_type: the device that read the badge, `manual` if its code was typed; never a beacon. Left out if no
            badge was read, or nobody says.
    """

    posted_at: ClassVar[frozenset[PlaceKind]] = frozenset({PlaceKind.BOOTH})

    _: KW_ONLY
    type: Literal["fair.exhibit.interaction.v1"] = "fair.exhibit.interaction.v1"
    interaction_kind: InteractionKind
    exhibit_id: ExhibitId
    exhibitor_id: ExhibitorId
    badge_ref: BadgeRef | None = None
    source_type: SourceType | None = None
    session_id: EventId | None = None
    duration_ms: Milliseconds | None = None
    rating: Annotated[int, Field(ge=0, le=5)] | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class ScanAnnulled(Event):
    """A terminal takes back a scan or an interaction that it sent, a lead among them.

    It is accepted and stored, and counts as an event. No KPI takes back its target yet.

    Attributes:
        target: the `event_id` of the event that is taken back.
        target_type: the `type` of that event.
        badge_ref: as in that event, so that both lie in one partition.
    """

    posted_at: ClassVar[frozenset[PlaceKind]] = VisitorScan.posted_at | ExhibitInteraction.posted_at

    _: KW_ONLY
    type: Literal["fair.scan.annulled.v1"] = "fair.scan.annulled.v1"
    target: EventId
    target_type: Literal["fair.visitor.scanned.v1", "fair.exhibit.interaction.v1"]
    badge_ref: BadgeRef | None = None
    why: AnnulReason
    gate_id: GateId | None = None
    hall_id: HallId | None = None
    booth_id: BoothId | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class MeetingChanged(Event):
    """A meeting of an exhibitor and a visitor came a step on: invited, accepted, declined or held.

    Attributes:
        meeting_id: the same over all steps, which may arrive in any order and more than once. The gateway stores it
            under the exhibitor, as `e1.m-1`.
    """

    posted_at: ClassVar[frozenset[PlaceKind]] = frozenset({PlaceKind.BOOTH, PlaceKind.DESK})

    _: KW_ONLY
    type: Literal["fair.meeting.changed.v1"] = "fair.meeting.changed.v1"
    meeting_id: MeetingId
    step: MeetingStep
    exhibitor_id: ExhibitorId


@dataclass(frozen=True, slots=True, config=STRICT)
class BadgeRegistered(Event):
    """An entry of the register of badges: who a person is. The highest revision counts for all events of the person.

    Of two contents under one revision one that erases counts; else the greater, compared field by field in the order
    below. So the order of arrival does not matter. Its times say when it was entered; only its consent depends on them.

    Attributes:
        badge_ref: the person, whatever badge the person wears.
        residence_country: of the address given to the organiser (ISO 25639-1); left out if unknown.
        exhibitor_id: whose staff the person is; only for the role exhibitor_staff.
        tracking_consent: whether scans at booths and hall doors may name the person (PIPL, Art. 29), from the time of
            this entry on.
        denied: why gates turn the person away; left out if they do not.
        erased: the codes and everything else that leads from a badge to the person are gone.
    """

    _: KW_ONLY
    type: Literal["fair.badge.registered.v1"] = "fair.badge.registered.v1"
    badge_ref: BadgeRef
    revision: Revision
    role: BadgeRole
    residence_country: Country | None = None
    exhibitor_id: ExhibitorId | None = None
    tracking_consent: bool = True
    denied: DenyReason | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True, config=STRICT)
class Party:
    """An organisation in a deal; `country` is its address, as given to the organiser."""

    _: KW_ONLY
    org_id: OrgId
    role: PartyRole
    country: Country
    exhibitor: bool = False


@dataclass(frozen=True, slots=True, config=STRICT)
class DealRevision(Event):
    """A new state of a deal: its highest revision counts."""

    posted_at: ClassVar[frozenset[PlaceKind]] = frozenset({PlaceKind.BOOTH, PlaceKind.DESK})

    _: KW_ONLY
    deal_id: DealId
    revision: Revision


@dataclass(frozen=True, slots=True, config=STRICT)
class DealTerms(DealRevision):
    """The whole state of a deal at one revision.

    Attributes:
        binding: whether the value is that of a contract, not an intended one; the two are never added.
        value_minor: left out when undisclosed, which is not the same as zero.
        signed_at: fixes the day and the exchange rate; may precede `occurred_at`.
        pre_signed: agreed before the fair opened and only announced there.
    """

    _: KW_ONLY
    outcome_kind: OutcomeKind
    stage: DealStage
    binding: bool
    value_minor: MinorUnits | None = None
    currency: Currency | None = None
    value_basis: ValueBasis = ValueBasis.UNDISCLOSED
    term_months: Annotated[int, Field(ge=1, le=1_200)] | None = None
    parties: Annotated[tuple[Party, ...], Field(min_length=1, max_length=32, strict=False), FailFast()]
    section: SectionId
    trade_direction: TradeDirection = TradeDirection.NOT_APPLICABLE
    ebops_main: ServiceCategory = ServiceCategory.UNCLASSIFIED
    mode_of_supply: Annotated[int, Field(ge=1, le=4)] | None = None
    location: DealLocation = DealLocation.ON_FLOOR
    pre_signed: bool = False
    signed_at: Instant
    booth_id: BoothId | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class DealSigned(DealTerms):
    """A deal was signed: its first revision."""

    _: KW_ONLY
    type: Literal["fair.deal.signed.v1"] = "fair.deal.signed.v1"


@dataclass(frozen=True, slots=True, config=STRICT)
class DealAmended(DealTerms):
    """A deal changed. Carries the full new state, so revisions may arrive in any order."""

    _: KW_ONLY
    type: Literal["fair.deal.amended.v1"] = "fair.deal.amended.v1"
    change_kind: ChangeKind


@dataclass(frozen=True, slots=True, config=STRICT)
class DealCancelled(DealRevision):
    """A deal no longer stands."""

    _: KW_ONLY
    type: Literal["fair.deal.cancelled.v1"] = "fair.deal.cancelled.v1"
    reason: CancelReason
    booth_id: BoothId | None = None


DealEvent = DealTerms | DealCancelled
