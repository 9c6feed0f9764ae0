"""Facts that the fold adds to the current event."""

from typing import Protocol

from schemas.fair.model import Fair


class MemberNumbers(Protocol):
    """Gives members their dense numbers in a partition."""

    def __call__(self, *parts: str) -> int:
        """Return the number of a member: the same number for the same parts in the same order."""


class Moment:
    """Facts about one event, filled in by the fold and passed to every measure.

    The object is reused, so a measure must not keep it. The facts are the same for every signal about the event.
    A refused record has only a topic and a reason.

    Attributes:
        fair: the fair file.
        topic: the source topic.
        at_ms: when it counts, in milliseconds since 1970: its own time if believable, otherwise its arrival.
        lag_ms: received minus happened, never below zero.
        is_open: whether the event lies within the opening hours of its fair day.
        badge: dense number of the event's badge in this partition; -1 for an anonymous event.
        number: gives any other member its dense number; a pair by its two parts, `moment.number(exhibitor, badge)`.
        reason: why the record was refused; empty for an event.
    """

    __slots__ = ("at_ms", "badge", "fair", "is_open", "lag_ms", "number", "reason", "topic")

    def __init__(self, fair: Fair, topic: str, number: MemberNumbers) -> None:
        self.fair = fair
        self.topic = topic
        self.number = number
        self.refuse("")

    def refuse(self, reason: str) -> None:
        """Set the facts of a refused record: only the reason is known."""
        self.at_ms = 0
        self.lag_ms = 0
        self.is_open = False
        self.badge = -1
        self.reason = reason
