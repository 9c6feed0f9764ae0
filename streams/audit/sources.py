"""Where an audit takes its raw records from: the topics up to where the live numbers are, or a recording."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.errors import FairpulseError, Unavailable
from schemas.recording.frames import RecordedRecord
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.audit.recount.oracle import Oracle
from streams.history.reading import PartitionPlace, Span, reading
from streams.kafka.topics import admin, partitions_of

TOPICS: Final = tuple(topic.name for topic in EVENT_TOPICS)

Tell = Callable[[int, int], None]
"""Told how many records were read and how many there are."""


@dataclass(slots=True)
class Seal:
    """What was read of one partition, so that anybody can check that it was the same.

    Attributes:
        sha256: over offset, key and value of every record, each with its length; see `Seal.add`.
    """

    first: int
    last: int = -1
    records: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, record: RecordedRecord) -> None:
        """Take a record into the checksum: 8 bytes each of offset, key length and value length, then both."""
        key, value = record.key or b"", record.value or b""
        for number in (record.offset, len(key), len(value)):
            self.digest.update(number.to_bytes(8, "big"))
        self.digest.update(key)
        self.digest.update(value)
        self.last = record.offset
        self.records += 1


Seals = dict[PartitionPlace, Seal]


def positions(reports: Sequence[Mapping[str, Any]]) -> dict[PartitionPlace, int]:
    """Return, by topic and partition, the last offset that is in what the workers show.

    Raises:
        FairpulseError: two workers show the same partition, as they may for a moment while it moves.
    """
    upto: dict[PartitionPlace, int] = {}
    for report in reports:
        for partition, topics in report["upto"].items():
            for topic, offset in topics.items():
                if (topic, int(partition)) in upto:
                    raise FairpulseError(
                        f"two workers show partition {partition}", hint="it is moving, or one is named twice; ask again"
                    )
                upto[topic, int(partition)] = offset
    return upto


async def read_topics(
    kafka: KafkaSettings, reports: Sequence[Mapping[str, Any]], oracle: Oracle, tell: Tell, seals: Seals | None = None
) -> Seals:
    """Feed the oracle with what Kafka holds, up to where the workers are that gave the reports.

    With `seals` of an earlier reading into the same oracle, it goes on where that ended.

    Raises:
        Unavailable: Kafka is not there, or does not hold all of it any more.
        FairpulseError: these are not all the workers of the fair.
    """
    upto = positions(reports)
    async with admin(kafka) as client:
        counts = await partitions_of(client, kafka, TOPICS)
    shown = {partition for report in reports for partition in report["partitions"]}
    if missing := sorted(set(range(max(counts.values(), default=0))) - shown):
        raise FairpulseError(
            f"no worker that was asked folds partition {missing[0]}", hint="name every worker: --live URL --live URL"
        )
    seals = {} if seals is None else seals
    if any(seal.last > upto.get(place, -1) for place, seal in seals.items()):
        raise Unavailable("a worker is behind where it was: it recovers", hint="audit again in a moment")
    after = {place: seal.last for place, seal in seals.items()}
    done, total = 0, sum(offset - after.get(place, -1) for place, offset in upto.items())
    async with reading(kafka, TOPICS, Span(after=after, upto=upto)) as reader, aclosing(reader.batches()) as batches:
        async for batch in batches:
            feed(batch, oracle, seals)
            done += len(batch)
            tell(done, total)
    for (topic, partition), last in upto.items():
        seal = seals.get((topic, partition))
        if seal is None or seal.first > 0 or seal.last < last:
            raise Unavailable(
                f"{topic}[{partition}] no longer holds all records from 0 to {last}",
                hint="audit a recording that was made in time",
            )
    return seals


def read_records(records: Iterator[RecordedRecord], total: int, oracle: Oracle, tell: Tell) -> Seals:
    """Feed the oracle with the records of a recording; other topics than the event topics are left out."""
    seals: Seals = {}
    batch: list[RecordedRecord] = []
    done = 0
    for record in records:
        if record.topic not in TOPICS:
            continue
        batch.append(record)
        if len(batch) == 1_000:
            feed(batch, oracle, seals)
            done += len(batch)
            tell(done, total)
            batch = []
    feed(batch, oracle, seals)
    tell(done + len(batch), total)
    return seals


def feed(batch: list[RecordedRecord], oracle: Oracle, seals: Seals) -> None:
    """Let the oracle take records, and seal them."""
    for one in batch:
        place = (one.topic, one.partition)
        seal = seals.get(place)
        if seal is None:
            seal = seals[place] = Seal(one.offset)
        seal.add(one)
    oracle.read((one.topic, one.partition, one.offset, one.key, one.value) for one in batch)


def run_topics(
    kafka: KafkaSettings, reports: Sequence[Mapping[str, Any]], oracle: Oracle, tell: Tell, seals: Seals | None = None
) -> Seals:
    """Read in an event loop of its own; see `read_topics`."""
    return asyncio.run(read_topics(kafka, reports, oracle, tell, seals))
