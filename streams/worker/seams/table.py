"""The Faust table behind the journal: Faust recovers from its changelog, and `States` applies the records.

Read with faust-streaming 0.15.3.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, cast

import faust
from faust.tables.manager import TableManager
from faust.types import TP, EventT
from typing_extensions import override

from schemas.cures import FOLD_ANEW
from schemas.errors import MustStop
from streams.worker.failstop import leave
from streams.worker.seams.consumer import RawChunks
from streams.worker.store import States

BUFFERED_CHUNKS: Final = 10
"""Chunks of journal records that are applied in one go. It takes a tenth of a second, in which nothing else runs."""


class JournalTable(faust.Table):  # type: ignore[type-arg]
    """A table in name only: no key is ever set or read. The agent appends to its changelog and Faust recovers from it.

    Faust tells a table what happens to its changelog partitions with four calls, in this order:

    1. `on_rebalance` when they are assigned;
    2. `persisted_offset` to find out where to continue reading;
    3. `apply_changelog_batch` with the records that were read;
    4. `on_recovery_completed` with the partitions that were read to the end.

    Other tables pass these calls to their store; this one passes them to the states.
    """

    mundane_level = "debug"

    def __init__(
        self, app: faust.App, states: States, partitions: int, check: Callable[[frozenset[int]], Awaitable[bool]]
    ) -> None:
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
        self._check = check

    @override
    def persisted_offset(self, tp: TP) -> int | None:
        """Return the last journal offset in state. Faust then reads from the next one on, not from the first."""
        return self.states.last_read(tp.partition)

    @override
    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Apply journal records. An error ends the process: Faust would only log it, and keep a state with a hole."""
        for event in batch:
            tp = event.message.tp
            try:
                self.states.apply(tp, cast("Any", event.message.value))
            except Exception as error:  # noqa: BLE001 - after any error the state cannot be trusted
                leave("the journal cannot be read", error, topic=tp.topic, partition=tp.partition)

    @override
    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Tell the states their partitions. The assignor knows which are active; `assigned` mixes both kinds.

        It leaves a topic out that is not there, and nobody gets its partitions, also if it is made again at once.
        """
        assignor, journal = self.app.assignor, self.changelog_topic_name
        active = self._mine(assignor.assigned_actives())
        if self.states.active and not active and self.app.consumer.topic_partitions(journal) == 0:
            missing = MustStop(f"topic {journal} was not there when partitions were assigned", hint=FOLD_ANEW)
            leave("partitions have no worker", missing)
        self.states.assigned(active, self._mine(assignor.assigned_standbys()))

    @override
    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Check the states, then tell them that they are complete, unless partitions have moved again meanwhile.

        Events do not flow yet. Faust ignores errors that are raised here, and begins no other recovery before this one
        is over.
        """
        active = frozenset(tp.partition for tp in active_tps)
        try:
            may_fold = await self._check(active)
        except Exception as error:  # noqa: BLE001 - after any error the state cannot be trusted
            leave("the recovered state could not be checked", error, partitions=sorted(active))
        if may_fold:
            self.states.recovered(active)

    def _mine(self, tps: Iterable[TP]) -> set[int]:
        return {tp.partition for tp in tps if tp.topic == self.changelog_topic_name}


def read_journal_from(app: faust.App, tp: TP, offset: int) -> Awaitable[None]:
    """Make Faust read a journal partition again from an offset on. The result is done when the client has moved there.

    Faust's recovered offset is put back at once: one turn of the loop later, recovery may already be over, with a hole.

    Faust drops every record up to its recovered offset. It also empties its queue of journal records whenever the flow
    resumes, and still counts the records thrown away as recovered (issue 596).
    """
    recovery = cast("TableManager", app.tables).recovery
    for offsets in (recovery.active_offsets, recovery.standby_offsets):
        if tp in offsets:
            offsets[tp] = offset - 1
    return app.consumer.seek(tp, offset)
