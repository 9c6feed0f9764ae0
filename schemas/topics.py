"""The Kafka topics, declared once: their events, keys, retention, writers and readers.

Decoder, documents, dead letters and workers derive the topic of an event from here. A new kind of event is added to
`events` of its topic. A new topic is declared like those below, and added to `EVENT_TOPICS`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import NoneType
from typing import Final, get_args, get_type_hints

import msgspec

from schemas.events import (
    BadgeRegistered,
    DealAmended,
    DealCancelled,
    DealSigned,
    Event,
    ExhibitInteraction,
    MeetingChanged,
    ScanAnnulled,
    VisitorScan,
    type_of,
)
from schemas.partitioning import BY_KEY, Partitioner, beside

PARTITIONS = 8
"""Default for the event topics and the journal; they must be equal, since one partition is one state."""

KEEP = timedelta(days=45)
"""Five days of fair, thirty days after it for a rebuild or an audit, and ten of margin."""

FORGET = timedelta(days=1)
"""How long a compacted topic may keep what was replaced or deleted."""

RECORD_MAX_BYTES = 65_536
"""Largest event; a booth terminal's event is about 500 bytes."""


FORGET_MS: Final = "max.compaction.lag.ms"
"""Kafka's name for the setting that says so."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic.

    Attributes:
        events: the kinds of events in it; empty if it holds something else.
        key: fields of its events; the first one that is not null is the record key. A topic without events has its
            keys in words.
        producers: the principals that may write it, see `streams/kafka/principals.py`; the default is for events.
        consumers: the principals that may read it; the default is for events.
        partitioner: chooses the partition; every writer must use it.
        partitions: how many it has, whatever the settings say; None for as many as they say.
        retention: None keeps for ever.
        compacted: whether only the newest record of each key is kept. A record without a value deletes its key. Kafka
            does it within `FORGET` of the next record in the partition.

    Raises:
        TypeError: it has no key, or one of its events has no type, lacks a field of the key, or may have all of them
            null.
    """

    name: str
    description: str
    key: tuple[str, ...]
    producers: tuple[str, ...] = ("gateway", "simulator", "replay", "dead-letters")
    consumers: tuple[str, ...] = ("worker", "audit", "record", "replay", "topics")
    events: tuple[type[Event], ...] = ()
    partitioner: Partitioner = BY_KEY
    partitions: int | None = None
    retention: timedelta | None = KEEP
    max_message_bytes: int = 1_048_576
    compacted: bool = False

    def __post_init__(self) -> None:
        if not self.key:
            raise TypeError(f"{self.name}: a topic needs a key; give it a `key` in schemas/topics.py")
        for event in self.events:
            hints = get_type_hints(event)
            if get_args(hints.get("type")) != (type_of(event),):
                raise TypeError(
                    f"{self.name}: {event.__name__} has no type; give it `type: Literal[...]` with that default "
                    "in schemas/events.py"
                )
            if not hints.keys() >= set(self.key) or NoneType in get_args(hints[self.key[-1]]):
                raise TypeError(
                    f"{self.name}: {event.__name__} needs the fields {self.key}, the last one never null; "
                    "correct `key` in schemas/topics.py or the class in schemas/events.py"
                )

    @property
    def key_text(self) -> str:
        """The record key in words: "badge_ref, or terminal_id where that is null"."""
        if not self.events:
            return "; ".join(self.key)
        return ", or ".join((self.key[0], *(f"{field} where that is null" for field in self.key[1:])))

    def partitions_of(self, usual: int) -> int:
        """Return its own number of partitions, or the usual one if it has none."""
        return usual if self.partitions is None else self.partitions

    def config(self, copies: int = 1) -> Mapping[str, str]:
        """Return the topic settings for Kafka, given the number of copies of each partition.

        LogAppendTime: a recording of last year's fair, produced with its own times as record timestamps, would be
        deleted by retention at once. The event's own time is in the event.

        An acknowledged record is in all copies but one at least, so the loss of a broker neither loses it nor stops
        the topic. A copy that lacks it never leads.
        """
        keep = -1 if self.retention is None else int(self.retention / timedelta(milliseconds=1))
        forget = {FORGET_MS: str(int(FORGET / timedelta(milliseconds=1)))} if self.compacted else {}
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            **forget,
            "retention.ms": str(keep),
            "retention.bytes": "-1",
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_message_bytes),
            "min.insync.replicas": str(max(1, copies - 1)),
            "unclean.leader.election.enable": "false",
        }


DEALS = Topic(
    name="fair.deals",
    description="Deals signed, amended and cancelled, one record per revision.",
    events=(DealSigned, DealAmended, DealCancelled),
    key=("deal_id",),
)
SCANS = Topic(
    name="fair.scans",
    description="Badge scans at gates, hall doors, booths and sessions; annulments of scans and interactions.",
    events=(VisitorScan, ScanAnnulled),
    key=("badge_ref", "terminal_id"),
)
INTERACTIONS = Topic(
    name="fair.interactions",
    description="What visitors did at exhibits.",
    events=(ExhibitInteraction,),
    key=("badge_ref", "terminal_id"),
)
MEETINGS = Topic(
    name="fair.meetings",
    description="Meetings of exhibitors and visitors, one record per step.",
    events=(MeetingChanged,),
    key=("meeting_id",),
)
BADGES = Topic(
    name="fair.badges",
    description="The register of badges: who a person is, one record per revision. No names and no printed codes.",
    events=(BadgeRegistered,),
    key=("badge_ref",),
    producers=("gateway", "badges", "simulator", "replay", "dead-letters"),
    consumers=("worker", "gateway", "badges", "audit", "record", "replay", "topics"),
    retention=None,
)
"""Never compacted and never expired: any order of arrival and any rebuild give the same numbers."""
BADGE_CODES = Topic(
    name="fair.badge-codes",
    description="Which badges a person wears: keyed hashes of their printed codes. Erasing a person deletes the key.",
    key=("the person's badge_ref",),
    producers=("gateway", "badges"),
    consumers=("gateway", "badges"),
    retention=None,
    compacted=True,
)
"""Compacted, and never recorded, so that what leads from a badge to a person can be erased."""
UNRESOLVED = Topic(
    name="fair.unresolved",
    description="Events of badges that the register does not know yet, and the mark of each that was released.",
    key=("the keyed hash of the badge's code",),
    producers=("gateway", "dead-letters"),
    consumers=("gateway", "badges", "audit"),
    retention=None,
)
"""Never expired: an event that was acknowledged waits until its badge is registered, however long that takes."""
REJECTED = Topic(
    name="fair.rejected",
    description="Dead letters: refused records and events with the reason and their place, kept for a redrive.",
    key=(
        "<topic>-<partition>-<offset> of the refused record",
        "gateway-<terminal>-<hash> for a posted event",
        "redriven for the mark that a letter was sent again",
    ),
    producers=("worker", "gateway", "dead-letters"),
    consumers=("record", "dead-letters"),
    partitioner=beside(
        f"of a refused record: its own; of a mark: that of its letter; of a posted event: {BY_KEY.text}"
    ),
    max_message_bytes=2_097_152,  # the largest record of an event topic, in base64 and wrapped
)
TERMINALS = Topic(
    name="fair.terminals",
    description="Changes of the registry of terminals, in one order for all gateways; each continues one before.",
    key=("the command that made the change",),
    producers=("gateway",),
    consumers=("gateway",),
    partitioner=beside("the only one"),
    partitions=1,
    retention=None,
    max_message_bytes=8_388_608,
)
"""Never compacted and never expired: a change counts only if it continues the last one that does."""

EVENT_TOPICS = (DEALS, SCANS, INTERACTIONS, MEETINGS, BADGES)
"""All topics that the workers fold. A state and its fingerprint know a topic by its position here: after a topic is
added or moved, the workers fold the fair anew.
"""
RECORDED_TOPICS = (*EVENT_TOPICS, REJECTED)
"""The topics that a recording holds: all that happened at the fair, and the dead letters."""
ALL_TOPICS = (*RECORDED_TOPICS, BADGE_CODES, UNRESOLVED, TERMINALS)


PartitionPlace = tuple[str, int]
"""Topic and partition."""
OPEN_S: Final = 2.0
"""A transaction that is open at the same offset after this time is told."""


def place_text(place: PartitionPlace) -> str:
    """Return a partition as messages name it: fair.scans[3]."""
    topic, partition = place
    return f"{topic}[{partition}]"


def homes_of(topics: Iterable[Topic]) -> Mapping[type[Event], Topic]:
    """Return the topic of each class of events.

    Raises:
        TypeError: a class, or the type of one, occurs twice in the `events` of the topics.
    """
    homes: dict[type[Event], Topic] = {}
    classes: dict[str, type[Event]] = {}
    for topic in topics:
        for event in topic.events:
            name = type_of(event)
            if name in classes:
                raise TypeError(
                    f"{name} is declared twice, as {classes[name].__name__} in {homes[classes[name]].name} and as "
                    f"{event.__name__} in {topic.name}; keep one in `events` in schemas/topics.py"
                )
            homes[event], classes[name] = topic, event
    return homes


_PARTITIONERS: Final[Mapping[str, Partitioner]] = {topic.name: topic.partitioner for topic in ALL_TOPICS}
_KEYS: Final = {
    topic.name: msgspec.json.Decoder(
        msgspec.defstruct("Key", [(field, str | None, None) for field in topic.key], gc=False)
    ).decode
    for topic in EVENT_TOPICS
}
_TOPIC_OF: Final = homes_of(EVENT_TOPICS)
_TOPIC_OF_TYPE: Final = {type_of(event): topic for event, topic in _TOPIC_OF.items()}

EVENT_CLASSES: Final = tuple(_TOPIC_OF)
"""Every kind of event."""


_GROUPS: Final = "fairpulse-"
RELEASE: Final = "release"
"""The end of the name of the group in which gateways release waiting events; it begins with `group_prefix`."""


def group_prefix(fair_id: str) -> str:
    """Return the first part of the names of a fair's worker groups and of their journals, the same for all states."""
    return f"{_GROUPS}{fair_id}-"


def release_group(fair_id: str) -> str:
    """Return the name of the group in which a fair's gateways release waiting events."""
    return f"{group_prefix(fair_id)}{RELEASE}"


JOURNAL_SUFFIX: Final = "-journal-changelog"
"""The end of a journal's name, which Faust dictates; it begins with `group_prefix`."""


def is_journal(name: str) -> bool:
    """Return whether a topic is the journal of workers, of any fair."""
    return name.startswith(_GROUPS) and name.endswith(JOURNAL_SUFFIX)


def journal_topic(name: str) -> Topic:
    """Return the topic of a worker group's journal; Faust dictates its name.

    Never compacted and never expired: each record continues the one before, so a hole would end the state.
    """
    return Topic(
        name=name,
        description="One record per folded chunk: the changes, and the offsets it ends at.",
        key=("source topic",),
        producers=("worker",),
        consumers=("worker",),
        partitioner=beside("the partition of the folded chunk"),
        retention=None,
        max_message_bytes=8_388_608,
    )


def topic_of(event: Event) -> Topic:
    """Return the topic of an event."""
    return _TOPIC_OF[type(event)]


def partitioner_of(name: str) -> Partitioner:
    """Return the partitioner of a topic by its name; in a topic that is not declared, the key decides."""
    return _PARTITIONERS.get(name, BY_KEY)


def topic_of_type(name: str) -> Topic | None:
    """Return the topic of a type of events; None for a type that no topic has.

    If all of its family is in one topic, an unknown type belongs there too, for example a version that we do not know
    yet: fair.deal.signed.v2 belongs to the deals.
    """
    family = _family(name)
    near = {topic.name: topic for known, topic in _TOPIC_OF_TYPE.items() if _family(known) == family}
    return _TOPIC_OF_TYPE.get(name) or (next(iter(near.values())) if len(near) == 1 else None)


def key_of(event: Event) -> bytes:
    """Return the record key: the badge or the deal, so that all its events share one partition.

    An anonymous event has no badge: its terminal is the key, which spreads the load.
    """
    return key_as_text(event).encode()


def key_as_text(event: Event) -> str:
    """Return the record key as text."""
    for field in topic_of(event).key:
        if (value := getattr(event, field)) is not None:
            return str(value)
    raise AssertionError("the last field of a key is never null")


def named_key(topic: str, value: bytes | None) -> bytes | None:
    """Return the record key that follows from a value of an event topic if it is an event, without judging that.

    It takes a tenth of the time of decoding. None for a value that cannot be an event.
    """
    try:
        fields = msgspec.structs.astuple(_KEYS[topic](value or b""))
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return None
    return next((text.encode() for text in fields if text is not None), None)


def _family(name: str) -> list[str]:
    """Return the first two words of a type: fair.deal.signed.v1 is of the family fair.deal."""
    return name.split(".")[:2]
