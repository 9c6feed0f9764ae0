"""The Faust table behind the KPIs: its changelog is the journal, its store applies records instead of keeping them."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import faust
from faust.stores.memory import Store
from faust.tables.manager import TableManager
from faust.types import TP, EventT
from typing_extensions import override

from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal
from streams.worker.chunks import RawChunks
from streams.worker.failstop import leave

log = logging.getLogger(__name__)

BUFFERED_CHUNKS: Final = 10
"""Chunks of journal records that are applied at once: a tenth of a second in which nothing else runs."""
SEEK_AGAIN_S: Final = 1.0
"""A lost journal record that was sought and has not come within this time is sought again."""


class JournalStore(Store[bytes, bytes]):
    """States of the partitions that this worker owns (active) or keeps warm (standby), by partition number.

    Attributes:
        journals: state and chain of each partition.
        active: partitions that this worker folds and shows. Only these count on /metrics.
    """

    def __init__(self, engine: Engine, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._engine = engine
        self._sought: dict[TP, tuple[int, float]] = {}
        self._seeking: set[asyncio.Future[None]] = set()
        self.journals: dict[int, PartitionJournal] = {}
        self.active: frozenset[int] = frozenset()

    def position_of(self, tp: TP) -> int | None:
        """Return the last offset of an event topic that the partition's state has applied; None for none."""
        journal = self.journals.get(tp.partition)
        return None if journal is None else journal.state.upto.get(tp.topic)

    def writable(self, partition: int) -> PartitionJournal | None:
        """Return the journal of a partition that this worker folds; None if it is not (or no longer) its own."""
        return self.journals.get(partition) if partition in self.active else None

    @override
    def persisted_offset(self, tp: TP) -> int | None:
        journal = self.journals.get(tp.partition)
        return journal.next_offset - 1 if journal is not None and journal.next_offset else None

    @override
    def apply_changelog_batch(
        self, batch: Iterable[EventT[Any]], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        # Faust logs what is raised here and goes on; a state with a hole must not live that long.
        try:
            for event in batch:
                for offset, raw in cast("Any", event.message.value).records:
                    self._read(event.message.tp, offset, raw)
        except Exception as error:  # noqa: BLE001 - whatever it is, the state can no longer be trusted
            leave("the journal cannot be read", error)

    def _read(self, tp: TP, offset: int, raw: bytes | None) -> None:
        journal = self.journals.get(tp.partition)
        if journal is None:
            journal = self.journals[tp.partition] = PartitionJournal(self._engine)
        if offset < journal.next_offset:
            return
        if offset > journal.next_offset:
            self._read_again(tp, journal.next_offset)
            return
        if not journal.read(offset, raw or b""):
            log.warning("journal record of a worker that had lost its partition: ignored (%s offset %d)", tp, offset)

    def _read_again(self, tp: TP, offset: int) -> None:
        """Go back to a lost record. Faust empties its changelog queue whenever flow resumes (#596).

        Once is enough for all records behind it that are on their way already: each seek throws away what was
        fetched, so that one for each of them would keep the lost record from arriving.
        """
        now = asyncio.get_running_loop().time()
        sought, at = self._sought.get(tp, (-1, 0.0))
        if sought == offset and now - at < SEEK_AGAIN_S:
            return
        self._sought[tp] = (offset, now)
        recovery = cast("TableManager", self.app.tables).recovery
        for offsets in (recovery.active_offsets, recovery.standby_offsets):
            if tp in offsets:
                offsets[tp] = offset - 1
        log.info("reading the journal again from %s offset %d", tp, offset)
        seeking = asyncio.ensure_future(self.app.consumer.seek(tp, offset))
        self._seeking.add(seeking)
        seeking.add_done_callback(self._seeking.discard)

    @override
    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        mine = {tp.partition for tp in self._mine(self.app.assignor.assigned_actives())}
        warm = {tp.partition for tp in self._mine(self.app.assignor.assigned_standbys())}
        for partition in set(self.journals) - mine - warm:
            del self.journals[partition]
        self.active = self.active & mine
        log.info("partitions assigned", extra={"active": sorted(mine), "standby": sorted(warm)})

    @override
    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        for tp in active_tps:
            journal = self.journals.setdefault(tp.partition, PartitionJournal(self._engine))
            journal.start_writing()
        self.active = frozenset(tp.partition for tp in active_tps)

    def _mine(self, tps: Iterable[TP]) -> set[TP]:
        name = self.table.changelog_topic.get_topic_name()
        return {tp for tp in tps if tp.topic == name}


class JournalTable(faust.Table):  # type: ignore[type-arg]
    """A table in name only: nothing is set or got, the agent appends to its changelog and Faust recovers from it."""

    def __init__(self, app: faust.App, engine: Engine, partitions: int) -> None:
        raw = RawChunks(key_type=bytes, key_serializer="raw", value_serializer="raw")
        super().__init__(
            app,
            name="journal",
            partitions=partitions,
            key_type=bytes,
            value_type=bytes,
            schema=raw,
            recovery_buffer_size=BUFFERED_CHUNKS,
            standby_buffer_size=BUFFERED_CHUNKS,
        )
        self.states = JournalStore(
            engine,
            "memory://",
            app,
            self,
            table_name=self.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )

    @override
    def _new_store(self) -> JournalStore:
        return self.states
