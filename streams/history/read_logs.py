"""The logs that a reader reads: where they began, which transactions are open, and whether they still are the same."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from schemas.recording.frames import RecordedRecord
from schemas.settings import KafkaSettings
from schemas.topics import PartitionPlace, place_text
from schemas.witness import Witness, with_newest, witness_of
from streams.kafka.logs import Extent, LogReader
from streams.kafka.topics import admin, no_kafka, partitions_of

LOOK_S: Final = 10.0
"""Seconds between two looks at the logs while they are read."""

SILENT_S: Final = 25.0
"""A reader that follows says so when Kafka has not answered for this long. It goes on by itself when Kafka does."""

AGAIN: Final = "run the same command again"


class LogLost(Unavailable):
    """A log was deleted, replaced or cut while it was read, so what was read is not all of what is there now."""


@dataclass(frozen=True, slots=True, order=True)
class OpenTransaction:
    """A transaction that has not ended: no reader gets records of the partition from its first offset on."""

    place: PartitionPlace
    offset: int

    @property
    def message(self) -> str:
        """The transaction in a sentence, for a reader that ends before it."""
        return f"{place_text(self.place)} has an open transaction: records from offset {self.offset} on are left out"


def open_in(extents: Mapping[PartitionPlace, Extent]) -> list[OpenTransaction]:
    """Return the open transactions of some logs."""
    return [OpenTransaction(place, one.stable) for place, one in sorted(extents.items()) if one.stable < one.end]


def headless(extents: Mapping[PartitionPlace, Extent]) -> dict[PartitionPlace, int]:
    """Return the logs whose older records are gone, each with its first offset."""
    return {place: one.first for place, one in sorted(extents.items()) if one.first > 0}


def gone(heads: Mapping[PartitionPlace, int]) -> str:
    """Return in words that the beginning of logs is gone; `heads` as `headless` gives it, not empty."""
    place, first = next(iter(heads.items()))
    others = "" if len(heads) == 1 else f", and so do {len(heads) - 1} more partitions"
    return f"{place_text(place)} begins at offset {first}{others}: {sum(heads.values()):,} older records are gone"


class ReadLogs:
    """Watches logs while they are read. It remembers records of each as witnesses, and looks for them again.

    Args:
        logs: asks Kafka.
        counts: how many partitions each topic had when reading began.
    """

    def __init__(self, kafka: KafkaSettings, logs: LogReader, counts: Mapping[str, int]) -> None:
        self._kafka = kafka
        self._logs = logs
        self._counts = counts
        self._witnesses: dict[PartitionPlace, tuple[Witness, ...]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = self._answered_at = monotonic()
        self._why: Unavailable | None = None

    @property
    def silence(self) -> str:
        """Why Kafka has given no answer for `SILENT_S`; empty if it has."""
        silent_s = monotonic() - self._answered_at
        if silent_s < SILENT_S:
            return ""
        why = f"Kafka at {self._kafka.bootstrap_servers} does not answer" if self._why is None else self._why.message
        return f"nothing came from Kafka for {silent_s:.0f} s: {why}"

    async def extents(self, places: Iterable[PartitionPlace]) -> dict[PartitionPlace, Extent]:
        """Return where logs begin and end now."""
        return await self._logs.extents(places)

    def note(self, record: RecordedRecord) -> None:
        """Remember a record that was read."""
        place = (record.topic, record.partition)
        witness = witness_of(record.offset, record.timestamp_ms, record.key, record.value)
        self._witnesses[place] = with_newest(self._witnesses.get(place, ()), witness)
        self._answered()

    def _answered(self) -> None:
        self._answered_at, self._why = monotonic(), None

    async def look(self, positions: Mapping[PartitionPlace, int]) -> None:
        """Look at all logs once.

        Args:
            positions: of the logs that are not read to their end, the next offset to read.

        Raises:
            LogLost: one is not what it was.
            Unavailable: Kafka does not answer.
        """
        if (looking := self._looking) is not None and not looking.done():
            looking.cancel()
            await asyncio.wait([looking])
        self._looking = None
        await self._look(dict(positions))

    async def look_now_and_then(self, positions: Mapping[PartitionPlace, int]) -> None:
        """Look in the background every `LOOK_S`. Raises LogLost; a look without an answer is made again later."""
        if self._looking is not None and self._looking.done():
            looked, self._looking = self._looking, None
            error = looked.exception()
            if error is not None and (isinstance(error, LogLost) or not isinstance(error, Unavailable)):
                raise error
            self._why = error
        if self._looking is None and monotonic() - self._looked_at >= LOOK_S:
            self._looked_at = monotonic()
            self._looking = asyncio.create_task(self._look(dict(positions)))

    async def close(self) -> None:
        """End what runs in the background."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
            if not self._looking.cancelled():
                self._looking.exception()

    async def _look(self, positions: Mapping[PartitionPlace, int]) -> None:
        witnesses = dict(self._witnesses)
        async with admin(self._kafka) as client:
            counts = await partitions_of(client, self._kafka, self._counts)
        for topic, count in self._counts.items():
            if topic not in counts:
                raise LogLost(f"topic {topic} was deleted while it was read", hint=AGAIN)
            if counts[topic] != count:
                raise LogLost(
                    f"topic {topic} has {counts[topic]} partitions now, and had {count} when reading began", hint=AGAIN
                )
        try:
            extents = await self._logs.extents({*positions, *witnesses})
            changed = await self._logs.changed(witnesses, extents)
        except (KafkaError, TimeoutError, OSError) as error:
            raise await no_kafka(self._kafka) from error
        for one in changed:
            raise LogLost(one.message, hint=AGAIN)
        for place, position in positions.items():
            if (told := outside(place, position, extents[place])) is not None:
                raise told
        self._answered()


def outside(place: PartitionPlace, position: int, extent: Extent) -> LogLost | None:
    """Return why the next offset to read is not in its log; None if it is."""
    if extent.end < position:
        return LogLost(
            f"{place_text(place)} ends at offset {extent.end}, and was read up to offset {position}", hint=AGAIN
        )
    if extent.first > position:
        return LogLost(
            f"{place_text(place)} begins at offset {extent.first} now: {extent.first - position:,} records were "
            "deleted before they were read",
            hint=AGAIN,
        )
    return None
