"""The Kafka topics, declared once: who writes, who reads, how they are keyed and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from schemas.events import DealCancelled, DealTerms, Event, ExhibitInteraction, VisitorScan

PARTITIONS = 8
"""Default for the event topics and the journal; they must be equal, since one partition is one state."""

KEEP = timedelta(days=45)
"""Five days of fair, thirty days after it for a rebuild or an audit, and ten of margin."""

RECORD_MAX_BYTES = 65_536
"""Largest event; a booth terminal's event is about 500 bytes."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic.

    Attributes:
        key: what the record key is; the partition follows from it (murmur2, as in Kafka's own clients).
        retention: None keeps for ever.
    """

    name: str
    description: str
    key: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    retention: timedelta | None = KEEP
    max_message_bytes: int = 1_048_576

    def config(self) -> Mapping[str, str]:
        """Return the topic settings for Kafka.

        LogAppendTime: a recording of last year's fair, produced with its own times as record timestamps, would be
        deleted by retention at once. Event time lives in the event.
        """
        keep = -1 if self.retention is None else int(self.retention / timedelta(milliseconds=1))
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(keep),
            "retention.bytes": "-1",
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_message_bytes),
        }


DEALS = Topic(
    name="fair.deals",
    description="Deals signed, amended and cancelled, one record a revision.",
    key="deal_id",
    producers=("gateway", "simulator", "replay"),
    consumers=("worker", "audit"),
)
SCANS = Topic(
    name="fair.scans",
    description="Badge scans at gates, hall doors, booths and sessions.",
    key="badge_ref, or terminal_id for an anonymous scan",
    producers=("gateway", "simulator", "replay"),
    consumers=("worker", "audit"),
)
INTERACTIONS = Topic(
    name="fair.interactions",
    description="What visitors did at exhibits.",
    key="badge_ref, or terminal_id for an anonymous touch",
    producers=("gateway", "simulator", "replay"),
    consumers=("worker", "audit"),
)
REJECTED = Topic(
    name="fair.rejected",
    description="Dead letters: records that are no event of ours, with reason and place, for redrive.",
    key="<topic>-<partition>-<offset> of the refused record; gateway-<terminal>-<hash> for a posted event",
    producers=("worker", "gateway"),
    consumers=("redrive",),
    max_message_bytes=2_097_152,  # whatever an event topic lets through, in base64 and with its wrapping
)

EVENT_TOPICS = (DEALS, SCANS, INTERACTIONS)
ALL_TOPICS = (*EVENT_TOPICS, REJECTED)


def group_prefix(fair_id: str) -> str:
    """Return how the consumer groups of a fair's workers begin, and with them their journals, whatever is folded."""
    return f"fairpulse-{fair_id}-"


def journal_topic(name: str) -> Topic:
    """Return the topic of a worker group's journal; Faust dictates its name.

    Never compacted and never expired: each record continues the one before, so a hole would end the state.
    """
    return Topic(
        name=name,
        description="One record a folded chunk: what changed, and the offsets it ends at.",
        key="source topic",
        producers=("worker",),
        consumers=("worker",),
        retention=None,
        max_message_bytes=8_388_608,
    )


def topic_of(event: Event) -> Topic:
    """Return where an event belongs."""
    match event:
        case VisitorScan():
            return SCANS
        case ExhibitInteraction():
            return INTERACTIONS
        case DealTerms() | DealCancelled():
            return DEALS


def key_of(event: Event) -> bytes:
    """Return the record key: the badge or the deal, so that all events of one meet in one partition.

    An anonymous event has nobody to meet; its terminal spreads the load.
    """
    match event:
        case VisitorScan() | ExhibitInteraction():
            return (event.badge_ref or event.terminal_id).encode()
        case DealTerms() | DealCancelled():
            return event.deal_id.encode()
