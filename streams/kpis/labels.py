"""The labels a KPI may have: each with its meaning in words and a check of its values."""

from collections.abc import Callable, Iterable
from typing import Self

from schemas.codes import (
    BadgeRole,
    ChangeKind,
    Code,
    DealStage,
    DenyReason,
    InteractionKind,
    MeetingStep,
    OutcomeKind,
    ScanKind,
    ServiceCategory,
    SourceType,
)
from schemas.countries import country_names
from schemas.fair.model import Fair
from schemas.profiles import Residence
from schemas.topics import EVENT_TOPICS
from schemas.wire import REASONS

LabelValues = tuple[str, ...]
"""One value for each label of a KPI, in the order of the labels; () without labels."""

IsValue = Callable[[str, Fair], bool]
"""Tells whether a label may have this value at a fair."""


def _one_of(words: Iterable[str]) -> IsValue:
    known = frozenset(words)
    return lambda value, _: value in known


UNKNOWN = "unknown"
"""The role or country of a person of whom nobody has said it."""
UNSTATED = "unstated"
"""The reason of a denial that gives none."""
FUNNEL = ("visit", "booth", "exhibit", "lead")
"""The steps of the funnel; a visitor at one has taken those before."""


class Label(Code):
    """Every label a KPI may have. Badges, deals and event ids are not among them and never will be.

    Attributes:
        meaning: what one value is, in words.
        is_value: whether a text is a valid value at a fair; if a measure returns an invalid one, the fold stops.
        many: whether it has too many values to be shown once per partition; a KPI with such a label is wide.
    """

    meaning: str
    is_value: IsValue
    many: bool

    def __new__(cls, word: str, meaning: str, is_value: IsValue, many: bool = False) -> Self:
        label = str.__new__(cls, word)
        label._value_ = word
        label.meaning, label.is_value, label.many = meaning, is_value, many
        return label

    GATE = "gate", "a gate of the fair file", lambda value, fair: value in fair.gates
    DIRECTION = "direction", "entry or exit", _one_of((ScanKind.ENTRY, ScanKind.EXIT))
    HALL = "hall", "a hall of the fair file", lambda value, fair: value in fair.halls
    BOOTH = "booth", "a booth of the fair file", (lambda value, fair: value in fair.booths), True
    EXHIBITOR = "exhibitor", "an exhibitor of the fair file", (lambda value, fair: value in fair.exhibitors), True
    EXHIBIT = "exhibit", "an exhibit of the fair file", (lambda value, fair: value in fair.exhibits), True
    SECTION = "section", "a section of the fair file", lambda value, fair: value in fair.sections
    KIND = "kind", "a kind of interaction or of result", _one_of((*InteractionKind, *OutcomeKind))
    STAGE = "stage", "a stage of a deal", _one_of(DealStage)
    CURRENCY = "currency", "a currency of the fair file", (lambda value, fair: value in fair.currencies), True
    COUNTRY = "country", "a country or region of ISO 3166-1, or unknown", _one_of((*country_names(), UNKNOWN)), True
    GROUP = "group", "domestic, foreign or unknown, as the fair's profile groups countries", _one_of(Residence)
    ROLE = "role", "a role of a badge, or unknown", _one_of((*BadgeRole, UNKNOWN))
    CLAIMED_ROLE = (
        "claimed_role",
        "the role that a scan gives; empty if none or at a fair with a register",
        _one_of((*BadgeRole, "")),
    )
    CLAIMED_COUNTRY = (
        "claimed_country",
        "the country that a scan gives; empty like the role",
        _one_of((*country_names(), "")),
        True,
    )
    PROFILE = "profile", "an audit profile", lambda value, fair: value in fair.profiles
    SOURCE = "source", "what read the badge", _one_of(SourceType)
    STEP = "step", "a step of a meeting, or of the funnel", _one_of((*MeetingStep, *FUNNEL))
    SERVICE = "service", "a main item of services trade", _one_of(ServiceCategory)
    CHANGE = "change", "a kind of change", _one_of(ChangeKind)
    TOPIC = "topic", "an event topic", _one_of(topic.name for topic in EVENT_TOPICS)
    REASON = (
        "reason",
        "a reason for refusing an event or for turning a badge away; unstated if none is given",
        _one_of((*REASONS, *DenyReason, UNSTATED)),
    )
