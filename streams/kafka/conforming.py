"""Judges the records of another team's producer: would each of them count, and if not, what must the sender change?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.admission import admission
from schemas.cloud_events import REQUIRED
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.partitioning import partition_of
from schemas.topics import EVENT_TOPICS, REJECTED, TERMINALS, key_of
from schemas.wire import decoder

_FOREIGN: Final = f"send events to {', '.join(topic.name for topic in EVENT_TOPICS)}"
_KEY: Final = {topic.name: f"send the record key of {topic.name}: {topic.key_text}" for topic in EVENT_TOPICS}
_PARTITIONER: Final = (
    "choose the partition by murmur2 of the key, as Kafka's Java client does; librdkafka does so with "
    "`partitioner=murmur2_random`"
)
_COPY: Final = "send an event again only if it was not acknowledged"
_OWN_ID: Final = "give every event of a terminal an event_id of its own, and a copy that of its event"
_HEADERS: Final = "they count all the same, but an SDK for CloudEvents cannot read them; send the headers of TOPICS.md"


class Given(NamedTuple):
    """A record to judge.

    Attributes:
        place: where it is, for a person.
        partition: -1 if unknown.
    """

    place: str
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[str, ...]


@dataclass(slots=True)
class Misfit:
    """What is wrong with some records.

    Attributes:
        first: place of the first one.
        cure: what the sender must change.
        counts: whether such a record counts all the same.
    """

    first: str
    cure: str
    counts: bool
    records: int = 0


@dataclass(slots=True)
class Conformity:
    """What was found so far.

    Attributes:
        records: how many were judged; dead letters and changes of the registry are left out.
        counting: how many of them would count.
        waiting: offsets behind open transactions, which were not read.
        problems: by what is wrong.
        events: hash of each event that counts, by the hash of its identity.
    """

    records: int = 0
    counting: int = 0
    waiting: int = 0
    problems: dict[str, Misfit] = field(default_factory=dict)
    events: dict[int, int] = field(default_factory=dict)

    def note(self, what: str, place: str, cure: str, *, counts: bool) -> None:
        """Add one record to a problem."""
        problem = self.problems.setdefault(what, Misfit(place, cure, counts))
        problem.records += 1

    def lines(self) -> list[str]:
        """Return a line for each problem, those first that keep records from counting, and the sum."""
        ordered = sorted(self.problems.items(), key=lambda one: (one[1].counts, -one[1].records))
        wait = "offset waits" if self.waiting == 1 else "offsets wait"
        return [
            *(
                f"{'NOTE ' if one.counts else 'WRONG'}  {one.records:,} {'record' if one.records == 1 else 'records'}, "
                f"the first at {one.first}: {what}; {one.cure}"
                for what, one in ordered
            ),
            *([f"NOTE   {self.waiting:,} {wait} behind an open transaction, not read"] if self.waiting else []),
            f"{self.counting:,} of {self.records:,} records would count",
        ]


def judge(fair: Fair, records: Iterable[Given], partitions: Mapping[str, int], into: Conformity) -> None:
    """Judge records.

    Args:
        fair: to which they belong.
        records: in any order.
        partitions: how many each topic has; a topic with 0, or that is not there, is not judged by partition.
        into: takes what is found.
    """
    admit = admission(fair)
    decoders = {topic.name: decoder(topic.name) for topic in EVENT_TOPICS}
    for one in records:
        if one.topic in (REJECTED.name, TERMINALS.name):
            continue
        into.records += 1
        decode = decoders.get(one.topic)
        if decode is None:
            into.note("its topic is not one of events", one.place, _FOREIGN, counts=False)
            continue
        event = _event(decode, admit, one, into)
        if event is not None:
            into.counting += _lies_right(one, event, partitions.get(one.topic, 0), into) and _is_new(one, event, into)
            if not set(REQUIRED) <= set(one.headers):
                into.note("headers of a CloudEvent are missing", one.place, _HEADERS, counts=True)


def _event(
    decode: Callable[[bytes | None], Event], admit: Callable[[Event], None], one: Given, into: Conformity
) -> Event | None:
    try:
        event = decode(one.value)
        admit(event)
    except InvalidEvent as error:
        into.note(error.message, one.place, error.to_sender, counts=False)
        return None
    return event


def _is_new(one: Given, event: Event, into: Conformity) -> bool:
    """Note a copy and another event with the same id; return False for the latter, which is taken for a copy."""
    identity, content = hash((one.topic, event.terminal_id, event.event_id)), hash(event)
    known = into.events.get(identity)
    into.events.setdefault(identity, content)
    if known is not None and known != content:
        what = "its event_id is that of another event of its terminal, so it is taken for a copy"
        into.note(what, one.place, _OWN_ID, counts=False)
        return False
    if known is not None:
        into.note("it is a copy of a record before, and the two count once", one.place, _COPY, counts=True)
    return True


def _lies_right(one: Given, event: Event, partitions: int, into: Conformity) -> bool:
    """Note what is wrong with key and partition; return whether the record would count."""
    key, cure = key_of(event), _KEY[one.topic]
    known = partitions > 0 and one.partition >= 0
    right = known and partition_of(key, partitions) == one.partition
    if one.key == key:
        if known and not right:
            into.note("it lies in another partition than that of its key", one.place, _PARTITIONER, counts=False)
        return right or not known
    what = "its record key is null" if one.key is None else "its record key is not that of the event"
    luck = "and its partition is right by luck" if right else "and its partition is wrong"
    if not known:
        luck = "so only luck puts it into the right partition"
    into.note(f"{what}, {luck}", one.place, cure, counts=right)
    return right
