"""Bugs that a worker of this kind could have, put into this process on purpose: the campaign must find every one.

* `no_dedupe` (N2): events are not remembered.
* `dedupe_by_id_only` (N3): two terminals that use one id are taken for one.
* `commit_before_apply` (N4): a chunk is committed when it is read, and reading resumes at the commit.
* `counters_instead_of_state` (N6): duplicates are counted by the process and not read from state.
* `no_look_at_logs` (N7): what is seen of topics and logs is thrown away, and all metrics say that they are well.
* `no_stop` (N8): no worker stops for what it sees of them, and the lag says that a log is shorter; so nobody tells but
  an alert.

N1, acknowledging before the append, is a bug of the producing side: `producing.BUG`. N5 is one of a booth client.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

from faust.transport.consumer import Consumer
from faust.types import TP

from schemas.errors import InvalidEvent
from schemas.topics import place_text
from streams.fold.engine import Engine
from streams.shown.view import View
from streams.worker.agent import Folding
from streams.worker.chunks import Chunk, Reading
from streams.worker.seams.consumer import ChunkConsumer
from streams.worker.watching import Watching

SLOW_S = 0.2
"""How long after its commit a chunk is folded: a journal that is a little slow."""


def install(name: str) -> None:
    """Put the bug into this process. Raises KeyError for one that is not there."""
    BUGS[name]()


def no_dedupe() -> None:
    apply = Engine.apply

    def forgetting(self: Engine, state: Any, delta: Any) -> None:
        apply(self, state, delta)
        state.seen.clear()

    Engine.apply = forgetting  # type: ignore[method-assign]


def dedupe_by_id_only() -> None:
    fold = Engine.fold

    def blind(self: Engine, state: Any, topic: str, events: Any, newcomers: Any = None) -> Any:
        alike = [
            (offset, event if isinstance(event, InvalidEvent) else replace(event, terminal_id="any"))
            for offset, event in events
        ]
        return fold(self, state, topic, alike, newcomers)

    Engine.fold = blind  # type: ignore[method-assign]


def commit_before_apply() -> None:
    async def run(self: Folding, stream: Any) -> None:
        async for event in stream.noack().events():
            event.ack()
            await event.app.consumer.commit()
            await asyncio.sleep(SLOW_S)
            append = await self.take(event.message.tp, Chunk(0, event.value.records))
            if append is not None:
                await append

    async def seek(self: ChunkConsumer) -> None:
        mine = [tp for tp in self.assignment() if tp.topic in self.reading.topics]
        first = await self.earliest_offsets(*mine) if mine else {}
        await Consumer.perform_seek(self)
        committed: dict[TP, int | None] = dict(self._committed_offset)
        for tp in mine:
            await self.read_from(tp, committed.get(tp) or first.get(tp) or 0)

    Folding.run = run  # type: ignore[method-assign]
    ChunkConsumer.perform_seek = seek  # type: ignore[method-assign]


def counters_instead_of_state() -> None:
    counted: Counter[str] = Counter()
    fold, report = Engine.fold, View.report

    def counting(self: Engine, state: Any, topic: str, events: Any, newcomers: Any = None) -> Any:
        delta = fold(self, state, topic, events, newcomers)
        counted[topic] += sum(not isinstance(event, InvalidEvent) for _, event in events) - len(delta.seen)
        return delta

    def of_this_process(self: View, names: Any = (), partitions: Any = ()) -> Any:
        shown = report(self, names, partitions)
        if "duplicate_events" in shown["kpis"]:
            series = [{"labels": {"topic": topic}, "value": number} for topic, number in counted.items()]
            shown["kpis"]["duplicate_events"]["windows"]["fair"] = series
        return shown

    Engine.fold = counting  # type: ignore[method-assign]
    View.report = of_this_process  # type: ignore[method-assign]


def no_look_at_logs() -> None:
    no_stop()
    lag = Reading.lag

    def clipped(self: Reading, tp: TP) -> int | None:
        found = lag(self, tp)
        return None if found is None else max(0, found)

    Reading.lag = clipped  # type: ignore[method-assign]


def no_stop() -> None:
    shorter: set[str] = set()
    lag, hold, ask = Reading.lag, Watching.hold, Watching._ask

    async def only_noted(self: Watching, active: Any, *, recovering: bool) -> list[Any]:
        shorter.update(fault.place for fault in await ask(self, active, recovering=recovering) or ())
        self._checks.checked([], {})
        return []

    def noted(self: Watching, tp: TP, *, reconnected: bool) -> None:
        if reconnected:
            hold(self, tp, reconnected=True)
        else:
            shorter.add(place_text((tp.topic, tp.partition)))

    def below_zero(self: Reading, tp: TP) -> int | None:
        return -1 if place_text((tp.topic, tp.partition)) in shorter else lag(self, tp)

    Watching._ask = only_noted  # type: ignore[method-assign]
    Watching.hold = noted  # type: ignore[method-assign]
    Reading.lag = below_zero  # type: ignore[method-assign]


BUGS = {
    bug.__name__: bug
    for bug in (no_dedupe, dedupe_by_id_only, commit_before_apply, counters_instead_of_state, no_look_at_logs, no_stop)
}
