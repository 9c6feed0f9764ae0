"""Plays a case in many ways: orders of arrival, numbers of partitions, splits into chunks; through recount and fold.

A case says what happened and the numbers that follow, written by hand from the page that it names. When an event
happened and when it arrived are fields of the event; the order in which logs hold the events is not, and must not
matter for any number of a day or of the fair.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.file import example_fair_path, parse_fair
from schemas.fair.model import Fair
from schemas.partitioning import partition_of
from schemas.topics import EVENT_TOPICS, key_of, topic_of
from schemas.wire import encode
from streams.audit.recount.oracle import Oracle, Recounted, StoredRecord
from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.shown.answers import shown
from streams.shown.view import View
from tests.support.builders import LATENESS
from tests.truth.posting import Passed, through_gateway

PARTITIONS = (1, 2, 4, 8)
SHUFFLES = 4

Raw = tuple[str, bytes, bytes]
"""Topic, key and value of a record that none of our programs writes."""
Numbers = Mapping[str, Mapping[str, Mapping[str, int]]]
"""By KPI, then by window (`fair`, or a date), then by labels (`gate=north, role=media`; empty without labels)."""
Found = dict[str, dict[str, dict[str, Recounted]]]
"""The same, as recount or fold give it, without what is zero."""


@dataclass(frozen=True)
class Case:
    """A case of the page `truth`, or a trap of the page `domain`.

    Attributes:
        name: a sentence.
        where: the section or the trap: "1.6", "trap 5".
        events: what happened; their order here means nothing.
        expected: every number of each window that is named; a number that is not named is zero.
        register: whether the fair has a register of badges.
        fair: parts of the small fair's file, and what stands there instead.
        posted: whether terminals post the events to a gateway, in this order. Else Kafka has them as they are.
        waiting: how many events wait for a registration at the end.
    """

    name: str
    where: str
    events: Sequence[Event | Raw]
    expected: Numbers
    register: bool = True
    fair: Mapping[str, str] = field(default_factory=dict)
    posted: bool = False
    waiting: int = 0

    @property
    def fair_file(self) -> bytes:
        """The content of its fair file."""
        return fair_file(self.register, tuple(self.fair.items()))

    @cached_property
    def passed(self) -> Passed:
        """The records that the gateway made of its events; none unless they are posted."""
        posted = [event for event in self.events if not isinstance(event, tuple)] if self.posted else []
        return through_gateway(posted, fair_in(self.fair_file))

    @property
    def records(self) -> Sequence[Event | Raw]:
        """The records of its events in Kafka."""
        if not self.posted:
            return self.events
        return [(one.topic, one.key, one.value) for one in self.passed.stored]


class Play(NamedTuple):
    """Records in an order of arrival, in their partitions, and the seed of how topics and chunks follow each other."""

    records: list[StoredRecord]
    partitions: int
    seed: int


@cache
def fair_file(register: bool, instead: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return the content of the small fair's file, with some of it replaced."""
    text = example_fair_path("small").read_text(encoding="utf-8")
    for old, new in instead:
        assert old in text, f"{old} is not in the file of the small fair"
        text = text.replace(old, new)
    return (text + "\nbadge_register: yes\n" if register else text).encode()


@cache
def fair_in(file: bytes) -> Fair:
    """Return the fair that a file describes."""
    return parse_fair(file.decode(), "the fair file of a case")


def plays(events: Sequence[Event | Raw], seed: int = 0) -> Iterator[Play]:
    """Yield the events as they are written, reversed, and shuffled, over every number of partitions."""
    chance = random.Random(seed)
    for partitions in PARTITIONS:
        for order in range(SHUFFLES + 2):
            arrived = list(events)[:: -1 if order == 1 else 1]
            if order > 1:
                chance.shuffle(arrived)
            yield Play(stored(arrived, partitions), partitions, chance.getrandbits(32))


def stored(events: Sequence[Event | Raw], partitions: int) -> list[StoredRecord]:
    """Return the events as records that arrived in this order."""
    ends, records = dict[tuple[str, int], int](), list[StoredRecord]()
    for event in events:
        raw = event if isinstance(event, tuple) else (topic_of(event).name, key_of(event), encode(event))
        topic, key, value = raw
        place = topic, partition_of(key, partitions)
        offset = ends[place] = ends.get(place, -1) + 1
        records.append((*place, offset, key, value))
    return records


def recounted(file: bytes, play: Play) -> Found:
    """Return the numbers of the recount."""
    counts = {topic.name: play.partitions for topic in EVENT_TOPICS}
    return _plain(Oracle(file, LATENESS, counts).read(play.records).kpis())


def folded(file: bytes, play: Play) -> Found:
    """Return the numbers of the fold: each partition reads its topics in chunks that take turns by chance."""
    fair = fair_in(file)
    decoding, logs = Decoding(fair), dict[tuple[int, str], list[tuple[int, Event | InvalidEvent]]]()
    for topic, partition, offset, _, value in play.records:
        logs.setdefault((partition, topic), []).append((offset, decoding.one(topic, value)))
    return fold_logs(fair, logs, play.partitions, random.Random(play.seed))


def fold_logs(
    fair: Fair,
    logs: dict[tuple[int, str], list[tuple[int, Event | InvalidEvent]]],
    partitions: int,
    chance: random.Random,
) -> Found:
    """Fold logs by partition and topic, which are used up, and return what /kpis shows."""
    engine = Engine(fair, LATENESS)
    states = {number: PartitionState() for number in range(partitions)}
    while logs:
        place = chance.choice(sorted(logs))
        log, size = logs[place], chance.choice((1, 2, 3, 7, 1_000))
        chunk, logs[place] = log[:size], log[size:]
        if not logs[place]:
            del logs[place]
        partition, topic = place
        engine.apply(states[partition], engine.fold(states[partition], topic, chunk))
    report = View(engine, lambda: states).report()
    return _plain({name: shown(name, [report]) for name in report["kpis"]})


def must_be(expected: Numbers, found: Found, told: str) -> None:
    """Compare every number of the windows that are expected."""
    wrong = []
    for name, windows in expected.items():
        for window, numbers in windows.items():
            right = {_spelled(key): number for key, number in numbers.items() if number}
            given = found.get(name, {}).get(window, {})
            if given != right:
                wrong.append(f"{name} [{window}]: {given}, not {right}")
    assert not wrong, f"{told}:\n" + "\n".join(wrong)


def _plain(kpis: Mapping[str, Mapping[str, Mapping[frozenset[tuple[str, str]], Recounted]]]) -> Found:
    return {
        name: {
            window: {
                ", ".join(f"{label}={value}" for label, value in sorted(key)): number
                for key, number in cells.items()
                if (any(number) if isinstance(number, tuple) else number)
            }
            for window, cells in windows.items()
            if not window.endswith("m")
        }
        for name, windows in kpis.items()
    }


def _spelled(key: str) -> str:
    return ", ".join(sorted(key.split(", ")))
