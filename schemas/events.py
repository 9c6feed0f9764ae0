"""The events that terminals send: visitor scan, exhibit interaction, deal signed, amended, cancelled.

`type` names the kind and its major version. Inside a major version fields are only added, and optional:
producers refuse unknown fields, workers ignore them, so either side may be upgraded first.

`received_at` is set by the server (gateway or Kafka producer), never believed from a terminal.
"""

from dataclasses import KW_ONLY
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, FailFast, Field
from pydantic.dataclasses import dataclass

from schemas.codes import (
    BadgeRole,
    CancelReason,
    Capture,
    ChangeKind,
    DealLocation,
    DealStage,
    DenyReason,
    InteractionKind,
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
    OrgId,
    SectionId,
    TerminalId,
)
from schemas.times import Instant

STRICT = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
"""No coercion; unknown fields are the decoder's question (`schemas.wire`), not the model's."""

Sequence63 = Annotated[int, Field(ge=0, le=2**63 - 1)]
Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]
ClockOffset = Annotated[int, Field(ge=-(10**11), le=10**11)]
MinorUnits = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""Money in the smallest unit of its currency; 2^53-1 so that every JSON reader sees the same number."""
Revision = Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Envelope:
    """What every event carries.

    Attributes:
        event_id: minted on the terminal once, repeated on every retry: the key of duplicates, with `terminal_id`.
        terminal_seq: counts up by one per terminal; a gap means a lost event.
        occurred_at: the terminal's clock when it happened.
        received_at: the server's clock when it arrived.
        clock_offset_ms: server clock minus terminal clock, as last measured; added to `occurred_at`.
    """

    _: KW_ONLY
    event_id: EventId
    fair_id: FairId
    terminal_id: TerminalId
    terminal_seq: Sequence63 | None = None
    occurred_at: Instant
    received_at: Instant
    clock_offset_ms: ClockOffset = 0
    capture: Capture = Capture.ONLINE

    @property
    def happened_at(self) -> datetime:
        """When it happened, by the server's clock: `occurred_at` corrected by `clock_offset_ms`."""
        return self.occurred_at + timedelta(milliseconds=self.clock_offset_ms)


@dataclass(frozen=True, slots=True, config=STRICT)
class VisitorScan(Envelope):
    """A badge was read at a gate (entry, exit), a hall door (zone_in, zone_out), a booth or a session.

    Attributes:
        badge_ref: None without tracking consent, away from the perimeter; the flow still counts.
        dwell_ms: how long the badge was in the hall, on zone_out only, if the door reader knows.
    """

    _: KW_ONLY
    type: Literal["fair.visitor.scanned.v1"] = "fair.visitor.scanned.v1"
    source_type: SourceType = SourceType.QR
    scan_kind: ScanKind
    badge_ref: BadgeRef | None = None
    badge_role: BadgeRole
    residence_country: Country | None = None
    result: ScanResult = ScanResult.ACCEPTED
    reason: DenyReason | None = None
    forced: bool = False
    gate_id: GateId | None = None
    hall_id: HallId | None = None
    booth_id: BoothId | None = None
    dwell_ms: Milliseconds | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class ExhibitInteraction(Envelope):
    """A visitor did something at an exhibit. `badge_ref` is None for an anonymous touch."""

    _: KW_ONLY
    type: Literal["fair.exhibit.interaction.v1"] = "fair.exhibit.interaction.v1"
    interaction_kind: InteractionKind
    exhibit_id: ExhibitId
    exhibitor_id: ExhibitorId
    badge_ref: BadgeRef | None = None
    session_id: EventId | None = None
    duration_ms: Milliseconds | None = None
    rating: Annotated[int, Field(ge=0, le=5)] | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class Party:
    """An organisation in a deal; `country` is its address, as given to the organiser."""

    _: KW_ONLY
    org_id: OrgId
    role: PartyRole
    country: Country
    exhibitor: bool = False


@dataclass(frozen=True, slots=True, config=STRICT)
class DealTerms(Envelope):
    """The whole state of a deal at one revision.

    Attributes:
        binding: False for intended value, True for contract value; the two are never added.
        value_minor: None when undisclosed, which is not the same as zero.
        signed_at: fixes the day and the exchange rate; may precede `occurred_at`.
        pre_signed: agreed before the fair opened and only announced there.
    """

    _: KW_ONLY
    deal_id: DealId
    revision: Revision
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
class DealCancelled(Envelope):
    """A deal no longer stands."""

    _: KW_ONLY
    type: Literal["fair.deal.cancelled.v1"] = "fair.deal.cancelled.v1"
    deal_id: DealId
    revision: Revision
    reason: CancelReason
    booth_id: BoothId | None = None


DealEvent = DealSigned | DealAmended | DealCancelled
Event = VisitorScan | ExhibitInteraction | DealEvent
