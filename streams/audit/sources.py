"""The sources of an audit's raw records: the topics up to the offsets of the live numbers, or a recording."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.errors import Unavailable
from schemas.fair.chosen import FairsSeen
from schemas.recording.frames import RecordedRecord
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, PartitionPlace
from schemas.witness import Witness, with_newest, witness_of
from streams.audit.recount.oracle import Oracle
from streams.history.read_logs import gone
from streams.history.reading import Span, reading
from streams.history.whole_fair import refuse_doubled, refuse_missing
from streams.kafka.topics import admin, partitions_of

TOPICS: Final = tuple(topic.name for topic in EVENT_TOPICS)

Tell = Callable[[int, int], None]
"""Called with the number of records that were read, and how many there are in all."""


@dataclass(slots=True)
class Seal:
    """A summary of the records read from one partition, by which anybody can check that they read the same ones.

    Attributes:
        first: offset of the first record.
        last: offset of the last record.
        records: how many there were.
        digest: SHA-256 over offset, key and value of every record, each with its length; see `Seal.add`.
        witnesses: records by which the log is recognised in the next round.
    """

    first: int
    last: int = -1
    records: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    witnesses: tuple[Witness, ...] = ()

    def add(self, record: RecordedRecord) -> None:
        """Add a record to the checksum: offset, key length and value length with 8 bytes each, then key and value."""
        key, value = record.key or b"", record.value or b""
        for number in (record.offset, len(key), len(value)):
            self.digest.update(number.to_bytes(8, "big"))
        self.digest.update(key)
        self.digest.update(value)
        self.last = record.offset
        self.records += 1


Seals = dict[PartitionPlace, Seal]


def positions(reports: Sequence[Mapping[str, Any]]) -> dict[PartitionPlace, int]:
    """Return the last offset that is included in the workers' numbers, by topic and partition.

    Raises:
        FairpulseError: two workers show the same partition, which can happen for a moment while it moves.
    """
    refuse_doubled(reports)
    return {
        (topic, int(partition)): offset
        for report in reports
        for partition, topics in report["upto"].items()
        for topic, offset in topics.items()
    }


async def read_topics(
    kafka: KafkaSettings,
    reports: Sequence[Mapping[str, Any]],
    oracle: Oracle,
    tell: Tell,
    seals: Seals | None = None,
    *,
    seen: FairsSeen | None = None,
) -> Seals:
    """Feed the oracle with Kafka's records, up to the offsets in the workers' reports.

    With the `seals` of an earlier reading into the same oracle, reading continues where that one ended.

    Raises:
        Unavailable: Kafka does not answer or no longer holds all the records, or a worker has gone back to recover.
        LogLost: a log was deleted, replaced or cut meanwhile.
        FairpulseError: these are not all the workers of the fair, or the events are of another fair than `seen` looks
            for.
    """
    upto = positions(reports)
    async with admin(kafka) as client:
        counts = await partitions_of(client, kafka, TOPICS)
    oracle.placing.partitions.update(counts)
    refuse_missing(reports, max(counts.values(), default=0))
    seals = {} if seals is None else seals
    if any(seal.last > upto.get(place, -1) for place, seal in seals.items()):
        raise Unavailable("a worker is recovering: it is behind its earlier numbers", hint="audit again in a moment")
    after = {place: seal.last for place, seal in seals.items()}
    done, total = 0, sum(offset - after.get(place, -1) for place, offset in upto.items())
    async with reading(kafka, TOPICS, Span(after=after, upto=upto)) as reader, aclosing(reader.batches()) as batches:
        if heads := {place: first for place, first in reader.heads.items() if place not in seals}:
            raise Unavailable(gone(heads), hint="audit a recording that has them")
        async for batch in batches:
            for one in batch:
                if seen is not None:
                    seen.look(one.value)
            feed(batch, oracle, seals)
            done += len(batch)
            tell(done, total)
    if seen is not None:
        seen.end()
    return seals


def read_records(records: Iterator[RecordedRecord], total: int, oracle: Oracle, tell: Tell) -> Seals:
    """Feed the oracle with the event topics' records of a recording; other topics are left out."""
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
    """Pass records to the oracle, and add them to the seals."""
    newest: dict[PartitionPlace, RecordedRecord] = {}
    for one in batch:
        place = (one.topic, one.partition)
        seal = seals.get(place)
        if seal is None:
            seal = seals[place] = Seal(one.offset)
        seal.add(one)
        newest[place] = one
    for place, one in newest.items():
        witness = witness_of(one.offset, one.timestamp_ms, one.key, one.value)
        seals[place].witnesses = with_newest(seals[place].witnesses, witness)
    oracle.read((one.topic, one.partition, one.offset, one.key, one.value) for one in batch)


def run_topics(
    kafka: KafkaSettings,
    reports: Sequence[Mapping[str, Any]],
    oracle: Oracle,
    tell: Tell,
    seals: Seals | None = None,
    *,
    seen: FairsSeen | None = None,
) -> Seals:
    """Run `read_topics` in a new event loop."""
    return asyncio.run(read_topics(kafka, reports, oracle, tell, seals, seen=seen))
