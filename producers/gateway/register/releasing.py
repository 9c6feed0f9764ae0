"""Releases events that waited for a registration.

An event whose badge the register lacks is acknowledged and lies in fair.unresolved, under the hash of the badge's code.
All gateways of a fair are one consumer group there, so each event is watched by one of them. It remembers which badges
its partitions wait for, and asks the register about them in turn. When the register has one:

1. the event is read again, and written to its topic: with its own id, and with the person as its key, so that it lies
   where the person's other events do;
2. when Kafka has it, the mark `Released` is written behind the waiting event, under the same key;
3. when Kafka has that, the event is forgotten, and the group's offset moves to the first event that still waits.

A gateway that is killed or loses a partition in between changes nothing: before 1 the event waits, after 2 it does
not, and between the two its next owner finds it without a mark and releases it once more. The workers know both by
terminal and id as one event, as they know a post that was repeated. So no step is ever undone, and an event that was
acknowledged is never lost: the group's offset never passes one without a mark.

If the person of a badge was erased, nobody ever gets its code. Its events go the same way, as dead letters.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from producers.badges.book import Book
from producers.gateway.events.resolving import is_decided
from producers.gateway.register.log import UnresolvedLog
from producers.gateway.register.release import Release, release_of
from producers.gateway.register.waiting import WaitingEvents
from producers.gateway.supervisor import NotStored
from producers.records import RawRecord
from schemas.errors import FairpulseError, InvalidEvent
from schemas.ids import FairId
from schemas.logs import logger
from schemas.settings import KafkaSettings
from schemas.topics import place_text

log = logger(__name__)

Deliver = Callable[[Sequence[RawRecord]], Awaitable[None]]

ASKED: Final = 5_000
"""Badges of which the register is asked at once, about 3 ms: with 200,000 waiting, each is asked every 8 s."""
RELEASED: Final = 5_000
"""Most events that are released between two looks at what is new."""
AT_ONCE: Final = 500
"""Most events that are read and released together."""
COMMIT_S: Final = 5.0
"""Pause between two commits. A new owner of a partition reads what came since the first waiting event, or since the
last commit."""
LOOK_S: Final = 60.0
"""Pause between two looks at what was forgotten because too much waits."""
PAUSE_S: Final = 1.0
"""Pause after Kafka did not take or give something."""


class Releases:
    """Watches the waiting events of this gateway's partitions, and releases them.

    Args:
        kafka: where the brokers are, and who we are.
        fair_id: the fair.
        book: the register; it grows.
        is_ready: whether the book was read to its end.
        deliver: returns when Kafka has some records, or raises NotStored.
        clock: the server's.
        released: called with how many events were released.
        refused: called with how many were refused, because their person was erased.

    Attributes:
        waiting: the events.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        fair_id: FairId,
        book: Book,
        is_ready: Callable[[], bool],
        deliver: Deliver,
        clock: Callable[[], datetime],
        released: Callable[[int], None] = lambda _: None,
        refused: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._kafka, self._fair_id, self._book = kafka, fair_id, book
        self._is_ready, self._deliver, self._clock = is_ready, deliver, clock
        self._released, self._refused = released, refused
        self.waiting = WaitingEvents()
        self._committed: dict[int, int] = {}
        self._unreadable: set[tuple[int, int]] = set()
        self._told = ""
        self._is_crowded = False

    async def watch(self) -> None:
        """Watch and release, for ever; Kafka may go away and come back."""
        while True:
            try:
                unresolved = UnresolvedLog(self._kafka, self._fair_id, self._given)
            except FairpulseError as error:  # the password is read each time, and its file may be gone
                self._tell(error)
                await asyncio.sleep(PAUSE_S)
                continue
            try:
                await unresolved.start()
                await self._follow(unresolved)
            except (KafkaError, OSError, TimeoutError) as error:
                self._tell(error)
            except Exception as error:  # else nothing would ever be released again, and nobody would say why
                if str(error) != self._told:
                    log.exception("waiting events cannot be watched because of a bug", error=error)
                self._told = str(error)
            finally:
                await unresolved.close()
                self._given(())
            await asyncio.sleep(PAUSE_S)

    async def _follow(self, unresolved: UnresolvedLog) -> None:
        loop = asyncio.get_running_loop()
        committed_s = looked_s = loop.time()
        while True:
            for record in await unresolved.take():
                self.waiting.take(record.partition, record.offset, record.key, record.value)
            if self._is_ready():
                await self._release_due(unresolved)
            self._make_room()
            if loop.time() - looked_s >= LOOK_S:
                looked_s = loop.time()
                self._look_again(unresolved)
            if loop.time() - committed_s >= COMMIT_S:
                committed_s, self._told = loop.time(), ""
                begins = self.waiting.begins()
                if begins != self._committed:
                    await unresolved.commit(begins)
                    self._committed = begins

    async def _release_due(self, unresolved: UnresolvedLog) -> None:
        """Release the events of those badges, of the next ones in turn, of which the register can say something now."""
        due: dict[int, list[int]] = {}
        left = RELEASED
        for partition, badge in self.waiting.ask(ASKED):
            if left > 0 and is_decided(badge.decode("ascii", "replace"), self._book):
                offsets = [
                    one for one in self.waiting.offsets(partition, badge) if (partition, one) not in self._unreadable
                ]
                due.setdefault(partition, []).extend(offsets[:left])
                left -= len(offsets)
        for partition, offsets in due.items():
            offsets.sort()  # so that a part of the log is read once for all that wait in it
            for begin in range(0, len(offsets), AT_ONCE):
                try:
                    await self._release(unresolved, partition, offsets[begin : begin + AT_ONCE])
                except NotStored:  # they wait on, and are released again; the supervisor tells why
                    await asyncio.sleep(PAUSE_S)
                    return

    async def _release(self, unresolved: UnresolvedLog, partition: int, offsets: Sequence[int]) -> None:
        """Release the events at some offsets. Raises NotStored: some may have been written, perhaps without a mark."""
        records = {record.offset: record for record in await unresolved.again(partition, offsets)}
        releases = {offset: self._release_of(record) for offset, record in records.items()}
        good = {offset: one for offset, one in releases.items() if one is not None}
        if good:
            await self._deliver([one.event for one in good.values()])
            await self._deliver([one.mark for one in good.values()])
        for offset in offsets:
            if offset in good or offset not in records:  # somebody has deleted the latter
                self.waiting.drop(partition, offset)
        refused = sum(one.is_refused for one in good.values())
        self._refused(refused)
        self._released(len(good) - refused)

    def _release_of(self, record: ConsumerRecord) -> Release | None:
        try:
            return release_of(record.key, record.value, record.headers, self._book, self._clock())
        except InvalidEvent as error:  # it waits for a gateway that can read it
            self._unreadable.add((record.partition, record.offset))
            where = place_text((record.topic, record.partition))
            log.warning("a waiting event cannot be released", place=where, offset=record.offset, error=error)
            return None

    def _given(self, partitions: Iterable[int]) -> None:
        self.waiting.begin(partitions)
        self._committed = {}
        self._unreadable.clear()

    def _make_room(self) -> None:
        """Forget the events that wait the longest while there are too many to remember; they are read again later."""
        if self.waiting.make_room() and not self._is_crowded:
            self._is_crowded = True
            log.warning(
                "too many events wait for a registration; those that wait the longest are released later",
                waiting=len(self.waiting),
                remedy="import the badges that are missing: `fairpulse badges import FILE`",
            )

    def _look_again(self, unresolved: UnresolvedLog) -> None:
        """Read again what was forgotten for lack of room."""
        again = self.waiting.read_again()
        self._is_crowded = bool(again)
        unresolved.go_to(again)

    def _tell(self, error: Exception) -> None:
        """Log why there is no connection, unless that was told last."""
        if str(error) != self._told:
            log.warning("waiting events cannot be watched; it is tried again", error=error)
        self._told = str(error)
