"""The Faust table behind the journal: Faust recovers from its changelog, our states apply the records.

Read with faust-streaming 0.15.3.
"""

from collections.abc import Awaitable, Iterable
from typing import Any, Final, cast

import faust
from faust.tables.manager import TableManager
from faust.types import TP, EventT
from typing_extensions import override

from streams.worker.failstop import leave
from streams.worker.seams.consumer import RawChunks
from streams.worker.store import States

BUFFERED_CHUNKS: Final = 10
"""Chunks of journal records that are applied at once: a tenth of a second in which nothing else runs."""


class JournalTable(faust.Table):  # type: ignore[type-arg]
    """A table in name only: nothing is set or got, the agent appends to its changelog and Faust recovers from it.

    Faust tells a table what happens to its changelog partitions, in this order: `on_rebalance` when they are
    assigned, `persisted_offset` to know where to read on, `apply_changelog_batch` for what was read, and
    `on_recovery_completed` for those it has read to the end. A table hands all four to its store; this one to the
    states.
    """

    mundane_level = "debug"

    def __init__(self, app: faust.App, states: States, partitions: int) -> None:
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
        self.states = states

    @override
    def persisted_offset(self, tp: TP) -> int | None:
        """Return the last journal offset in state: Faust reads from the next one on, instead of from the first."""
        return self.states.last_read(tp.partition)

    @override
    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Apply journal records. Faust logs what is raised here and goes on: a state with a hole must not live on."""
        for event in batch:
            tp = event.message.tp
            try:
                self.states.apply(tp, cast("Any", event.message.value))
            except Exception as error:  # noqa: BLE001 - whatever it is, the state can no longer be trusted
                leave("the journal cannot be read", error, topic=tp.topic, partition=tp.partition)

    @override
    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Tell the states what is theirs now. The assignor knows which are active; `assigned` holds both kinds."""
        assignor = self.app.assignor
        self.states.assigned(self._mine(assignor.assigned_actives()), self._mine(assignor.assigned_standbys()))

    @override
    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Tell the states that they are complete. Faust has yet to let events flow, and swallows what is raised."""
        self.states.recovered({tp.partition for tp in active_tps})

    def _mine(self, tps: Iterable[TP]) -> set[int]:
        return {tp.partition for tp in tps if tp.topic == self.changelog_topic_name}


def read_journal_from(app: faust.App, tp: TP, offset: int) -> Awaitable[None]:
    """Make Faust read a journal partition again from an offset on; return what is done when its client has gone there.

    What Faust counts as recovered is put back at once: a turn of the loop later, recovery may be over, with a hole.

    Faust drops every record that lies at or before the offset it counts as recovered. It empties its queue of journal
    records whenever flow resumes, and counts what it threw away as recovered all the same (issue 596).
    """
    recovery = cast("TableManager", app.tables).recovery
    for offsets in (recovery.active_offsets, recovery.standby_offsets):
        if tp in offsets:
            offsets[tp] = offset - 1
    return app.consumer.seek(tp, offset)
