"""What a KPI may be told apart by: every label, in words and as a check of its values."""

import re
from collections.abc import Callable, Iterable
from typing import Self

from schemas.codes import ChangeKind, Code, DealStage, InteractionKind, OutcomeKind, ScanKind, ServiceCategory
from schemas.fair.model import Fair
from schemas.topics import EVENT_TOPICS
from schemas.wire import REASONS

LabelValues = tuple[str, ...]
"""One value for each label of a KPI, in their order; () without labels."""

IsValue = Callable[[str, Fair], bool]
"""Whether a label may have a value at a fair."""


def _one_of(words: Iterable[str]) -> IsValue:
    known = frozenset(words)
    return lambda value, _: value in known


def _spelt(pattern: str) -> IsValue:
    matches = re.compile(pattern, re.ASCII).fullmatch
    return lambda value, _: matches(value) is not None


class Label(Code):
    """Every label a KPI may carry. A badge, a deal or an event id is none of them, and cannot become one.

    Attributes:
        meaning: what one value is, in words.
        is_value: whether a text is one, at a fair; a measure that returns anything else is stopped.
        many: it has too many values to be shown once a partition, so a KPI with it is wide.
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
    EXHIBIT = "exhibit", "an exhibit of the fair file", (lambda value, fair: value in fair.exhibits), True
    SECTION = "section", "a section of the fair file", lambda value, fair: value in fair.sections
    KIND = "kind", "a kind of interaction or of result", _one_of((*InteractionKind, *OutcomeKind))
    STAGE = "stage", "a stage of a deal", _one_of(DealStage)
    CURRENCY = "currency", "a currency of the fair file", (lambda value, fair: value in fair.currencies), True
    COUNTRY = "country", "a country or region in two capital letters", _spelt("[A-Z]{2}"), True
    SERVICE = "service", "a main item of services trade", _one_of(ServiceCategory)
    CHANGE = "change", "a kind of change", _one_of(ChangeKind)
    TOPIC = "topic", "an event topic", _one_of(topic.name for topic in EVENT_TOPICS)
    REASON = "reason", "a reason for which events are refused", _one_of(REASONS)
