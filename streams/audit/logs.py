"""What must hold before an audit reads: topics as declared, and logs that are those which the workers have counted."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.errors import KafkaError

from schemas.cures import FOLD_ANEW
from schemas.errors import FairpulseError
from schemas.settings import KafkaSettings
from schemas.topics import PartitionPlace, place_text
from schemas.witness import Witness
from streams.audit.sources import TOPICS, Seals, positions
from streams.history.read_logs import AGAIN, LogLost, OpenTransaction, open_in
from streams.history.reading import Span, reading
from streams.history.topics_right import findings_of, refuse_wrong
from streams.kafka.logs import Extent, log_reader
from streams.kafka.topics import admin, no_kafka, partitions_of

MOST_READ: Final = 10_000
"""With more offsets behind the workers' numbers, these are told as they are, and no record is read for it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Offsets of the logs that are behind those that the workers have counted.

    Attributes:
        ready: how many a worker may read, and will.
        open: transactions that have not ended, each with how many offsets wait for its end. No worker gets these.
    """

    ready: int = 0
    open: Mapping[OpenTransaction, int] = field(default_factory=dict)

    @property
    def offsets(self) -> int:
        """All of them."""
        return self.ready + sum(self.open.values())

    def lines(self) -> list[str]:
        """Return a line for each open transaction."""
        return [f"{one.message} (offsets not in these numbers: {count:,})" for one, count in sorted(self.open.items())]


def look(kafka: KafkaSettings, fair_id: str, reports: Sequence[Mapping[str, Any]], seals: Seals) -> Behind:
    """Check topics and logs, in a new event loop.

    Args:
        kafka: where they are.
        fair_id: of the workers' fair.
        reports: of all workers.
        seals: what the audit itself has read before.

    Returns:
        The offsets behind those that the workers have counted.

    Raises:
        LogLost: a log is not the one that the audit has read; a recount from its beginning may be right.
        FairpulseError: a topic is not as declared, or a log is not the one that a worker has counted.
        Unavailable: Kafka does not answer.
    """
    return asyncio.run(_look(kafka, fair_id, reports, seals))


def uncounted(kafka: KafkaSettings, reports: Sequence[Mapping[str, Any]], behind: int) -> int:
    """Return how many records Kafka has that are not in the workers' numbers yet, of the offsets that are ready.

    Markers and aborted records of transactions have offsets too. So the records are read, if they are few.
    """
    if not 0 < behind <= MOST_READ:
        return behind
    return asyncio.run(_uncounted(kafka, positions(reports)))


async def _uncounted(kafka: KafkaSettings, upto: Mapping[PartitionPlace, int]) -> int:
    async with reading(kafka, TOPICS, Span(after=upto)) as reader, aclosing(reader.batches()) as batches:
        return sum([len(batch) async for batch in batches])


async def _look(kafka: KafkaSettings, fair_id: str, reports: Sequence[Mapping[str, Any]], seals: Seals) -> Behind:
    refuse_wrong(await findings_of(kafka, fair_id), "nothing is compared")
    async with admin(kafka) as client:
        counts = await partitions_of(client, kafka, TOPICS)
    places = [(topic, number) for topic, count in counts.items() for number in range(count)]
    upto = positions(reports)
    try:
        async with log_reader(kafka) as logs:
            extents = await logs.extents(places)
            _refuse_outside(upto, extents)
            for place in sorted(set(seals) - set(extents)):
                raise LogLost(f"{place_text(place)} was read before, and does not exist now", hint=AGAIN)
            for one in await logs.changed({place: seal.witnesses for place, seal in seals.items()}, extents):
                raise LogLost(one.message, hint=AGAIN)
            for one in await logs.changed(witnesses_of(reports), extents):
                raise FairpulseError(f"a worker counts a log that is gone: {one.message}", hint=FOLD_ANEW)
    except (KafkaError, TimeoutError, OSError) as error:
        raise await no_kafka(kafka) from error
    ready = sum(max(0, one.stable - max(upto.get(place, -1) + 1, one.first)) for place, one in extents.items())
    return Behind(ready, {one: extents[one.place].end - one.offset for one in open_in(extents)})


def witnesses_of(reports: Sequence[Mapping[str, Any]]) -> dict[PartitionPlace, tuple[Witness, ...]]:
    """Return the newest record that the workers have counted of each log; nothing of a worker that names none."""
    return {
        (topic, int(partition)): (Witness(*witness),)
        for report in reports
        for partition, topics in report.get("witnesses", {}).items()
        for topic, witness in topics.items()
    }


def _refuse_outside(upto: Mapping[PartitionPlace, int], extents: Mapping[PartitionPlace, Extent]) -> None:
    for place, last in upto.items():
        if place not in extents:
            raise FairpulseError(f"a worker counts {place_text(place)}, which does not exist", hint=FOLD_ANEW)
        if last >= extents[place].stable:
            raise FairpulseError(
                f"{place_text(place)} ends at offset {extents[place].stable}, and a worker counts records up to "
                f"offset {last} of it",
                hint=FOLD_ANEW,
            )
