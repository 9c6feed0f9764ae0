"""Reads the register of badges from Kafka into a book, and keeps the book up to date."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from producers.badges.book import Book
from producers.badges.reading import LogCut, RegisterReader
from schemas.badges.reading import is_pseudonym
from schemas.badges.register import ORIGIN_KEY, Origin, Spent, decode_codes
from schemas.errors import FairpulseError, InvalidEvent, Unavailable
from schemas.events import BadgeRegistered
from schemas.ids import FairId
from schemas.logs import logger
from schemas.settings import KafkaSettings
from schemas.topics import BADGE_CODES, BADGES
from schemas.wire import decoder

log = logger(__name__)

PAUSE_S: Final = 1.0
"""Before the next try when Kafka did not answer, and between two looks at where the logs end."""
REACH_S: Final = 8.0
"""How long the book may take to hold what is in the topics."""
LOOK_S: Final = 0.02
"""Pause between two looks at how far the book is."""
WAIT_S: Final = 0.2
"""How long to wait for a record: a registration is known that soon."""

TellTrouble = Callable[[FairpulseError], None]
TellProgress = Callable[[int, int], None]
"""Told how many offsets were read, of how many."""

_decode_badge: Final = decoder(BADGES.name)


def _log(error: FairpulseError) -> None:
    log.warning("the register of badges cannot be followed as it should", error=error)


class BadgeFollower:
    """Keeps a book up to date. It needs no consumer group, so each process has a whole book of its own.

    Args:
        kafka: where the topics are.
        fair_id: registrations of other fairs are skipped.
        book: what is kept up to date; by default an empty one.
        told: called with each new trouble, which does not end the following.

    Attributes:
        ready: whether the book has held all that was in the topics, at least once.
        behind: offsets that are not read yet, by the last look; None before the first one.
        skipped: records that are neither a registration of the fair nor a record of codes.
    """

    def __init__(
        self, kafka: KafkaSettings, fair_id: FairId, book: Book | None = None, *, told: TellTrouble = _log
    ) -> None:
        self.book = Book() if book is None else book
        self.ready = False
        self.behind: int | None = None
        self.skipped = 0
        self._kafka, self._fair_id, self._told = kafka, fair_id, told
        self._reader: RegisterReader | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._taken: dict[TopicPartition, int] = {}  # as the positions, once their records are in the book
        self._fresh_s = float("-inf")

    @property
    def read(self) -> int:
        """How many offsets of the topics are in the book, added up."""
        return sum(self._taken.values())

    @property
    def age_s(self) -> float:
        """Seconds since the book was known to hold all that is in the topics; infinite if it never was."""
        return monotonic() - self._fresh_s

    async def catch_up(self, progress: TellProgress = lambda _done, _all: None) -> Book:
        """Take all that the topics hold now, and return the book.

        Raises:
            Unavailable: Kafka does not answer, or a topic is missing or denied. The next call begins where this ended.
        """
        try:
            reader = await self._connected()
            ends = await reader.ends()
            begins = dict(self._positions)
            everything = sum(end - begins[place] for place, end in ends.items())
            while (left := self._left(ends)) > 0:
                await self._take(reader, WAIT_S)
                progress(everything - left, everything)
        except BaseException:
            await self.close()
            raise
        self._note(0)
        return self.book

    async def reach_end(self) -> None:
        """Return when the book holds all that the topics hold now; it is followed meanwhile.

        Raises:
            Unavailable: Kafka does not answer, or the book is not there in time.
        """
        if self._reader is None:
            raise _not_there()
        ends = await self._reader.ends()
        try:
            async with asyncio.timeout(REACH_S):
                while any(self._taken.get(one, 0) < end for one, end in ends.items()):  # noqa: ASYNC110 - seldom
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise _not_there() from None

    async def follow(self) -> None:
        """Keep the book up to date, for ever; Kafka may go away and come back."""
        trouble = ""
        while True:
            try:
                await self.catch_up()
                trouble = ""
                await self._follow()
            except FairpulseError as error:
                if str(error) != trouble and not isinstance(error, LogCut):  # the new connection tells that
                    self._told(error)
                trouble = str(error)
                await self.close()
                await asyncio.sleep(PAUSE_S)

    async def close(self) -> None:
        """Let go of the connection. The book stays, and so does the place up to which it was read."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def _follow(self) -> None:
        """Take what comes. Raises Unavailable when that does not go on."""
        reader, looked_s = await self._connected(), monotonic()
        while True:
            await self._take(reader, WAIT_S)
            if monotonic() - looked_s >= PAUSE_S:
                looked_s = monotonic()
                self._note(self._left(await reader.ends()))

    async def _connected(self) -> RegisterReader:
        if self._reader is None:
            self._reader = RegisterReader(self._kafka, (BADGES, BADGE_CODES))
            anew = await self._reader.start(self._positions)
            self._positions = self._reader.positions
            if anew:
                self._told(LogCut(anew[0]))
        return self._reader

    async def _take(self, reader: RegisterReader, wait_s: float) -> None:
        for record in await reader.take(wait_s):
            self._take_one(record)
        self._taken = dict(reader.positions)
        await asyncio.sleep(0)  # records that are here already come without a pause for others

    def _take_one(self, record: ConsumerRecord) -> None:
        try:
            if record.topic == BADGES.name:
                event = _decode_badge(record.value)
                assert isinstance(event, BadgeRegistered)
                if event.fair_id == self._fair_id:
                    self.book.take_badge(event)
                    return
                self.book.foreign += 1
            elif self._take_codes((record.key or b"").decode("ascii", "replace"), record.value):
                return
        except InvalidEvent:
            pass
        self.skipped += 1

    def _take_codes(self, key: str, value: bytes | None) -> bool:
        """Take a record of the topic fair.badge-codes; return whether it is one. Raises InvalidEvent: it is not."""
        said = None if value is None else decode_codes(value)
        if key == ORIGIN_KEY:
            if isinstance(said, Origin):
                self.book.origin = said
            return isinstance(said, Origin)
        if not is_pseudonym(key) or isinstance(said, Origin):
            return False
        if isinstance(said, Spent):
            self.book.take_spent(key)
        else:
            self.book.take_codes(key, said)
        return True

    def _left(self, ends: dict[TopicPartition, int]) -> int:
        return sum(max(0, end - self._positions[place]) for place, end in ends.items())

    def _note(self, behind: int) -> None:
        self.behind = behind
        if not behind:
            self.ready, self._fresh_s = True, monotonic()


def _not_there() -> Unavailable:
    return Unavailable("the register of badges was not read to its end", hint="try again; see whether Kafka answers")


async def read_book(kafka: KafkaSettings, fair_id: FairId, progress: TellProgress = lambda _done, _all: None) -> Book:
    """Return the whole register as it is now, over a connection of its own. Raises as `BadgeFollower.catch_up`."""
    follower = BadgeFollower(kafka, fair_id)
    try:
        return await follower.catch_up(progress)
    finally:
        await follower.close()
