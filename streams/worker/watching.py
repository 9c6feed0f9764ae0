"""Checks all that a worker assumes about Kafka, before events flow and every ten seconds while they do.

A state is right only for the logs that it was read from, in topics as they were declared. Anybody may delete a topic,
add partitions or change a setting; a power cut may take the end of a log. Nothing of it raises an error in a client.
So a task of its own, with connections of its own, looks again and again, and disturbs nobody. If Kafka does not
answer, only the age of the last look shows it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Final, NoReturn

from aiokafka.errors import IllegalStateError
from faust.types import TP

from schemas.cures import FOLD_ANEW
from schemas.errors import MustStop
from schemas.logs import logger
from schemas.settings import KafkaSettings
from schemas.topic_findings import TopicFinding
from schemas.topics import EVENT_TOPICS, RECORDED_TOPICS, PartitionPlace, Topic, place_text
from schemas.witness import Witness
from streams.fold.journal import PartitionJournal
from streams.kafka.judgement import judged
from streams.kafka.logs import Extent, LogReader, log_reader
from streams.kafka.looks import TopicLook, topic_look
from streams.shown.checks import Checks
from streams.worker.assumptions import StateFault, faults_of_logs, faults_of_topics
from streams.worker.chunks import Chunk
from streams.worker.failstop import leave
from streams.worker.store import States

log = logger(__name__)

LOOK_S: Final = 10.0
"""Pause between two looks."""
AGAIN_S: Final = 1.0
"""Pause before a second look, without which nothing is believed that would end the process; and after a failed one."""
STANDS_S: Final = 30.0
"""How long a partition may stand still, although Kafka has events of it, until it is read again."""
WITHIN_S: Final = 20.0
"""How long one look may take."""


class Watching:
    """Looks at topics and logs, and draws the consequences.

    Args:
        kafka: how to reach it.
        fair_id: of the workers' fair.
        journal: the topic of the workers' journal.
        states: the states whose logs are looked at.
        checks: told what was found.
        read_from: makes the consumer read an event partition from an offset on.
        lag: returns how many offsets of each event partition are not in its state yet; nothing while partitions move.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        fair_id: str,
        journal: Topic,
        states: States,
        checks: Checks,
        read_from: Callable[[TP, int], Awaitable[None]],
        lag: Callable[[], Mapping[PartitionPlace, int]],
    ) -> None:
        self._kafka = kafka
        self._fair_id = fair_id
        self._journal = journal
        self._states = states
        self._checks = checks
        self._read_from = read_from
        self._lag = lag
        self._stood: dict[PartitionPlace, tuple[int | None, float]] = {}
        self._open: frozenset[PartitionPlace] = frozenset()
        self._asked = asyncio.Event()
        self._held: set[TP] = set()
        self._has_ended = False
        self._one_at_a_time = asyncio.Lock()
        self._connections: AsyncExitStack | None = None
        self._clients: tuple[TopicLook, LogReader]

    async def run(self) -> None:
        """Look every ten seconds, or at once if a log seems to be another one; until the task is cancelled.

        A worker without partitions looks at the topics alone: it may get some at any time, and tells what is wrong.
        """
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._asked.wait()
                self._asked.clear()
                if not await self._look_and_act(self._states.active) and self._held:
                    await asyncio.sleep(AGAIN_S)
                    self._asked.set()
        finally:
            self._has_ended = True
            await self._close()

    def hold(self, tp: TP, *, reconnected: bool) -> None:
        """Note that an event partition is read no further until its log was looked at, and look at once.

        Args:
            tp: the partition.
            reconnected: its broker was gone for a moment; else its log does not have the offset that is read next.
        """
        if tp in self._held:
            return
        if reconnected:
            log.info(
                "looking at a log before it is read on: its broker was gone", topic=tp.topic, partition=tp.partition
            )
        else:
            log.warning("there is no record where events are read", topic=tp.topic, partition=tp.partition)
        self._held.add(tp)
        self._asked.set()

    async def before_events_flow(self, active: frozenset[int]) -> bool:
        """Look until Kafka answers; end the process if the states cannot go on. Read what is left of the journals.

        Returns whether the partitions may be folded; False if they have moved meanwhile.
        """
        turn = self._states.turn
        while self._states.turn == turn and not self._has_ended:
            if await self._look_and_act(active, recovering=True):
                return self._states.turn == turn
            await asyncio.sleep(AGAIN_S)
        return False

    async def _look_and_act(self, active: frozenset[int], *, recovering: bool = False) -> bool:
        """Look once, or twice if the process would end; return whether Kafka answered and nothing has moved."""
        turn = self._states.turn
        faults: list[StateFault] | None = []
        seen: set[str] = set()
        while faults is not None:
            held = set(self._held)  # what is held from here on waits for another look
            faults = await self._look(active, recovering=recovering)
            if faults is None or self._states.turn != turn:
                return False
            if not faults:
                await self._go_on(active, held)
                return True
            for fault in faults:
                if fault.place in seen:
                    await self._leave(fault)
            seen = {fault.place for fault in faults}
            await asyncio.sleep(AGAIN_S)
        return False

    async def _leave(self, fault: StateFault) -> NoReturn:
        cure = fault.cure
        if fault.finding is not None:
            [finding] = await judged(self._kafka, self._fair_id, [fault.finding])
            cure = finding.cure
        leave("topics or logs are not as they were", MustStop(fault.message, hint=cure))

    async def _look(self, active: frozenset[int], *, recovering: bool) -> list[StateFault] | None:
        """Return what cannot go on; None if Kafka does not answer, or partitions have moved."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(WITHIN_S):
                    return await self._ask(active, recovering=recovering)
            except MustStop:
                raise
            except Exception as error:  # noqa: BLE001 - no look ends a worker because the look itself failed
                self._checks.failed(error)
                await self._close()
                return None

    async def _ask(self, active: frozenset[int], *, recovering: bool) -> list[StateFault] | None:
        look_at_topics, logs = await self._connected()
        found = await look_at_topics()
        if faults := faults_of_topics(found):
            return faults
        journals = {number: self._states.journal(number) for number in active}
        witnesses = self._witnesses(journals)  # before the extents: what is read or written from now on lies beyond
        places = [*((topic.name, number) for topic in EVENT_TOPICS for number in active), *self._of_journals(active)]
        ends = extents = await logs.extents(places)
        if recovering and await self._read_the_rest(logs, journals, extents):
            if self._missing(journals, extents):
                return None  # that takes longer than a look may
            witnesses, ends = self._witnesses(journals), await logs.extents(places)
        faults = faults_of_logs(self._journal.name, journals, extents, recovering=recovering)
        if not faults:
            changed = await logs.changed(witnesses, ends)
            faults = [StateFault(place_text(one.place), one.message, FOLD_ANEW) for one in changed]
        if any(self._states.journals.get(number) is not journal for number, journal in journals.items()):
            return None
        self._told(found, extents)
        if recovering and not faults and any(extents[at].stable < extents[at].end for at in self._of_journals(active)):
            return None  # a foreign transaction is open in a journal: it may hide records of the chain
        return faults

    def _witnesses(self, journals: dict[int, PartitionJournal]) -> dict[PartitionPlace, tuple[Witness, ...]]:
        """Return the records by which the logs of the events and of the journals are recognised."""
        events = {
            (topic, number): kept
            for number, journal in journals.items()
            for topic, kept in journal.state.witnesses.items()
        }
        return events | {(self._journal.name, number): journal.witnesses for number, journal in journals.items()}

    async def _read_the_rest(
        self, logs: LogReader, journals: dict[int, PartitionJournal], extents: dict[PartitionPlace, Extent]
    ) -> bool:
        """Read what Faust has dropped of journals on the way, and still counted as read; return whether it has any.

        Of much, each call reads a part, so that a look that has to end in time has got further.
        """
        missing = self._missing(journals, extents)
        if not missing:
            return False
        log.info("reading the rest of the journal", partitions=sorted(number for _, number in missing))
        for place, (records, position) in (await logs.read(missing)).items():
            if (start := missing[place][0]) < position:
                self._states.apply(TP(*place), Chunk(start, [], records, position))
        return True

    def _missing(
        self, journals: dict[int, PartitionJournal], extents: dict[PartitionPlace, Extent]
    ) -> dict[PartitionPlace, tuple[int, int]]:
        """Return the offsets of journals that are not in the states yet, as `LogReader.read` takes them."""
        return {
            place: (journals[place[1]].next_offset, extents[place].stable)
            for place in self._of_journals(frozenset(journals))
            if extents[place].first <= journals[place[1]].next_offset < extents[place].stable
        }

    def _of_journals(self, active: frozenset[int]) -> list[PartitionPlace]:
        return [(self._journal.name, number) for number in active]

    def _told(self, found: list[TopicFinding], extents: dict[PartitionPlace, Extent]) -> None:
        waiting = {place: one.stable for place, one in extents.items() if one.stable < one.end}
        self._open = frozenset(waiting)
        self._checks.checked(found, waiting)

    async def _go_on(self, active: frozenset[int], held: set[TP]) -> None:
        """Read on in logs that were held before the look and are right, and where events were lost on their way."""
        turn = self._states.turn
        self._held -= {tp for tp in held if tp.partition in active or tp.partition not in self._states.active}
        standing = self._standing(active)
        for tp in standing:
            log.warning("events were fetched and did not arrive: reading on", topic=tp.topic, partition=tp.partition)
        for tp in [*(tp for tp in held if tp.partition in active), *standing]:
            if self._states.turn != turn:
                return  # all partitions are sought anew
            last = self._states.position_of(tp)
            with suppress(IllegalStateError):  # it has gone to another worker, and nobody has said so yet
                await self._read_from(tp, 0 if last is None else last + 1)

    def _standing(self, active: frozenset[int]) -> list[TP]:
        """Return the partitions of which Kafka has events, and none was folded for `STANDS_S`.

        The agent notices a lost chunk by the next one; behind the last events of an evening, none comes.
        """
        now, before = asyncio.get_running_loop().time(), self._stood
        self._stood = {}
        standing = []
        for place, lag in self._lag().items():
            if lag <= 0 or place[1] not in active or place in self._open:
                continue
            last = self._states.position_of(TP(*place))
            was, since = before.get(place, (last, now))
            if was == last and now - since >= STANDS_S:
                standing.append(TP(*place))
                since = now
            self._stood[place] = last, since if was == last else now
        return standing

    async def _connected(self) -> tuple[TopicLook, LogReader]:
        if self._connections is None:
            connections = AsyncExitStack()
            topics = (*RECORDED_TOPICS, self._journal)
            try:
                self._clients = (
                    await connections.enter_async_context(topic_look(self._kafka, topics, counts_at_least=True)),
                    await connections.enter_async_context(log_reader(self._kafka)),
                )
            except BaseException:
                await connections.aclose()
                raise
            self._connections = connections
        return self._clients

    async def _close(self) -> None:
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.aclose()
