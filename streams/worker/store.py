"""The states of a worker: those of the partitions that it folds or keeps warm, each with its journal."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import Final

from faust.types import TP

from schemas.logs import logger
from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal, writer_of
from streams.fold.state import WRITER_BYTES
from streams.worker.chunks import Chunk, Fetched

log = logger(__name__)

SEEK_AGAIN_S: Final = 1.0
"""How long to wait for a lost journal record before seeking to it once more."""


class States:
    """States of the partitions that this worker owns (active) or keeps warm (standby), by partition number.

    Args:
        engine: the fold.
        read_from: makes the client read a journal partition again from an offset on.

    Attributes:
        journals: state and chain of each partition.
        active: partitions that this worker folds and shows. Only these count on /metrics.
        turn: number of times that partitions have moved.
        recovered_turn: the turn whose partitions were recovered last.
    """

    def __init__(self, engine: Engine, read_from: Callable[[TP, int], Awaitable[None]]) -> None:
        self._engine = engine
        self._read_from = read_from
        self.turn = self.recovered_turn = 0
        self._sought: dict[TP, tuple[int, float]] = {}
        self._seeking: set[asyncio.Future[None]] = set()
        self._recovering_since = 0.0
        self._records = 0
        self.journals: dict[int, PartitionJournal] = {}
        self.active: frozenset[int] = frozenset()

    def position_of(self, tp: TP) -> int | None:
        """Return the last offset of an event partition that its state has applied; None if it has applied none."""
        journal = self.journals.get(tp.partition)
        return None if journal is None else journal.state.upto.get(tp.topic)

    def writable(self, partition: int) -> PartitionJournal | None:
        """Return the journal of a partition that this worker folds; None if it does not fold it (any more)."""
        return self.journals.get(partition) if partition in self.active else None

    def journal(self, partition: int) -> PartitionJournal:
        """Return the journal of a partition; an empty one if nothing was read of it."""
        return self.journals.setdefault(partition, PartitionJournal(self._engine))

    def last_read(self, partition: int) -> int | None:
        """Return the offset of the last journal record that was read or written; None if there is none."""
        journal = self.journals.get(partition)
        return journal.next_offset - 1 if journal is not None and journal.next_offset else None

    def assigned(self, active: AbstractSet[int], standby: AbstractSet[int]) -> None:
        """Forget the states of partitions that went elsewhere. New partitions are folded once they are recovered."""
        self.turn += 1
        lost = sorted(self.journals.keys() - active - standby)
        log.info(
            "partitions assigned",
            active=sorted(active),
            standby=sorted(standby),
            gained=sorted(active - self.active),
            revoked=sorted(self.active - active),
        )
        for partition in lost:
            del self.journals[partition]
        self.active = self.active & active
        self._recovering_since, self._records = asyncio.get_running_loop().time(), 0
        log.info("recovery started", partitions=sorted(active), journal_from=self._journal_ends(active))

    def recovered(self, active: AbstractSet[int]) -> None:
        """Start to fold these partitions: their journals have been read to the end."""
        for partition in active:
            self.journal(partition).start_writing(secrets.token_bytes(WRITER_BYTES))
        self.active = frozenset(active)
        self.recovered_turn = self.turn
        log.info(
            "recovery finished",
            partitions=sorted(active),
            journal_to=self._journal_ends(active),
            records=self._records,
            seconds=round(asyncio.get_running_loop().time() - self._recovering_since, 3),
        )

    def _journal_ends(self, partitions: AbstractSet[int]) -> dict[int, int]:
        """Return, by partition, the offset of the next journal record to read; 0 for a partition without state."""
        return {
            number: self.journals[number].next_offset if number in self.journals else 0 for number in sorted(partitions)
        }

    def apply(self, tp: TP, chunk: Chunk) -> None:
        """Apply records of a journal partition.

        Raises:
            MustStop: one of them is not a journal record, or records before it were removed.
        """
        journal = self.journal(tp.partition)
        if chunk.follows > journal.next_offset:
            self._read_again(tp, journal.next_offset)
            return
        for record in chunk.fetched:
            if record.offset >= journal.next_offset:
                self._apply(tp, journal, record)
        journal.pass_to(chunk.end)

    def _apply(self, tp: TP, journal: PartitionJournal, record: Fetched) -> None:
        raw = record.value or b""
        self._records += 1
        if not journal.read(record.offset, raw, record.timestamp, record.key):
            log.warning(
                "ignoring a journal record: its writer had lost the partition",
                topic=tp.topic,
                partition=tp.partition,
                offset=record.offset,
                writer=writer_of(raw),
            )

    def _read_again(self, tp: TP, offset: int) -> None:
        """Seek back to a lost record.

        Later records that are already on their way must not cause another seek: each seek throws away all fetched
        records, so the lost one would never arrive.
        """
        now = asyncio.get_running_loop().time()
        sought, at = self._sought.get(tp, (-1, 0.0))
        if sought == offset and now - at < SEEK_AGAIN_S:
            return
        self._sought[tp] = (offset, now)
        log.info("reading the journal again", topic=tp.topic, partition=tp.partition, offset=offset)
        seeking = asyncio.ensure_future(self._read_from(tp, offset))
        self._seeking.add(seeking)
        seeking.add_done_callback(self._seeking.discard)
